"""A registry is made again on SQLite and on PostgreSQL, equal to the lost one; what differs is named."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from conventions.agreements import FactKind
from conventions.steps import activate, keep_trail
from conventions.steps.bundle import bundle
from conventions.steps.compare_registries import compare_registries
from conventions.steps.rebuild import rebuild
from conventions.steps.stamp_journal import stamp_journal
from conventions.steps.verify_journal import verify_journal
from storage.registry import SqlRegistry
from tests.contract.storage.records import fact
from tests.fakes.world import World


def test_a_registry_is_made_again_on_a_real_database(sql_registry: SqlRegistry) -> None:
    world = World()
    reference = world.archived()
    stamp_journal(world.ports)

    report = rebuild(world.ports, sql_registry)

    assert (report.agreements, compare_registries(world.registry, sql_registry)) == (1, [])
    assert verify_journal(dataclasses.replace(world.ports, registry=sql_registry)).holds
    with sql_registry.write() as tx:
        assert tx.next_reference(2026) == "2026-0002"
        tx.skip_references(2026, 1)
        assert tx.next_reference(2026) == "2026-0003"
        tx.add_fact(reference, fact(FactKind.CANCELLED, reason="x", by="y"))
    assert compare_registries(world.registry, sql_registry) == [f"agreement {reference}"]


def test_a_trail_closed_since_the_last_head_is_no_difference(sql_registry: SqlRegistry) -> None:
    world = World()
    reference = world.archived()
    activate.activate(world.ports, reference)
    world.deliver()
    stamp_journal(world.ports)
    keep_trail.keep_trail(world.ports, reference)

    rebuild(world.ports, sql_registry)

    with sql_registry.read() as tx:
        made = tx.agreement(reference)
    assert world.agreement(reference).fact(FactKind.TRAIL_KEPT) is not None
    assert made.fact(FactKind.TRAIL_KEPT) is None
    assert compare_registries(world.registry, sql_registry) == []


def test_a_journal_taken_up_past_a_break_verifies_and_every_agreement_can_be_proved(sql_registry: SqlRegistry) -> None:
    world = World()
    for rank in (14, 15, 16):
        world.archived(rank)
        stamp_journal(world.ports)
        world.clock.advance(timedelta(days=1))
    with world.registry.read() as tx:
        heads = list(tx.heads())
    del world.archive.objects[next(key for key in world.archive.objects if key.endswith(heads[1].segment_sha256))]

    assert rebuild(world.ports, sql_registry).broken is not None

    ports = dataclasses.replace(world.ports, registry=sql_registry)
    (made,) = stamp_journal(ports)
    check = verify_journal(ports)
    assert (check.findings, check.heads, len(check.left)) == ((), (heads[0], made), 2)
    for reference in world.registry.state.agreements:
        assert bundle(ports, reference, "agent").data


def test_what_differs_is_named(sql_registry: SqlRegistry) -> None:
    world = World()
    world.archived()
    rebuild(world.ports, sql_registry)
    member = next(iter(world.registry.state.members.values()))
    with sql_registry.write() as tx:
        tx.update_member(dataclasses.replace(member, seat="ailleurs"))
    assert compare_registries(world.registry, sql_registry)[0] == f"member {member.id}"

    stamp_journal(world.ports)
    assert "journal None" in compare_registries(world.registry, sql_registry)
