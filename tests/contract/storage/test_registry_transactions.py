"""Contract of the registry: what a transaction is."""

from __future__ import annotations

from threading import Thread

import pytest

from conventions.agreements import FactKind
from conventions.errors import NotFound
from conventions.ports.registry import Registry
from tests.contract.storage.records import NOW, event, fact, row, seed_agreement


class Stopped(Exception):
    pass


def test_everything_commits_together(registry: Registry) -> None:
    with registry.write() as tx:
        reference = seed_agreement(tx)
        tx.add_fact(reference, fact())
        tx.add_event(event("one", reference))
        tx.enqueue(row("1"))

    with registry.read() as tx:
        assert len(tx.agreement(reference).facts) == len(tx.events()) == len(tx.outgoing_of(reference)) == 1


def test_an_error_rolls_everything_back(registry: Registry) -> None:
    with registry.write() as tx:
        reference = seed_agreement(tx)

    with pytest.raises(Stopped), registry.write() as tx:  # noqa: PT012 what was recorded before the error is the test
        tx.add_fact(reference, fact(FactKind.DECLINED, reason="budget"))
        tx.add_event(event("one", reference, name="Maëlle"))
        tx.enqueue(row("1"))
        tx.claim("work", "one", NOW, NOW)
        tx.next_reference(2026)
        raise Stopped

    assert registry.sequence_events() == 0
    with registry.write() as tx:
        assert tx.agreement(reference).facts == ()
        assert tx.events() == []
        assert tx.outgoing_of(reference) == []
        assert tx.claim("work", "one", NOW, NOW) == 1


def test_our_own_refusals_roll_back_too_unless_they_are_caught(registry: Registry) -> None:
    with registry.write() as tx:
        reference = seed_agreement(tx)

    with pytest.raises(NotFound), registry.write() as tx:  # noqa: PT012 what was recorded before the error is the test
        tx.add_fact(reference, fact())
        tx.member("none")
    with registry.read() as tx:
        assert tx.agreement(reference).facts == ()


def test_transactions_do_not_nest(registry: Registry) -> None:
    with registry.write(), pytest.raises(RuntimeError, match="nest"), registry.read():
        pass
    with registry.read(), pytest.raises(RuntimeError, match="nest"), registry.write():
        pass
    with registry.read(), pytest.raises(RuntimeError, match="nest"):
        registry.sequence_events()
    with registry.write():
        pass


def test_a_reading_transaction_neither_writes_nor_locks(registry: Registry) -> None:
    with registry.write() as tx:
        reference = seed_agreement(tx)

    with registry.read() as tx:
        for forbidden in (
            lambda: tx.add_fact(reference, fact()),
            lambda: tx.agreement(reference, lock=True),
            lambda: tx.next_reference(2026),
            lambda: tx.claim("work", "one", NOW, NOW),
            lambda: tx.add_event(event("one")),
        ):
            with pytest.raises(RuntimeError, match="only reads"):
                forbidden()


def test_a_reader_sees_one_state_while_others_write(registry: Registry) -> None:
    with registry.write() as tx:
        reference = seed_agreement(tx)

    def write() -> None:
        with registry.write() as tx:
            tx.add_fact(reference, fact())

    with registry.read() as tx:
        before = tx.agreement(reference)
        writer = Thread(target=write)
        writer.start()
        writer.join()
        assert tx.agreement(reference) == before
    with registry.read() as tx:
        assert len(tx.agreement(reference).facts) == 1
