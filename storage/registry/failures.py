"""Database errors to ours. The words of the database stay in the chained error: they may quote values."""

from __future__ import annotations

import sqlite3

import psycopg.errors
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
    StatementError,
)
from sqlalchemy.exc import (
    TimeoutError as PoolTimeout,
)

from conventions.errors import AlreadyRecorded, ContreseingError, InputRefused, NotFound, RuleRefused, UpstreamUnavailable

_SQLITE_UNIQUE = frozenset({"SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"})


def converted(error: SQLAlchemyError | UnicodeEncodeError) -> Exception:
    """Return our error for a database's; a value that our own column types refuse (``ValueError``, ``TypeError``) as it is.

    A unique violation is ``AlreadyRecorded``, a missing parent row ``NotFound``, a refused change of an append-only table
    ``RuleRefused``, text that the database cannot hold ``InputRefused``; no answer, a lock that did not come and a deadlock
    are ``UpstreamUnavailable``. Anything else is a fault of this program and not retryable.
    """
    if isinstance(error, IntegrityError):
        return _broken_constraint(error)
    if isinstance(error, UnicodeEncodeError) or (isinstance(error, StatementError) and isinstance(error.orig, UnicodeEncodeError)):
        return InputRefused("the database cannot hold this text", code="registry.value")
    if isinstance(error, StatementError) and not isinstance(error, DBAPIError) and isinstance(error.orig, ValueError | TypeError):
        return error.orig
    if isinstance(error, DataError):
        return InputRefused("the database cannot hold this text or number", code="registry.value")
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout) or (
        isinstance(error, DBAPIError) and error.connection_invalidated
    ):
        return UpstreamUnavailable("the database does not answer", code="registry.unavailable")
    return ContreseingError("the database refused a statement of this program", code="registry.internal")


def _broken_constraint(error: IntegrityError) -> ContreseingError:
    origin = error.orig
    if isinstance(origin, sqlite3.Error):
        is_unique = origin.sqlite_errorname in _SQLITE_UNIQUE
        is_foreign = origin.sqlite_errorname == "SQLITE_CONSTRAINT_FOREIGNKEY"
    else:
        is_unique = isinstance(origin, psycopg.errors.UniqueViolation)
        is_foreign = isinstance(origin, psycopg.errors.ForeignKeyViolation)
    if is_unique:
        return AlreadyRecorded("another record has this key already")
    if is_foreign:
        return NotFound("the record refers to one that does not stand", code="registry.parent_missing")
    return RuleRefused("the database refuses this change", code="registry.constraint")
