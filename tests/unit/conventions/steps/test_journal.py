"""Heads of the journal: made once a day or when asked, complete after any crash, and proofs that lead to them."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from conventions.accounts import Role
from conventions.canonical import sha256_hex
from conventions.errors import Busy, EvidenceBroken, NotFound, UpstreamUnavailable
from conventions.events import canonical_event
from conventions.journal.heads import parse_head, parse_head_record, render_head, render_head_record
from conventions.journal.merkle import leaf_hash, verify_consistency, verify_inclusion
from conventions.steps.prove_events import prove_events
from conventions.steps.stamp_journal import CLAIM, RECORD_KIND, stamp_journal
from tests.fakes.world import World


@pytest.fixture
def world() -> World:
    return World()


def kinds(world: World) -> list[str]:
    with world.registry.read() as tx:
        return [entry.kind for entry in tx.archive_entries("journal/2026")]


def test_a_head_archives_what_happened_with_a_stamp_of_each_authority(world: World) -> None:
    reference = world.invited()
    (head,) = stamp_journal(world.ports)

    assert kinds(world) == ["segment", "head", "stamp-tsa-1", "stamp-tsa-2", "head-record"]
    assert all(key.startswith("journal/2026/000") for key in world.archive.keys("journal/"))
    assert world.archive.state(next(iter(world.archive.keys("journal/")))).retain_until.year == 2040
    with world.registry.read() as tx:
        assert (tx.heads(), head.size, head.previous_size) == ([head], tx.tree_size(), 0)
    proof = prove_events(world.ports, reference)
    assert (proof.stamped.head, proof.later_events) == (head, 0)
    assert {world.timestamps.verify(token, proof.stamped.data) for token in proof.stamped.tokens.values()} == {head.at}
    for event in proof.events:
        verify_inclusion(leaf_hash(event.canonical), event.index, head.size, event.path, bytes.fromhex(head.root_sha256))
    prepared = next(event for event in proof.events if b'"agreement.prepared"' in event.canonical)
    assert {salted.name for salted in prepared.disclosed} == {"signer", "countersigner"}
    assert all(salted.commitment.encode() in prepared.canonical for salted in prepared.disclosed)


def test_nothing_new_makes_no_head_and_bills_no_stamp(world: World) -> None:
    assert stamp_journal(world.ports) == []
    world.invited()
    stamp_journal(world.ports)

    assert (stamp_journal(world.ports), world.timestamps.stamps_made) == ([], 2)


def test_heads_follow_one_another_over_the_years(world: World) -> None:
    reference = world.invited()
    (first,) = stamp_journal(world.ports)
    world.clock.advance(timedelta(days=20))
    world.sign(reference)
    world.clock.advance(timedelta(days=360))
    (second,) = stamp_journal(world.ports)

    assert (second.previous_size, world.archive.keys("journal/2027") != []) == (first.size, True)
    with world.registry.read() as tx:
        proof = tx.consistency_proof(first.size, second.size)
    verify_consistency(first.size, bytes.fromhex(first.root_sha256), second.size, bytes.fromhex(second.root_sha256), proof)


def test_a_busy_day_makes_several_heads(world: World) -> None:
    world.invited()

    heads = stamp_journal(world.ports, events_a_head=2)

    with world.registry.read() as tx:
        assert [head.size for head in heads] == [*range(2, tx.tree_size(), 2), tx.tree_size()]


def test_events_after_the_head_are_counted_and_not_proved(world: World) -> None:
    with pytest.raises(NotFound, match="no head"):
        prove_events(world.ports, "2026-0001")
    reference = world.invited()
    stamp_journal(world.ports)
    before = len(prove_events(world.ports, reference).events)
    world.sign(reference)
    world.registry.sequence_events()

    proof = prove_events(world.ports, reference)

    assert (len(proof.events), proof.later_events > 0) == (before, True)


def test_without_every_authority_there_is_no_head(world: World) -> None:
    world.invited()
    world.timestamps.down = True
    with pytest.raises(UpstreamUnavailable):
        stamp_journal(world.ports)
    assert world.archive.keys("journal/") == []
    world.timestamps.down = False

    assert len(stamp_journal(world.ports)) == 1


def test_a_complete_head_that_a_crash_kept_from_the_registry_is_entered(world: World) -> None:
    world.invited()
    (head,) = stamp_journal(world.ports)
    world.registry.state.heads.clear()
    last = next(entry for entry in world.registry.state.archive.values() if entry.kind == RECORD_KIND)
    world.registry.state.archive[last.key] = dataclasses.replace(last, completed_at=None)

    assert stamp_journal(world.ports) == []
    with world.registry.read() as tx:
        assert tx.heads() == [head]


def test_of_two_heads_over_the_same_events_the_first_entered_stays(world: World) -> None:
    world.invited()
    (head,) = stamp_journal(world.ports)
    world.registry.state.heads = {1: dataclasses.replace(head, size=1)}

    stamp_journal(world.ports)

    with world.registry.read() as tx:
        assert [(one.previous_size, one.size) for one in tx.heads()] == [(0, 1), (1, tx.tree_size())]


def test_a_journal_without_any_programme_yet_is_stamped(world: World) -> None:
    world.session(Role.AGENT)
    world.registry.state.programmes.clear()

    stamp_journal(world.ports)

    assert {world.archive.state(key).retain_until.year for key in world.archive.keys("journal/")} == {2037}


def test_two_workers_do_not_stamp_at_once(world: World) -> None:
    world.invited()
    with world.registry.write() as tx:
        tx.claim(CLAIM, "another", world.clock.now(), world.clock.now() + timedelta(minutes=1))

    with pytest.raises(Busy):
        stamp_journal(world.ports)


@pytest.mark.parametrize("is_gone", [True, False])
def test_an_event_changed_or_gone_is_not_stamped(world: World, *, is_gone: bool) -> None:
    reference = world.invited()
    stamp_journal(world.ports)
    world.sign(reference)
    world.registry.sequence_events()
    events = world.registry.state.events
    last = list(events)[-1]
    if is_gone:
        del events[last]
    else:
        forged = dataclasses.replace(events[last].event, type="agreement.forged")
        events[last] = dataclasses.replace(events[last], canonical=canonical_event(forged, events[last].salted))

    with pytest.raises(EvidenceBroken):
        stamp_journal(world.ports)


def test_a_changed_event_is_not_proved(world: World) -> None:
    reference = world.invited()
    stamp_journal(world.ports)
    events = world.registry.state.events
    last = next(event_id for event_id in reversed(events) if events[event_id].event.reference)
    events[last] = dataclasses.replace(events[last], canonical=b"{}")

    with pytest.raises(EvidenceBroken, match=last):
        prove_events(world.ports, reference)


def test_leaves_that_are_missing_are_told(world: World) -> None:
    world.invited()
    world.registry.sequence_events()
    last, _ = world.registry.state.indexes.popitem()
    world.registry.state.indexes["gone"] = 10_000
    world.registry.state.leaves["gone"] = world.registry.state.leaves[last]

    with pytest.raises(EvidenceBroken):
        stamp_journal(world.ports)


def test_a_token_that_the_archive_lacks_is_told(world: World) -> None:
    reference = world.invited()
    stamp_journal(world.ports)
    archive = world.registry.state.archive
    archive.pop(next(entry.key for entry in archive.values() if entry.kind == "stamp-tsa-2"))

    with pytest.raises(EvidenceBroken, match="tsa-2"):
        prove_events(world.ports, reference)


def test_what_is_archived_of_a_head_is_read_back_or_refused(world: World) -> None:
    world.invited()
    (head,) = stamp_journal(world.ports)
    data, record = render_head(head), render_head_record(head)

    assert parse_head(data, head.stamps) == head
    assert parse_head_record(record) == (sha256_hex(data), head.stamps)
    for broken in (b"", b"[]", b"{}", data + b" ", data.replace(b"size", b"sise")):
        with pytest.raises(EvidenceBroken):
            parse_head(broken, {})
    for broken in (b"", b"[]", b"{}", record.replace(b"record/1", b"record/2"), record.replace(b'"stamps":{', b'"stamps":1,"x":{')):
        with pytest.raises(EvidenceBroken):
            parse_head_record(broken)
