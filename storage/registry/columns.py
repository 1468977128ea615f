"""Column types that hold the same values, in the same order, on SQLite and on PostgreSQL."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeDecorator, TypeEngine

from conventions.canonical import Json, render_canonical

T = TypeVar("T")

REMEMBERED_RECORDS = 2_048

Key = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
"""Identifiers: compared and sorted by code point on both, whatever the server's locale."""

Sequence = BigInteger().with_variant(Integer, "sqlite")
"""A row's number, given by the database; SQLite only numbers an INTEGER PRIMARY KEY."""

Bytes = LargeBinary


class Instant(TypeDecorator[datetime]):
    """An aware instant, to the microsecond: ``timestamptz`` on PostgreSQL, sortable ISO 8601 text in UTC on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[datetime] | TypeEngine[str]:
        return Text() if dialect.name == "sqlite" else DateTime(timezone=True)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | str | None:
        if value is None:
            return None
        if value.tzinfo is None:
            msg = "an instant without a zone cannot be recorded"
            raise ValueError(msg)
        if dialect.name != "sqlite":
            return value
        return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 SQLAlchemy's signature
        return None if value is None else read_instant(value)


class KeptInstant(Instant):
    """The same as it is kept, text on SQLite, for who reads it by itself (``read_instant``)."""

    cache_ok = True

    def process_result_value(self, value: datetime | str | None, dialect: Dialect) -> Any:  # noqa: ANN401, ARG002 SQLAlchemy's signature
        return value


def read_instant(kept: datetime | str) -> datetime:
    """Return an instant as it is kept in UTC."""
    instant = datetime.fromisoformat(kept) if isinstance(kept, str) else kept
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


class CanonicalJson(TypeDecorator[Json]):
    """A JSON value as canonical text: the bytes kept are those that a digest would cover."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Json, dialect: Dialect) -> str:  # noqa: ARG002 SQLAlchemy's signature
        return render_canonical(value).decode("utf-8")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Json:  # noqa: ARG002 SQLAlchemy's signature
        return json.loads(value) if value is not None else None


class Document(TypeDecorator[T]):
    """A whole dataclass as JSON text, read back through pydantic so that a record is never half of one.

    The same text gives the same object: records are frozen, and a programme or a member is read at each step.
    """

    impl = Text
    cache_ok = True

    def __init__(self, record: type[T]) -> None:
        super().__init__()
        self.record = record  # named as the argument: it is the type's key in SQLAlchemy's statement cache
        self._adapter: TypeAdapter[T] = TypeAdapter(record)
        self._read = lru_cache(REMEMBERED_RECORDS)(self._adapter.validate_json)

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:  # noqa: ARG002 SQLAlchemy's signature
        return None if value is None else self._adapter.dump_json(value).decode("utf-8")

    def process_result_value(self, value: str | None, dialect: Dialect) -> T | None:  # noqa: ARG002 SQLAlchemy's signature
        return None if value is None else self._read(value)
