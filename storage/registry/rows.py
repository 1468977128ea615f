"""What every part of a transaction does with its connection.

Statements are built once and run with parameters: SQLAlchemy then compiles each once a process, where building one a call
costs several times what SQLite takes to run it. Its dialects' own INSERT with ON CONFLICT is never cached, so those are text,
which reads the same on both databases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Column, Connection, Executable, Row, Table, TextClause, UpdateBase, bindparam, text, update
from sqlalchemy.exc import SQLAlchemyError

from conventions.errors import AlreadyRecorded, NotFound
from storage.registry.failures import converted

KEY = "k_"
"""Prefix of the parameters of a WHERE: a column's own name is kept for what is written in it."""


@cache
def insert_into(table: Table, then: str) -> TextClause:
    """Return the INSERT of one row, all columns but the database's own number given by name, followed by ``then``."""
    columns = [column for column in table.columns if not is_numbered(column)]
    names = ", ".join(f'"{column.name}"' for column in columns)
    values = ", ".join(f":{column.name}" for column in columns)
    statement = text(f"INSERT INTO {table.name} ({names}) VALUES ({values}) {then}")  # noqa: S608 names of our own tables
    return statement.bindparams(*(bindparam(column.name, type_=column.type) for column in columns))


def is_numbered(column: Column[Any]) -> bool:
    """Tell whether the database gives the column its value."""
    return column.primary_key and column.autoincrement is True


@cache
def update_one(key: Column[Any]) -> UpdateBase:
    """Return the UPDATE of the row with that key; the parameters name the columns to write."""
    return update(key.table).where(key == bindparam(KEY + key.name))


class Rows:
    """An open transaction's connection. Parts of ``SqlTransaction`` inherit from it."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        self._connection = connection
        self._writes = writes

    def _rows(self, statement: Executable, **parameters: object) -> Sequence[Row[Any]]:
        """Run a query."""
        try:
            return self._connection.execute(statement, parameters).all()
        except (SQLAlchemyError, UnicodeEncodeError) as error:
            raise converted(error) from error

    def _changed_rows(self, statement: Executable, **parameters: object) -> Sequence[Row[Any]]:
        """Run a change that returns rows."""
        self._check_writes()
        return self._rows(statement, **parameters)

    def _row(self, statement: Executable, what: str, key: str, **parameters: object) -> Row[Any]:
        """Run a query for one row.

        Raises:
            NotFound: there is none.
        """
        rows = self._rows(statement, **parameters)
        if not rows:
            raise NotFound(f"no {what} {key}")
        return rows[0]

    def _change(self, statement: Executable, parameters: Mapping[str, object] | Sequence[Mapping[str, object]]) -> int:
        """Run a change and return how many rows it touched."""
        self._check_writes()
        try:
            return self._connection.execute(statement, parameters).rowcount
        except (SQLAlchemyError, UnicodeEncodeError) as error:
            raise converted(error) from error

    def _add(self, table: Table, key: str, columns: Mapping[str, object]) -> None:
        """Insert a row; a taken key leaves the transaction usable.

        Raises:
            AlreadyRecorded: some unique key of the table is taken.
        """
        if self._change(insert_into(table, "ON CONFLICT DO NOTHING"), columns) == 0:
            raise AlreadyRecorded(f"{table.name}: {key} stands already")

    def _add_all(self, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
        """Insert rows in one exchange with the database.

        Raises:
            AlreadyRecorded: some unique key of one is taken; the transaction has to end.
        """
        if rows and self._change(insert_into(table, "ON CONFLICT DO NOTHING"), rows) != len(rows):
            raise AlreadyRecorded(f"{table.name}: one of {len(rows)} stands already")

    def _update(self, key: Column[Any], value: str, columns: Mapping[str, object]) -> None:
        """Write columns of one row.

        Raises:
            NotFound: there is none.
            AlreadyRecorded: another row has what must be unique; the transaction has to end.
        """
        if self._change(update_one(key), {KEY + key.name: value, **columns}) == 0:
            raise NotFound(f"{key.table.description}: no {value}")

    def _check_writes(self) -> None:
        if not self._writes:
            msg = "this transaction only reads"
            raise RuntimeError(msg)

    def _check_lock(self, *, lock: bool) -> None:
        if lock:
            self._check_writes()
