"""A journal taken up again past a break verifies clean from then on, and the same words excuse nobody who cut a whole one."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from conventions.canonical import sha256_hex
from conventions.evidence import details_of
from conventions.journal.heads import JournalHead, render_head_record
from conventions.journal.verification import JournalFinding, Tampering
from conventions.recording import record_event
from conventions.steps.bundle import bundle
from conventions.steps.compare_registries import compare_registries
from conventions.steps.rebuild import RebuildReport, rebuild
from conventions.steps.stamp_journal import stamp_journal
from conventions.steps.tell_again import ENTERED_AGAIN
from conventions.steps.verify_journal import verify_journal
from conventions.taking_up import JOURNAL_REFERENCE, TAKEN_UP, TakingUp, parse_taking_up
from tests.fakes.registry import FakeRegistry
from tests.fakes.world import World
from tests.invariants import check_journal
from tests.unit.conventions.steps.test_rebuild_damaged import days, heads_of, segment_key


@pytest.fixture
def world() -> World:
    return World()


def taken_over(world: World) -> RebuildReport:
    """Make the registry again from the archive, and go on with it."""
    fresh = FakeRegistry()
    report = rebuild(world.ports, fresh)
    world.registry = fresh
    world.ports = dataclasses.replace(world.ports, registry=fresh)
    return report


def happens(world: World, events: int) -> list[JournalHead]:
    """Have things happen and the journal stamped, a day later."""
    world.clock.advance(timedelta(days=1))
    with world.registry.write() as tx:
        for number in range(events):
            record_event(world.ports, tx, "test.happened", at=world.clock.now(), data={"n": number})
    return list(stamp_journal(world.ports))


def lose_segment(world: World, head: JournalHead) -> None:
    del world.archive.objects[segment_key(world, head)]


def forge_record(world: World, head: JournalHead) -> None:
    key = next(key for key in world.archive.keys("journal/") if key.endswith(sha256_hex(render_head_record(head))))
    world.archive.objects[key] = b"forged"


@pytest.mark.parametrize("lose", [lose_segment, forge_record])
@pytest.mark.parametrize("events", [1, 500], ids=["shorter than what was lost", "longer"])
def test_it_goes_on_from_before_the_break_and_verifies_clean(world: World, lose: object, events: int) -> None:
    heads = days(world, 3)
    assert callable(lose)
    lose(world, heads[1])
    assert taken_over(world).broken is not None

    (made,) = happens(world, events)

    assert made.previous_size == heads[0].size
    assert heads_of(world) == [heads[0], made]
    check = verify_journal(world.ports)
    assert check.findings == ()
    assert check.heads == (heads[0], made)
    assert heads[2] in check.left
    assert happens(world, 5)
    assert verify_journal(world.ports).holds


@pytest.mark.parametrize("events", [1, 500])
def test_it_can_be_made_again_once_more_and_nothing_of_it_is_lost(world: World, events: int) -> None:
    heads = days(world, 3)
    lose_segment(world, heads[1])
    first = taken_over(world)
    assert not first.is_complete
    happens(world, events)
    before = world.registry

    second = taken_over(world)

    assert (second.broken, second.journal) == (None, ())
    assert compare_registries(before, world.registry) == []
    assert verify_journal(world.ports).holds
    (taken_up,) = [one for one in world.registry.state.events.values() if one.event.type == TAKEN_UP]
    assert parse_taking_up(taken_up.event.data) == TakingUp(heads[0].size, heads[2].at, ())


def test_a_second_break_is_taken_up_from_there(world: World) -> None:
    heads = days(world, 3)
    lose_segment(world, heads[1])
    taken_over(world)
    (made,) = happens(world, 3)
    (lost,) = happens(world, 3)
    happens(world, 3)
    lose_segment(world, lost)
    report = taken_over(world)
    assert report.heads == (heads[0], made)
    happens(world, 2)
    assert verify_journal(world.ports).findings == ()


def test_a_break_before_the_first_head_leaves_them_all(world: World) -> None:
    heads = days(world, 2)
    lose_segment(world, heads[0])
    taken_over(world)
    happens(world, 2)
    check = verify_journal(world.ports)
    assert (check.findings, len(check.left)) == ((), 2)


@pytest.mark.parametrize("known", [0, 1, 2, 3])
def test_the_same_words_excuse_nobody_who_cut_a_journal_that_the_archive_holds_whole(world: World, known: int) -> None:
    heads = days(world, 3)
    sizes = [0, heads[0].size, heads[1].size, heads[1].size - 1]
    cut = FakeRegistry()
    rebuild(world.ports, cut)
    state = cut.state
    kept = {event_id for event_id, index in state.indexes.items() if index < sizes[known]}
    state.events = {event_id: one for event_id, one in state.events.items() if event_id in kept}
    state.indexes = {event_id: index for event_id, index in state.indexes.items() if event_id in kept}
    state.leaves = {event_id: leaf for event_id, leaf in state.leaves.items() if event_id in kept}
    state.heads = {size: head for size, head in state.heads.items() if size <= sizes[known]}
    world.registry, world.ports = cut, dataclasses.replace(world.ports, registry=cut)
    with cut.write() as tx:
        data = TakingUp(sizes[known], world.clock.now(), ()).data()
        record_event(world.ports, tx, TAKEN_UP, at=world.clock.now(), reference=JOURNAL_REFERENCE, data=data)
    happens(world, 500)

    check = verify_journal(world.ports)

    assert JournalFinding(Tampering.HEAD_DIFFERS, heads[2].size, None) in check.findings
    assert check.left == ()


def test_a_head_beside_the_chain_that_the_tree_never_led_to_is_found(world: World) -> None:
    heads = days(world, 2)
    state = world.registry.state
    kept = {event_id for event_id, index in state.indexes.items() if index < heads[0].size}
    state.events = {event_id: one for event_id, one in state.events.items() if event_id in kept}
    state.indexes = {event_id: index for event_id, index in state.indexes.items() if event_id in kept}
    state.leaves = {event_id: leaf for event_id, leaf in state.leaves.items() if event_id in kept}
    state.heads = {heads[0].size: heads[0]}
    record = sha256_hex(render_head_record(heads[1]))
    del state.archive[next(key for key in state.archive if key.endswith(record))]  # or the next stamp would enter it again
    happens(world, 900)
    assert JournalFinding(Tampering.HEAD_DIFFERS, heads[1].size, None) in verify_journal(world.ports).findings


def test_what_the_journal_did_not_give_back_is_entered_again_and_every_agreement_can_be_proved(world: World) -> None:
    heads = days(world, 3)
    late = world.archived(40)
    lose_segment(world, heads[1])
    taken_over(world)
    happens(world, 1)

    for reference in world.registry.state.agreements:
        assert bundle(world.ports, reference, "agent").data
    assert verify_journal(world.ports).holds
    again = [one.event for one in world.registry.state.events.values() if ENTERED_AGAIN in one.event.data]
    assert {"agreement.archived"} < {event.type for event in again}
    assert {event.reference for event in again} == {"2026-0002", "2026-0003", late}
    before = world.registry
    assert taken_over(world).is_complete
    assert compare_registries(before, world.registry) == []


def test_a_fact_after_the_last_head_is_entered_again_and_one_before_is_not(world: World) -> None:
    first = world.archived()
    stamp_journal(world.ports)
    world.clock.advance(timedelta(hours=2))
    second = world.archived(15)
    assert taken_over(world).is_complete
    again = {one.event.reference for one in world.registry.state.events.values() if ENTERED_AGAIN in one.event.data}
    assert again == {second}
    for reference in (first, second):
        assert bundle(world.ports, reference, "agent").data
        check_journal(world.ports, world.agreement(reference))
    with world.registry.read() as tx:
        (entry, *_) = (one for one in tx.events(second) if ENTERED_AGAIN in one.event.data)
    assert any(label.startswith("Inscrit de nouveau") for label, _ in details_of(entry))
