"""What a crash left unfinished is finished by the check of the archive, in folders that no step visits any more."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from conventions.agreements import FactKind
from conventions.errors import UpstreamUnavailable
from conventions.folder import folder_prefix
from conventions.ports.registry import ArchiveEntry
from conventions.status import Status
from conventions.steps.check_archive import check_archive
from conventions.steps.stamp_journal import stamp_journal
from tests.fakes.world import World
from tests.invariants import check_folder_is_listed

LATER = datetime(2041, 1, 1, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    made = World()
    made.archived()
    stamp_journal(made.ports)
    return made


def reference_of(world: World) -> str:
    return next(iter(world.registry.state.agreements))


def left_unfinished(world: World, reference: str, kind: str, data: bytes) -> ArchiveEntry:
    """Have a crash come between an object's intent and its writing, in a folder that no step visits any more."""
    sha256 = world.working.put(data)
    with world.registry.write() as tx:
        seq = max(entry.seq for entry in tx.archive_entries(reference)) + 1
        key = f"{folder_prefix(reference)}{seq:04d}-{kind}-{sha256}"
        entry = ArchiveEntry(reference, seq, kind, sha256, len(data), key, LATER)
        tx.add_archive_entry(entry)
    return entry


def test_what_a_crash_left_is_finished_wherever_it_is_and_listed(world: World) -> None:
    reference = reference_of(world)
    with world.registry.read() as tx:
        actor = next(folder for folder in tx.archived_folders() if folder.startswith("actors/"))
    left = [left_unfinished(world, reference, "note", b"suite"), left_unfinished(world, actor, "member-2", b"{}")]

    assert check_archive(world.ports, sample=0).holds

    assert [world.archive.objects[entry.key] for entry in left] == [b"suite", b"{}"]
    with world.registry.read() as tx:
        assert tx.archived_folders(unfinished=True) == []
    check_folder_is_listed(world.ports, reference)
    assert world.status(reference) is not Status.QUARANTINED
    assert check_archive(world.ports).holds


def test_what_stands_otherwise_than_intended_puts_its_agreement_aside(world: World) -> None:
    reference = reference_of(world)
    left = left_unfinished(world, reference, "note", b"suite")
    world.archive.objects[left.key] = b"autre"

    check_archive(world.ports, sample=0)

    assert world.agreement(reference).required_fact(FactKind.QUARANTINED).data["reason"] == "archive.other_bytes"


def test_a_folder_of_the_journal_that_stands_otherwise_has_nothing_to_put_aside(world: World) -> None:
    with world.registry.read() as tx:
        folder = next(one for one in tx.archived_folders() if one.startswith("journal/"))
    left = left_unfinished(world, folder, "note", b"suite")
    world.archive.objects[left.key] = b"autre"

    assert check_archive(world.ports, sample=0).folders == 0


def test_what_a_crash_left_waits_while_the_store_is_away(world: World) -> None:
    left = left_unfinished(world, reference_of(world), "note", b"suite")
    world.archive.down = True
    with pytest.raises(UpstreamUnavailable):
        check_archive(world.ports)
    world.archive.down = False
    assert left.key not in world.archive.objects
    assert check_archive(world.ports).holds
    assert world.archive.objects[left.key] == b"suite"
