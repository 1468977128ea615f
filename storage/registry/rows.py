"""What every part of a transaction does with its connection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Executable, Row, Table, UpdateBase
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from conventions.errors import AlreadyRecorded, NotFound
from storage.registry.failures import converted

Insert = postgresql.Insert | sqlite.Insert


class Rows:
    """An open transaction's connection. Parts of ``SqlTransaction`` inherit from it."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self._connection = connection
        self._writes = writes

    def _rows(self, statement: Executable) -> Sequence[Row[Any]]:
        """Run a query, or a change that returns rows."""
        if isinstance(statement, UpdateBase):
            self._check_writes()
        try:
            return self._connection.execute(statement).all()
        except (SQLAlchemyError, UnicodeEncodeError) as error:
            raise converted(error) from error

    def _row(self, statement: Executable, what: str, key: str) -> Row[Any]:
        """Run a query for one row.

        Raises:
            NotFound: there is none.
        """
        rows = self._rows(statement)
        if not rows:
            raise NotFound(f"no {what} {key}")
        return rows[0]

    def _change(self, statement: UpdateBase, values: Sequence[Mapping[str, object]] | None = None) -> int:
        """Run a change and return how many rows it touched."""
        self._check_writes()
        try:
            return self._connection.execute(statement, values).rowcount
        except (SQLAlchemyError, UnicodeEncodeError) as error:
            raise converted(error) from error

    def _insert(self, table: Table) -> Insert:
        """Begin an INSERT in the dialect at hand: both have ``on_conflict_do_nothing`` and ``on_conflict_do_update``."""
        return postgresql.insert(table) if self._connection.dialect.name == "postgresql" else sqlite.insert(table)

    def _add(self, table: Table, key: str, values: Mapping[str, object]) -> None:
        """Insert a row; a taken key leaves the transaction usable.

        Raises:
            AlreadyRecorded: some unique key of the table is taken.
        """
        if self._change(self._insert(table).values(**values).on_conflict_do_nothing()) == 0:
            raise AlreadyRecorded(f"{table.name}: {key} stands already")

    def _update(self, statement: UpdateBase, what: str, key: str) -> None:
        """Run an UPDATE of one row.

        Raises:
            NotFound: there is none.
        """
        if self._change(statement) == 0:
            raise NotFound(f"no {what} {key}")

    def _check_writes(self) -> None:
        if not self._writes:
            msg = "this transaction only reads"
            raise RuntimeError(msg)

    def _check_lock(self, *, lock: bool) -> None:
        if lock:
            self._check_writes()
