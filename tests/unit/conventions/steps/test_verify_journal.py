"""Whatever somebody with the whole database does to the journal is found, and named, from the archive."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

import pytest

from conventions.canonical import render_canonical, sha256_hex
from conventions.events import Event
from conventions.journal.heads import render_head_record
from conventions.journal.merkle import leaf_hash
from conventions.journal.verification import Tampering
from conventions.steps.stamp_journal import stamp_journal
from conventions.steps.verify_journal import verify_journal
from tests.fakes.registry_state import RecordedEvent
from tests.fakes.world import World

Found = set[tuple[Tampering, int | None, str | None]]


@pytest.fixture
def world() -> World:
    """A journal of three heads, and an event after the last."""
    made = World()
    for count in (4, 3, 3, 1):
        with made.registry.write() as tx:
            for number in range(count):
                tx.add_event(Event(f"{count}-{number}-{made.clock.now():%H%M}", "test.happened", made.clock.now(), None, {"n": number}))
        made.clock.advance(timedelta(minutes=1))
        if count != 1:
            stamp_journal(made.ports)
    made.registry.sequence_events()
    return made


def ids(world: World) -> list[str]:
    return list(world.registry.state.indexes)


def rewrite(world: World, events: list[str]) -> None:
    """Write the whole tree again as somebody would who has the database: events, leaves and indexes agree."""
    state = world.registry.state
    for event_id in events:
        if event_id not in state.events:
            event = Event(event_id, "test.happened", world.clock.now())
            canonical = render_canonical(
                {"id": event_id, "type": event.type, "at": event.at.isoformat(), "reference": None, "personal": {}}
            )
            state.events[event_id] = RecordedEvent(event, {}, canonical)
    state.indexes = {event_id: index for index, event_id in enumerate(events)}
    state.leaves = {event_id: leaf_hash(state.events[event_id].canonical) for event_id in events}


def found(world: World) -> Found:
    return {(one.tampering, one.index, one.event_id) for one in verify_journal(world.ports).findings}


def heads_that_differ(world: World, *sizes: int) -> Found:
    return {(Tampering.HEAD_DIFFERS, size, None) for size in sizes}


def test_a_journal_that_nobody_touched_holds(world: World) -> None:
    check = verify_journal(world.ports)

    assert (check.holds, check.size, [head.size for head in check.heads]) == (True, 11, [4, 7, 10])
    assert verify_journal(World().ports).holds


def test_an_event_rewritten_with_its_leaf_is_named(world: World) -> None:
    state, event_id = world.registry.state, ids(world)[5]
    kept = state.events[event_id]
    state.events[event_id] = dataclasses.replace(kept, canonical=kept.canonical.replace(b'"n":1', b'"n":7'))
    rewrite(world, ids(world))

    assert found(world) == {(Tampering.CHANGED, 5, event_id), *heads_that_differ(world, 7, 10)}


def test_an_event_removed_with_its_leaf_is_named(world: World) -> None:
    order = ids(world)
    rewrite(world, [*order[:5], *order[6:]])

    pulled = (Tampering.INSERTED, 9, order[10])  # it was after the last head, and stands before it now
    assert found(world) == {(Tampering.REMOVED, 5, order[5]), pulled, *heads_that_differ(world, 7, 10)}


def test_an_event_slipped_in_is_named_alone(world: World) -> None:
    order = ids(world)
    rewrite(world, [*order[:5], "slipped in", *order[5:]])

    assert found(world) == {(Tampering.INSERTED, 5, "slipped in"), *heads_that_differ(world, 7, 10)}


def test_events_that_change_places_are_named(world: World) -> None:
    order = ids(world)
    rewrite(world, [*order[:4], order[5], order[4], *order[6:]])
    assert found(world) == {(Tampering.MOVED, 4, order[4]), (Tampering.MOVED, 5, order[5]), *heads_that_differ(world, 7, 10)}

    rewrite(world, [order[4], *order[1:4], order[0], *order[5:]])
    assert {(Tampering.MOVED, 0, order[0]), (Tampering.MOVED, 4, order[4])} <= found(world)


def test_a_journal_cut_off_is_told(world: World) -> None:
    order = ids(world)
    rewrite(world, order[:8])

    assert found(world) == {(Tampering.REMOVED, 8, order[8]), (Tampering.REMOVED, 9, order[9]), *heads_that_differ(world, 10)}


def test_a_head_that_the_registry_forgot_or_invented_is_told(world: World) -> None:
    heads = world.registry.state.heads
    heads[7] = dataclasses.replace(heads[7], root_sha256="ab" * 32)

    assert found(world) == {(Tampering.HEAD_NOT_ARCHIVED, 7, None), (Tampering.HEAD_DIFFERS, 7, None)}


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("segment", (Tampering.SEGMENT_LOST, 4, None)),
        ("head", (Tampering.HEAD_UNREADABLE, None, "record")),
        ("stamp-tsa-2", (Tampering.HEAD_UNREADABLE, None, "record")),
    ],
)
@pytest.mark.parametrize("is_gone", [True, False])
def test_what_the_archive_lost_of_a_head_is_told(
    world: World, kind: str, expected: tuple[Tampering, int | None, str | None], *, is_gone: bool
) -> None:
    objects = world.archive.objects
    key = next(key for key in objects if f"-{kind}-" in key)
    record = next(key for key in objects if "-head-record-" in key)
    if is_gone:
        del objects[key]
    else:
        objects[key] = objects[key][:-1]

    assert (expected[0], expected[1], record if expected[2] else None) in found(world)


def test_a_head_without_stamp_counts_for_nothing(world: World) -> None:
    head = world.registry.state.heads[10]
    bare = render_head_record(dataclasses.replace(head, stamps={}))
    assert json.loads(bare)["stamps"] == {}
    key = f"journal/2026/0099-head-record-{sha256_hex(bare)}"
    world.archive.write(key, bare, head.at)

    assert found(world) == {(Tampering.HEAD_UNREADABLE, None, key)}
