"""Reading an agreement back: the last renewal is what stands for it, and both readers are heard."""

from __future__ import annotations

import pytest

from conventions.agreements import FactKind
from conventions.errors import EvidenceBroken, NotFound
from conventions.steps.reread import REREAD, reread
from conventions.steps.restamp import restamp
from tests.fakes.world import World
from tests.unit.conventions.steps.test_restamp import YEAR


def test_what_stands_for_an_agreement_is_read_and_judged_by_both() -> None:
    world = World()
    reference = world.archived()
    first = reread(world.ports, reference, "exploitant")
    assert (first.kept.kind, first.renewals, first.refusals) == (FactKind.ARCHIVED, 0, ())
    assert first.size_bytes == len(world.archive.read(first.kept.text("key")))
    assert first.state.retain_until == first.kept.instant("retain_until")
    world.clock.advance(YEAR)
    restamp(world.ports, reference)
    second = reread(world.ports, reference, "exploitant")
    assert (second.kept.kind, second.renewals) == (FactKind.RESTAMPED, 1)
    assert second.size_bytes > first.size_bytes
    world.signing.second_refuses.add(second.kept.text("sha256"))
    (refusal,) = reread(world.ports, reference, "exploitant").refusals
    assert refusal.startswith(second.reports[1].reader)


def test_nothing_archived_or_other_bytes_are_said() -> None:
    world = World()
    invited, reference = world.invited(15), world.archived()
    with pytest.raises(NotFound):
        reread(world.ports, invited, "exploitant")
    kept = reread(world.ports, reference, "exploitant").kept
    world.archive.objects[kept.text("key")] += b" "
    with pytest.raises(EvidenceBroken):
        reread(world.ports, reference, "exploitant")


def test_who_reads_it_is_journalled_even_where_it_is_found_broken() -> None:
    world = World()
    invited, reference = world.invited(15), world.archived()
    kept = reread(world.ports, reference, "exploitant").kept
    world.archive.objects[kept.text("key")] += b" "
    with pytest.raises(EvidenceBroken):
        reread(world.ports, reference, "auditeur")
    with pytest.raises(NotFound):
        reread(world.ports, invited, "exploitant")
    with world.registry.read() as tx:
        accesses = [entry.event for entry in tx.events() if entry.event.type == REREAD]
    assert [(event.reference, event.personal["by"]) for event in accesses] == [(reference, "exploitant"), (reference, "auditeur")]
    assert {event.data["sha256"] for event in accesses} == {kept.text("sha256")}
