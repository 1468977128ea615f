"""Contract of the registry: claims and outbox, alone and under several threads."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from conventions.agreements import FactKind
from conventions.errors import AlreadyRecorded, Busy, NotFound
from conventions.outgoing import Outgoing, OutgoingState
from conventions.ports.registry import Registry
from tests.contract.storage.records import LATER, NOW, fact, row, seed_agreement
from tests.contract.storage.together import at_once

UNTIL = NOW + timedelta(minutes=2)


def test_a_claim_is_held_until_its_end(registry: Registry) -> None:
    with registry.write() as tx:
        fence = tx.claim("sign/2026-0001", "one", NOW, UNTIL)
    with registry.write() as tx, pytest.raises(Busy):
        tx.claim("sign/2026-0001", "two", UNTIL - timedelta(seconds=1), LATER)
    with registry.write() as tx:
        assert tx.claim("sign/2026-0001", "two", UNTIL, LATER) > fence
        assert tx.claim("sign/2026-0002", "two", NOW, LATER) >= 1


def test_the_same_holder_may_take_its_claim_again(registry: Registry) -> None:
    with registry.write() as tx:
        first = tx.claim("work", "one", NOW, UNTIL)
        assert tx.claim("work", "one", NOW, LATER) > first


def test_a_fence_is_good_until_somebody_took_the_claim(registry: Registry) -> None:
    with registry.write() as tx:
        old = tx.claim("work", "one", NOW, UNTIL)
        tx.verify_claim("work", old)
        new = tx.claim("work", "two", UNTIL, LATER)
        tx.verify_claim("work", new)
        with pytest.raises(Busy):
            tx.verify_claim("work", old)
        with pytest.raises(Busy):
            tx.verify_claim("never claimed", 1)


def test_a_released_claim_is_free_and_its_fence_is_never_given_again(registry: Registry) -> None:
    with registry.write() as tx:
        first = tx.claim("work", "one", NOW, UNTIL)
        tx.release_claim("work", first)
        second = tx.claim("work", "two", NOW, UNTIL)
        tx.release_claim("work", first)
        with pytest.raises(Busy):
            tx.claim("work", "three", NOW, UNTIL)
        tx.release_claim("never claimed", 1)

    assert second > first


def test_of_many_threads_one_gets_the_claim(registry: Registry) -> None:
    def work(number: int) -> int | None:
        with registry.write() as tx:
            try:
                return tx.claim("work", f"holder-{number}", NOW, UNTIL)
            except Busy:
                return None

    assert len([fence for fence in at_once(8, work) if fence is not None]) == 1


def test_of_many_threads_one_adds_the_fact(registry: Registry) -> None:
    with registry.write() as tx:
        reference = seed_agreement(tx)

    def work(number: int) -> bool:
        with registry.write() as tx:
            try:
                tx.add_fact(reference, fact(FactKind.MEMBER_SIGNED, sha256=str(number)))
            except AlreadyRecorded:
                return False
            return True

    assert sum(at_once(8, work)) == 1
    with registry.read() as tx:
        assert len(tx.agreement(reference).facts) == 1


def test_locked_agreements_are_read_one_thread_after_another(registry: Registry) -> None:
    with registry.write() as tx:
        reference = seed_agreement(tx)

    def work(_number: int) -> None:
        with registry.write() as tx:
            rank = len(tx.agreement(reference, lock=True).facts)
            tx.add_fact(reference, fact(FactKind.VALIDATED, reader=f"reader-{rank}"))

    at_once(6, work)
    with registry.read() as tx:
        assert [f.data["reader"] for f in tx.agreement(reference).facts] == [f"reader-{rank}" for rank in range(6)]


def test_references_never_repeat_under_threads(registry: Registry) -> None:
    def work(_number: int) -> list[str]:
        taken = []
        for _ in range(5):
            with registry.write() as tx:
                taken.append(tx.next_reference(2026))
        return taken

    references = [reference for taken in at_once(6, work) for reference in taken]
    assert sorted(references) == [f"2026-{number:04d}" for number in range(1, 31)]


def test_a_row_with_the_same_key_is_left_as_it_is(registry: Registry) -> None:
    with registry.write() as tx:
        tx.enqueue(row("1"))
        tx.enqueue(dataclasses.replace(row("2"), key="key-1", due_at=LATER))

    with registry.read() as tx:
        assert tx.outgoing_of("2026-0001") == [row("1")]
        assert tx.outgoing("row-1") == row("1")


def test_due_rows_are_leased_oldest_first(registry: Registry) -> None:
    with registry.write() as tx:
        tx.enqueue(row("late", NOW - timedelta(hours=1)))
        tx.enqueue(row("future", LATER))
        tx.enqueue(row("now"))
        tx.enqueue(row("also now"))
    with registry.write() as tx:
        first = tx.lease_outgoing(NOW, UNTIL, 2)
        second = tx.lease_outgoing(NOW, UNTIL, 9)

    assert [r.id for r in first] == ["row-late", "row-now"]
    assert [r.id for r in second] == ["row-also now"]
    assert {(r.lease, r.leased_until) for r in (*first, *second)} == {(1, UNTIL)}
    with registry.read() as tx:
        assert tx.outgoing("row-late") == first[0]


def test_a_lease_that_ran_out_is_given_to_another_and_the_first_can_write_no_more(registry: Registry) -> None:
    with registry.write() as tx:
        tx.enqueue(row("1"))
        (slow,) = tx.lease_outgoing(NOW, UNTIL, 9)
    with registry.write() as tx:
        (quick,) = tx.lease_outgoing(UNTIL, LATER, 9)
        assert quick.lease > slow.lease
        assert not tx.update_outgoing(dataclasses.replace(slow, state=OutgoingState.DEAD))
        assert tx.update_outgoing(dataclasses.replace(quick, state=OutgoingState.SENT, settled_at=LATER, leased_until=None))

    with registry.read() as tx:
        assert tx.outgoing("row-1").state is OutgoingState.SENT
        assert tx.lease_outgoing is not None
    with registry.write() as tx:
        assert tx.lease_outgoing(LATER + timedelta(days=1), LATER, 9) == []


def test_an_unknown_row_cannot_be_updated(registry: Registry) -> None:
    with registry.write() as tx, pytest.raises(NotFound):
        tx.update_outgoing(row("1"))


def test_a_failed_row_waits_for_its_next_try_then_dies_and_is_replayed(registry: Registry) -> None:
    with registry.write() as tx:
        tx.enqueue(row("1"))
        (leased,) = tx.lease_outgoing(NOW, UNTIL, 9)
        waiting = dataclasses.replace(leased, due_at=LATER, attempts=1, last_error_code="mail.down", leased_until=None)
        assert tx.update_outgoing(waiting)
        assert tx.lease_outgoing(LATER - timedelta(seconds=1), LATER, 9) == []
        assert tx.count_late(LATER) == 0
        assert tx.count_late(LATER + timedelta(microseconds=1)) == 1
        (again,) = tx.lease_outgoing(LATER, LATER + timedelta(minutes=2), 9)
        assert tx.update_outgoing(dataclasses.replace(again, state=OutgoingState.DEAD, attempts=7, leased_until=None))

    with registry.write() as tx:
        (dead,) = tx.dead_letters()
        assert (dead.attempts, dead.last_error_code, tx.count_late(LATER + timedelta(days=1))) == (7, "mail.down", 0)
        tx.update_outgoing(dataclasses.replace(dead, state=OutgoingState.WAITING, attempts=0, due_at=NOW))
        assert len(tx.lease_outgoing(NOW, UNTIL, 9)) == 1
        assert tx.dead_letters() == []


def test_many_workers_never_lease_the_same_row(registry: Registry) -> None:
    with registry.write() as tx:
        for number in range(40):
            tx.enqueue(row(str(number)))

    def work(_number: int) -> list[Outgoing]:
        mine: list[Outgoing] = []
        for _ in range(4):
            with registry.write() as tx:
                mine.extend(tx.lease_outgoing(NOW, UNTIL, 3))
        return mine

    leased = [r.id for mine in at_once(5, work) for r in mine]
    assert len(leased) == len(set(leased)) == 40
