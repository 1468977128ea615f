from __future__ import annotations

import pytest

from contreseing.guarding import IoInsideTransactionError, guarded


class Registry:
    def __init__(self) -> None:
        self.in_transaction = False


class Store:
    limit = 3

    def put(self, data: bytes, *, times: int = 1) -> bytes:
        return data * times


def test_a_guarded_port_works_outside_a_transaction() -> None:
    store = guarded(Store(), Registry())
    assert store.put(b"x", times=2) == b"xx"
    assert store.limit == 3


def test_a_call_inside_a_transaction_is_a_fault_that_names_the_call() -> None:
    registry = Registry()
    store = guarded(Store(), registry)
    put = store.put
    registry.in_transaction = True
    with pytest.raises(IoInsideTransactionError, match=r"Store\.put"):
        put(b"x")
    assert store.limit == 3


def test_what_the_port_lacks_is_lacking() -> None:
    with pytest.raises(AttributeError):
        _ = guarded(Store(), Registry()).get  # type: ignore[attr-defined]
