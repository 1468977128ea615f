"""A registry is made again on SQLite and on PostgreSQL, equal to the lost one; what differs is named."""

from __future__ import annotations

import dataclasses

from conventions.agreements import FactKind
from conventions.steps import activate, keep_trail
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
