"""The check of the archive finds what is wrong in either store, puts it aside and tells; holds and locks only ever keep more."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from conventions.agreements import FactKind
from conventions.archive_check import ArchiveFault
from conventions.errors import InputRefused, NotFound, RuleRefused
from conventions.status import Status
from conventions.steps.check_archive import StoreFinding, check_archive
from conventions.steps.hold import extend_locks, hold, let_go
from conventions.steps.list_eliminable import list_eliminable
from conventions.steps.stamp_journal import stamp_journal
from storage.two_archives import TwoArchives
from tests.fakes.stores import FakeArchive
from tests.fakes.world import World

REASON = "contentieux devant le tribunal"


@pytest.fixture
def world() -> World:
    made = World()
    made.archived()
    stamp_journal(made.ports)
    return made


def reference_of(world: World) -> str:
    return next(iter(world.registry.state.agreements))


def key_of(world: World, kind: str) -> str:
    return next(key for key in world.archive.objects if f"-{kind}-" in key)


def event_types(world: World, reference: str | None) -> list[str]:
    with world.registry.read() as tx:
        return [entry.event.type for entry in tx.events() if entry.event.reference == reference]


def test_an_archive_that_nobody_touched_holds(world: World) -> None:
    check = check_archive(world.ports)

    assert (check.holds, check.folders, check.stores) == (True, 6, 1)
    assert check.objects == len(world.archive.objects)
    assert event_types(world, None)[-1] == "archive.checked"


def test_a_fault_puts_the_agreement_in_quarantine_and_is_journalled(world: World) -> None:
    reference, key = reference_of(world), key_of(world, "sealed")
    world.archive.objects[key] = world.archive.objects[key] + b"forged"

    check = check_archive(world.ports)

    assert check.findings == (StoreFinding(1, reference, ArchiveFault.ALTERED, key),)
    assert world.status(reference) is Status.QUARANTINED
    assert world.agreement(reference).required_fact(FactKind.QUARANTINED).data == {"reason": "archived.altered"}
    assert "archive.fault_found" in event_types(world, reference)
    assert not check_archive(world.ports).holds  # again: told again, put aside once


def test_a_fault_of_the_journals_folder_is_told(world: World) -> None:
    key = key_of(world, "segment")
    del world.archive.objects[key]
    del world.archive.states[key]

    assert [(one.fault, one.key) for one in check_archive(world.ports).findings] == [(ArchiveFault.MISSING, key)]


def test_a_registry_that_no_longer_says_what_the_journal_says_is_found(world: World) -> None:
    archive = world.registry.state.archive
    key = key_of(world, "sealed")
    archive[key] = dataclasses.replace(archive[key], sha256="ab" * 32)
    assert ArchiveFault.NOT_AS_JOURNALLED in {one.fault for one in check_archive(world.ports).findings}

    del world.registry.state.archive[key]
    faults = {one.fault for one in check_archive(world.ports).findings}
    assert {ArchiveFault.NOT_AS_JOURNALLED, ArchiveFault.EXTRA} <= faults


def test_a_folder_that_nobody_knows_is_found_when_all_is_read(world: World) -> None:
    world.archive.write("agreements/2026-0099/0001-sealed-ab", b"stranger", world.clock.now())
    world.archive.write("journal/1999/0001-head-ab", b"stranger", world.clock.now())

    assert [(one.reference, one.fault) for one in check_archive(world.ports).findings] == [
        ("2026-0099", ArchiveFault.EXTRA),
        ("journal/1999", ArchiveFault.EXTRA),
    ]
    assert check_archive(world.ports, sample=1).holds


def test_a_sample_reads_as_many_folders_as_asked(world: World) -> None:
    assert check_archive(world.ports, sample=1).folders == 1
    assert check_archive(world.ports, sample=9).folders == 6


def test_each_of_two_stores_is_read(world: World) -> None:
    second = FakeArchive()
    second.objects, second.states = dict(world.archive.objects), dict(world.archive.states)
    ports = dataclasses.replace(world.ports, archive=TwoArchives(world.archive, second))
    assert check_archive(ports).stores == 2
    key = key_of(world, "prepared")
    second.states[key] = dataclasses.replace(second.states[key], lock_mode="")

    assert check_archive(ports).findings == (StoreFinding(2, reference_of(world), ArchiveFault.UNLOCKED, key),)


def test_a_hold_keeps_every_object_and_is_checked(world: World) -> None:
    reference = reference_of(world)
    count = hold(world.ports, reference, REASON, "agent")
    assert (count, check_archive(world.ports).holds) == (len(world.archive.held), True)
    key = key_of(world, "sealed")
    world.archive.held.discard(key)

    check = check_archive(world.ports)
    assert check.findings == (StoreFinding(1, reference, ArchiveFault.NOT_HELD, key),)
    assert world.status(reference) is not Status.QUARANTINED
    hold(world.ports, reference, REASON, "agent")
    assert check_archive(world.ports).holds

    let_go(world.ports, reference, REASON, "agent")
    assert (world.archive.held, check_archive(world.ports).holds) == (set(), True)
    assert [kind for kind in event_types(world, reference) if "he" in kind and kind.startswith("archive.h")] == ["archive.held"] * 2


def test_a_held_object_that_is_missing_is_told_once(world: World) -> None:
    hold(world.ports, reference_of(world), REASON, "agent")
    key = key_of(world, "sealed")
    del world.archive.objects[key]
    del world.archive.states[key]

    assert [one.fault for one in check_archive(world.ports).findings] == [ArchiveFault.MISSING]


def test_locks_are_extended_never_shortened(world: World) -> None:
    reference = reference_of(world)
    with world.registry.read() as tx:
        ends = {entry.retain_until for entry in tx.archive_entries(reference)}
    until = max(ends) + timedelta(days=365)
    assert extend_locks(world.ports, reference, until, REASON, "agent") == len([key for key in world.archive.objects if reference in key])
    with world.registry.read() as tx:
        assert {entry.retain_until for entry in tx.archive_entries(reference)} == {until}
    assert check_archive(world.ports).holds

    with pytest.raises(RuleRefused):
        extend_locks(world.ports, reference, until - timedelta(days=1), REASON, "agent")


def test_a_hold_needs_a_reason_and_a_folder(world: World) -> None:
    with pytest.raises(InputRefused):
        hold(world.ports, reference_of(world), " court  ", "agent")
    with pytest.raises(NotFound):
        hold(world.ports, "2026-0099", REASON, "agent")


def test_what_no_lock_and_no_hold_keeps_is_listed_and_nothing_is_deleted(world: World) -> None:
    reference, far = reference_of(world), world.clock.now() + timedelta(days=365 * 60)
    assert list_eliminable(world.ports, world.clock.now()) == []
    (found,) = list_eliminable(world.ports, far)
    assert (found.reference, found.objects) == (reference, len([key for key in world.archive.objects if reference in key]))
    before = dict(world.archive.objects)

    hold(world.ports, reference, REASON, "agent")
    assert list_eliminable(world.ports, far) == []
    assert world.archive.objects == before
