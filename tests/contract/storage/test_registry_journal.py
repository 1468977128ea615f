"""Contract of the registry: the journal."""

from __future__ import annotations

import hashlib
import json

import pytest

from conventions.errors import AlreadyRecorded
from conventions.events import Event
from conventions.ports.registry import JournalEntry, Registry
from tests.contract.storage.records import NOW, event
from tests.contract.storage.together import at_once


def test_events_come_back_with_their_leaf_and_without_index_until_sequenced(registry: Registry) -> None:
    one, two = event("one", "2026-0001", name="Maëlle", address="192.0.2.7"), event("two")
    with registry.write() as tx:
        tx.add_event(one)
        tx.add_event(two)

    with registry.read() as tx:
        entries = tx.events()
        assert [entry.event for entry in entries] == [one, two]
        assert [entry.index for entry in entries] == [None, None]
    for entry in entries:
        assert entry.leaf_sha256 == hashlib.sha256(b"\x00" + entry.canonical).hexdigest()


def test_personal_fields_enter_the_tree_as_salted_commitments_only(registry: Registry) -> None:
    with registry.write() as tx:
        tx.add_event(event("one", name="Maëlle"))
        tx.add_event(event("two", name="Maëlle"))

    with registry.read() as tx:
        one, two = (json.loads(entry.canonical) for entry in tx.events())
        assert b"Ma\xc3\xablle" not in tx.events()[0].canonical
    assert one["personal"].keys() == {"name"}
    assert one["personal"] != two["personal"]


def test_an_event_is_recorded_once(registry: Registry) -> None:
    with registry.write() as tx:
        tx.add_event(event("one"))
        with pytest.raises(AlreadyRecorded):
            tx.add_event(Event("event-one", "other", NOW))
        tx.add_event(event("two"))

    assert registry.sequence_events() == 2


def test_the_sequencer_gives_contiguous_indexes_once(registry: Registry) -> None:
    with registry.write() as tx:
        for name in ("a", "b", "c"):
            tx.add_event(event(name))
    assert registry.sequence_events() == 3
    assert registry.sequence_events() == 0
    with registry.write() as tx:
        tx.add_event(event("d"))
    with registry.read() as tx:
        assert [(entry.event.id, entry.index) for entry in tx.events()][-2:] == [("event-c", 2), ("event-d", None)]
    assert registry.sequence_events() == 1
    with registry.read() as tx:
        assert [entry.index for entry in tx.events()] == [0, 1, 2, 3]


def test_events_are_read_by_pages_and_by_agreement(registry: Registry) -> None:
    with registry.write() as tx:
        for number in range(10):
            tx.add_event(event(f"{number}", f"2026-000{number % 2}", name=f"person {number}"))
    registry.sequence_events()
    with registry.write() as tx:
        for number in range(10, 15):
            tx.add_event(event(f"{number}", f"2026-000{number % 2}"))

    with registry.read() as tx:
        read: list[JournalEntry] = []
        while page := tx.events(after=len(read), limit=4):
            read.extend(page)
        assert [entry.event.id for entry in read] == [f"event-{number}" for number in range(15)]
        odd = tx.events("2026-0001")
        assert [entry.event.id for entry in odd] == [f"event-{number}" for number in range(1, 15, 2)]
        assert tx.events("2026-0001", after=2, limit=2) == odd[2:4]
        assert odd[0].event.personal == {"name": "person 1"}
        assert tx.events(after=15) == []
        assert tx.events("2026-0009") == []


def test_events_of_concurrent_writers_each_get_one_index(registry: Registry) -> None:
    def write(number: int) -> int:
        sequenced = 0
        for rank in range(8):
            with registry.write() as tx:
                tx.add_event(event(f"{number}-{rank}"))
            if rank % 3 == 0:
                sequenced += registry.sequence_events()
        return sequenced

    sequenced = sum(at_once(6, write)) + registry.sequence_events()

    assert sequenced == 48
    with registry.read() as tx:
        entries = tx.events()
        assert [entry.index for entry in entries] == list(range(48))
        assert len({entry.event.id for entry in entries}) == 48


def test_more_events_than_one_batch_are_sequenced_in_order(registry: Registry) -> None:
    with registry.write() as tx:
        for number in range(510):
            tx.add_event(event(f"{number:05d}"))

    assert registry.sequence_events() == 510
    with registry.read() as tx:
        entries = tx.events(after=495, limit=10)
        assert [entry.event.id for entry in entries] == [f"event-{number:05d}" for number in range(495, 505)]
