"""Details of visits are forgotten on time, and no proof breaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from conventions.steps.prove_events import prove_events
from conventions.steps.purge_personal import months_before, purge_personal
from conventions.steps.stamp_journal import stamp_journal
from conventions.steps.verify_journal import verify_journal
from tests.fakes.world import World


def test_what_is_a_year_old_is_forgotten_and_every_proof_holds() -> None:
    world = World()
    reference = world.member_signed()
    stamp_journal(world.ports)
    before = prove_events(world.ports, reference)
    assert purge_personal(world.ports) == 0
    world.clock.advance(timedelta(days=366))

    assert purge_personal(world.ports) == 2

    after = prove_events(world.ports, reference)
    assert [(e.canonical, e.path) for e in after.events] == [(e.canonical, e.path) for e in before.events]
    (opened,) = [e for e in after.events if b'"link.opened"' in e.canonical]
    assert (opened.disclosed, b"192.0.2.7" in opened.canonical) == ((), False)
    prepared = next(e for e in after.events if b'"agreement.prepared"' in e.canonical)
    assert prepared.disclosed
    assert verify_journal(world.ports).holds
    with world.registry.read() as tx:
        assert [e.event.data["fields"] for e in tx.events() if e.event.type == "journal.purged"] == [2]
    assert purge_personal(world.ports) == 0


def test_months_are_counted_back() -> None:
    at = datetime(2026, 3, 31, 12, tzinfo=UTC)
    assert months_before(at, 1) == datetime(2026, 2, 28, 12, tzinfo=UTC)
    assert months_before(at, 3) == datetime(2025, 12, 28, 12, tzinfo=UTC)
    assert months_before(at, 12) == datetime(2025, 3, 28, 12, tzinfo=UTC)
