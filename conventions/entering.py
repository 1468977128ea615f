"""Enter many records in a registry that is being made again: together where all are well, each by itself where one is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from conventions.errors import ContreseingError
from conventions.ports.registry import Registry, Transaction

T = TypeVar("T")


def enter_all(into: Registry, records: Sequence[T], add: Callable[[Transaction, T], None]) -> dict[int, str]:
    """Add the records; return the code of each that the registry refuses, by its rank. What it refuses leaves the others alone.

    Raises:
        UpstreamUnavailable: the registry does not answer.
    """
    if not _refused(into, records, add):
        return {}
    return {rank: code for rank, record in enumerate(records) if (code := _refused(into, [record], add))}


def _refused(into: Registry, records: Sequence[T], add: Callable[[Transaction, T], None]) -> str:
    try:
        with into.write() as tx:
            for record in records:
                add(tx, record)
    except ContreseingError as error:
        if error.retryable:
            raise
        return error.code
    return ""
