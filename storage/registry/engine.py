"""Engines: one for SQLite in WAL mode, one for PostgreSQL, behind the same two kinds of connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from conventions.errors import ConfigurationError
from storage.registry.failures import converted

WAIT_FOR_LOCK_S = 10
STATEMENT_TIMEOUT_S = 60
CONNECT_TIMEOUT_S = 5
POOL_SIZE = 10
POOL_OVERFLOW = 20
WRITES = "contreseing_writes"


def parse_database_url(text: str) -> URL:
    """Read the address of a database: ``sqlite:///<file>`` or ``postgresql://…``, which psycopg 3 then serves.

    Raises:
        ConfigurationError: another database, or SQLite without a file.
    """
    try:
        url = make_url(text)
    except ArgumentError as error:
        raise ConfigurationError("the database's address cannot be read", code="registry.url") from error
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite":
        raise ConfigurationError(f"no such kind of database here: {url.get_backend_name()}", code="registry.url")
    if not url.database or url.database == ":memory:":
        raise ConfigurationError("SQLite needs a file: several processes share it", code="registry.url")
    return url


def open_engine(text: str, wait_for_lock_s: float = WAIT_FOR_LOCK_S) -> Engine:
    """Build the engine for an address; nothing is connected yet. Parameters never show in its errors.

    Raises:
        ConfigurationError: see ``parse_database_url``.
    """
    url = parse_database_url(text)
    if url.get_backend_name() == "sqlite":
        engine = create_engine(url, hide_parameters=True, pool_size=POOL_SIZE, max_overflow=POOL_OVERFLOW, pool_timeout=wait_for_lock_s)
        event.listen(engine, "connect", partial(_prepare_sqlite, round(wait_for_lock_s * 1000)))
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    limits = {"lock_timeout": round(wait_for_lock_s * 1000), "statement_timeout": STATEMENT_TIMEOUT_S * 1000, "timezone": "UTC"}
    options = {"connect_timeout": CONNECT_TIMEOUT_S, "options": " ".join(f"-c {name}={value}" for name, value in limits.items())}
    return create_engine(
        url,
        hide_parameters=True,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=wait_for_lock_s,
        pool_pre_ping=True,
        connect_args=options,
    )


def _prepare_sqlite(wait_for_lock_ms: int, connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself: see _begin_sqlite
    for pragma in (
        f"busy_timeout = {wait_for_lock_ms}",
        "journal_mode = WAL",
        "synchronous = FULL",  # a commit that was told to a signer survives a power cut
        "foreign_keys = ON",
        "recursive_triggers = ON",  # REPLACE then meets the triggers of append-only tables
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    """Take the write lock at the start: a transaction that begins by reading could not be promoted once another wrote."""
    connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get(WRITES) else "BEGIN")


def writing(engine: Engine) -> Engine:
    """Return the engine's view whose transactions write (READ COMMITTED with row locks on PostgreSQL)."""
    return engine.execution_options(**{WRITES: True, "preserve_rowcount": True})


def reading(engine: Engine) -> Engine:
    """Return the engine's view whose transactions read one snapshot."""
    if engine.dialect.name == "sqlite":
        return engine
    options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    return engine.execution_options(**options)


@contextmanager
def transaction(engine: Engine) -> Iterator[Connection]:
    """Open a transaction that commits on a clean exit and is rolled back by any error.

    Raises:
        UpstreamUnavailable: the database cannot be reached, or the commit got no answer.
    """
    try:
        connection = engine.connect()
    except SQLAlchemyError as error:
        raise converted(error) from error
    try:
        try:
            begun = connection.begin()
        except SQLAlchemyError as error:
            raise converted(error) from error
        yield connection
        try:
            begun.commit()
        except SQLAlchemyError as error:
            raise converted(error) from error
    finally:
        connection.close()
