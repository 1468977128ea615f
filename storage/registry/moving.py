"""Copy a whole registry into another database, SQLite or PostgreSQL, and compare the two; a copy that was cut goes on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Row, Select, Table, TextClause, bindparam, func, select, text, tuple_, type_coerce
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.types import Text

from conventions.errors import EvidenceBroken
from storage.registry.columns import CanonicalJson, Document
from storage.registry.engine import open_engine, reading, transaction, writing
from storage.registry.failures import converted
from storage.registry.rows import is_numbered
from storage.registry.tables import metadata, unsequenced_events

ROWS_AT_ONCE = 500
QUEUE = unsequenced_events.name
"""Filled by a trigger as events are copied, then emptied of those that have a leaf: it is never copied."""


def copy_registry(source_url: str, target_url: str) -> Mapping[str, int]:
    """Copy every row; return how many were copied now, by table. Nothing may write to either meanwhile.

    The target has the schema (``ensure_schema``) and is empty, or holds the beginning of this very copy, cut by a crash.

    Raises:
        EvidenceBroken: both do not hold the same in the end.
        UpstreamUnavailable: a database does not answer; what was copied stays, and the same call goes on from there.
    """
    source, target = open_engine(source_url), open_engine(target_url)
    try:
        copied = {}
        with transaction(reading(source)) as from_source:
            for table in _copied_tables():
                with transaction(reading(target)) as in_target:
                    after = _last_key(in_target, table)
                copied[table.name] = 0
                for rows in _batches(from_source, table, after):
                    with transaction(writing(target)) as into_target:
                        _execute(into_target, _insertion(table), [dict(row._mapping) for row in rows])  # noqa: SLF001 the public name of a row's mapping
                    copied[table.name] += len(rows)
        with transaction(writing(target)) as into_target:
            _execute(into_target, text("DELETE FROM unsequenced_events WHERE event_number IN (SELECT event_number FROM leaves)"))
            if target.dialect.name == "postgresql":
                _go_on_numbering(into_target)
    finally:
        source.dispose()
        target.dispose()
    different = compare_registries(source_url, target_url)
    if different:
        raise EvidenceBroken(f"the copy differs in {', '.join(different)}")
    return copied


def compare_registries(one_url: str, other_url: str) -> Sequence[str]:
    """Name the tables that do not hold the same rows in both.

    Raises:
        UpstreamUnavailable.
    """
    digests = [dict(_table_digests(url)) for url in (one_url, other_url)]
    return [name for name in digests[0] if digests[0][name] != digests[1][name]]


def _copied_tables() -> Sequence[Table]:
    return [table for table in metadata.sorted_tables if table.name != QUEUE]


def _key(table: Table) -> Sequence[Column[Any]]:
    return list(table.primary_key.columns)


def _columns(table: Table) -> Sequence[Any]:
    """Select documents and JSON as the text that they are: what is copied is copied to the byte."""
    return [type_coerce(c, Text).label(c.name) if isinstance(c.type, Document | CanonicalJson) else c for c in table.columns]


def _all_rows(table: Table) -> Select[Any]:
    return select(*_columns(table)).order_by(*_key(table))


def _insertion(table: Table) -> TextClause:
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    values = ", ".join(f":{column.name}" for column in table.columns)
    kinds = {c.name: Text() if isinstance(c.type, Document | CanonicalJson) else c.type for c in table.columns}
    statement = text(f"INSERT INTO {table.name} ({names}) VALUES ({values})")  # noqa: S608 names of our own tables
    return statement.bindparams(*(bindparam(name, type_=kind) for name, kind in kinds.items()))


def _last_key(connection: Connection, table: Table) -> Row[Any] | None:
    key = _key(table)
    rows = _execute(connection, select(*key).order_by(*(column.desc() for column in key)).limit(1))
    return rows[0] if rows else None


def _batches(connection: Connection, table: Table, after: Row[Any] | None) -> Iterator[Sequence[Row[Any]]]:
    key = _key(table)
    last = None if after is None else tuple(after)
    while True:
        query = _all_rows(table).limit(ROWS_AT_ONCE)
        rows = _execute(connection, query if last is None else query.where(tuple_(*key) > last))
        if not rows:
            return
        yield rows
        last = tuple(getattr(rows[-1], column.name) for column in key)


def _go_on_numbering(connection: Connection) -> None:
    """PostgreSQL numbers rows from sequences, which know nothing of rows that came with their number."""
    for table in _copied_tables():
        for column in filter(is_numbered, table.columns):
            last = select(func.coalesce(func.max(column), 0) + 1).scalar_subquery()
            _execute(connection, select(func.setval(func.pg_get_serial_sequence(table.name, column.name), last, False)))


def _table_digests(url: str) -> Iterator[tuple[str, str]]:
    engine = open_engine(url)
    try:
        with transaction(reading(engine)) as connection:
            for table in metadata.sorted_tables:
                digest = hashlib.sha256()
                for rows in _batches(connection, table, None):
                    for row in rows:
                        digest.update(json.dumps([_plain(value) for value in row]).encode())
                yield table.name, digest.hexdigest()
    finally:
        engine.dispose()


def _plain(value: object) -> object:
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    return value.isoformat() if isinstance(value, datetime) else value


def _execute(connection: Connection, statement: Any, parameters: Sequence[Mapping[str, object]] | None = None) -> Sequence[Row[Any]]:  # noqa: ANN401
    try:
        result = connection.execute(statement, parameters)
        return result.all() if result.returns_rows else []
    except (SQLAlchemyError, UnicodeEncodeError) as error:
        raise converted(error) from error
