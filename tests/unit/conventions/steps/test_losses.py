"""An object that was to be put under lock and whose bytes are in neither store: told once, and what comes after it goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from conventions.agreements import FactKind
from conventions.canonical import sha256_hex
from conventions.errors import EvidenceBroken, UpstreamUnavailable
from conventions.folder import INDEX_KIND, finish_pending, keep, keep_index
from conventions.losses import OBJECT_LOST
from conventions.outgoing import Template
from conventions.ports.registry import ArchiveEntry, JournalEntry
from conventions.retention import retain_until
from conventions.status import Status
from conventions.steps import activate, archive, check_archive, keep_trail, resume
from conventions.steps.bundle import bundle
from conventions.steps.keep_actors import keep_actors
from conventions.steps.release import release
from conventions.steps.restamp import restamp
from conventions.steps.stamp_journal import stamp_journal
from tests.fakes.world import World
from tests.invariants import check_folder_is_listed


def cut_off(world: World, act: Callable[[], object]) -> None:
    """Have an act fail between its intents and its objects, and the working store lost before the next pass."""
    world.archive.down = True
    with pytest.raises(UpstreamUnavailable):
        act()
    world.archive.down = False
    world.working.objects.clear()


def left_by_a_crash(world: World, reference: str, kind: str = "validation-x", seq: int = 500) -> ArchiveEntry:
    """Record an intent whose bytes nothing holds."""
    sha256 = sha256_hex(f"{kind}{seq}".encode())
    entry = ArchiveEntry(reference, seq, kind, sha256, 9, f"agreements/{reference}/{seq:04d}-{kind}-{sha256}", world.clock.now())
    with world.registry.write() as tx:
        tx.add_archive_entry(entry)
    return entry


def told(world: World, reference: str) -> list[JournalEntry]:
    with world.registry.read() as tx:
        return [entry for entry in tx.events(reference) if entry.event.type == OBJECT_LOST]


def alerts(world: World) -> list[str]:
    world.deliver()
    return [str(notice.values["findings"]) for notice in world.mailer.sent if notice.template is Template.ARCHIVE_ALERT]


def activated(world: World, rank: int = 14) -> str:
    reference = world.archived(rank)
    activate.activate(world.ports, reference)
    world.deliver()
    return reference


def test_what_is_lost_is_told_once_with_its_name_and_the_pass_goes_on() -> None:
    world = World()
    first, second = activated(world, 14), activated(world, 15)
    lost = left_by_a_crash(world, first)

    done = resume.resume(world.ports).done
    keep_trail.keep_trail(world.ports, first)

    assert (second, "keep_trail") in done
    (entry,) = told(world, first)
    assert entry.event.data == {"key": lost.key, "kind": lost.kind, "sha256": lost.sha256}
    (mail,) = alerts(world)
    assert lost.key in mail
    assert "perdu avant d’être mis sous verrou" in mail
    assert world.status(first) is Status.QUARANTINED
    assert world.agreement(first).required_fact(FactKind.QUARANTINED).data["reason"] == "archived.never_written"
    assert world.agreement(first).fact(FactKind.TRAIL_KEPT) is None


def test_nothing_pretends_that_it_is_there_and_the_proof_says_that_it_was_lost() -> None:
    world = World()
    reference = activated(world)
    lost = left_by_a_crash(world, reference)

    made = bundle(world.ports, reference, "agent")

    assert lost.key not in world.archive.objects
    with world.registry.read() as tx:
        (entry,) = (one for one in tx.archive_entries(reference) if one.key == lost.key)
    assert entry.completed_at is None
    assert lost.sha256.encode() in made.data  # the journal's event names it
    index = json.loads([data for key, data in sorted(world.archive.objects.items()) if f"-{INDEX_KIND}-" in key][-1])
    assert lost.key not in {item["key"] for item in index["objects"]}
    assert check_archive.check_archive(world.ports).holds


def test_a_person_lets_it_out_and_the_trail_is_closed_without_it_being_told_again() -> None:
    world = World()
    reference = activated(world)
    left_by_a_crash(world, reference)
    resume.resume(world.ports)

    release(world.ports, reference, "Perdu avec le premier dépôt de travail.", "admin")

    assert resume.resume(world.ports).done == ((reference, "keep_trail"),)
    assert world.status(reference) is Status.ACTIVE
    assert world.agreement(reference).fact(FactKind.TRAIL_KEPT) is not None
    assert len(told(world, reference)) == len(alerts(world)) == 1


def test_bytes_that_come_back_are_written_by_the_next_pass() -> None:
    world = World()
    reference = world.member_signed()
    until = retain_until(world.programme, 10)
    cut_off(world, lambda: keep(world.ports, reference, "note", b"un", until))
    assert finish_pending(world.ports, reference) == 0
    assert len(told(world, reference)) == 1

    world.working.put(b"un")

    assert finish_pending(world.ports, reference) == 1
    keep_index(world.ports, reference, until)
    check_folder_is_listed(world.ports, reference)


def test_the_others_are_written_where_one_is_lost() -> None:
    world = World()
    reference = world.member_signed()
    until = retain_until(world.programme, 10)
    left_by_a_crash(world, reference, seq=20)
    world.archive.down = True
    with pytest.raises(UpstreamUnavailable):
        keep(world.ports, reference, "note", b"un", until)
    world.archive.down = False
    assert finish_pending(world.ports, reference) == 1
    assert [data for key, data in world.archive.objects.items() if "-note-" in key] == [b"un"]


def test_an_index_that_was_lost_is_made_again_in_one_chain_and_nobody_is_asked() -> None:
    world = World()
    reference = world.member_signed()
    until = retain_until(world.programme, 10)
    keep(world.ports, reference, "note", b"un", until)
    cut_off(world, lambda: keep_index(world.ports, reference, until))
    keep(world.ports, reference, "note", b"deux", until)

    made = keep_index(world.ports, reference, until)
    again = keep_index(world.ports, reference, until)

    assert again.key == made.key
    indexes = [json.loads(data) for key, data in sorted(world.archive.objects.items()) if f"-{INDEX_KIND}-" in key]
    assert [index["number"] for index in indexes] == [1, 2]
    assert [entry.event.data["kind"] for entry in told(world, reference)] == [INDEX_KIND]
    assert alerts(world) == []
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE
    assert check_archive.check_archive(world.ports).holds


def test_an_index_told_as_lost_is_not_written_when_its_bytes_come_back_since_others_follow() -> None:
    world = World()
    reference = world.member_signed()
    until = retain_until(world.programme, 10)
    keep(world.ports, reference, "note", b"un", until)
    world.archive.down = True
    with pytest.raises(UpstreamUnavailable):
        keep_index(world.ports, reference, until)
    world.archive.down = False
    saved = dict(world.working.objects)
    world.working.objects.clear()
    keep(world.ports, reference, "note", b"deux", until)
    keep_index(world.ports, reference, until)

    world.working.objects.update(saved)

    assert finish_pending(world.ports, reference) == 0
    keep(world.ports, reference, "note", b"trois", until)
    keep_index(world.ports, reference, until)
    assert check_archive.check_archive(world.ports).holds


def test_an_evidence_file_that_was_lost_is_made_again() -> None:
    world = World()
    reference = activated(world)
    left_by_a_crash(world, reference, kind="evidence-data")

    keep_trail.keep_trail(world.ports, reference)

    assert any("-evidence-data-" in key for key in world.archive.objects)
    assert world.agreement(reference).fact(FactKind.TRAIL_KEPT) is not None
    assert alerts(world) == []


def test_a_renewal_that_was_lost_is_stamped_again() -> None:
    world = World()
    reference = activated(world)
    world.clock.advance(timedelta(days=365))
    left_by_a_crash(world, reference, kind="restamped-1")

    assert restamp(world.ports, reference)

    assert world.status(reference) is Status.ACTIVE
    assert check_archive.check_archive(world.ports).holds


def test_nothing_is_archived_as_whole_before_a_person_has_decided() -> None:
    world = World()
    reference = world.countersigned()
    left_by_a_crash(world, reference, kind="prepared")
    with pytest.raises(EvidenceBroken) as error:
        archive.archive(world.ports, reference)
    assert error.value.code == "archived.never_written"
    assert world.agreement(reference).fact(FactKind.ARCHIVED) is None

    release(world.ports, reference, "Perdu avec le premier dépôt de travail.", "admin")
    archive.archive(world.ports, reference)
    assert world.agreement(reference).fact(FactKind.ARCHIVED) is not None


def test_a_record_of_an_actor_is_written_from_what_the_registry_says() -> None:
    world = World()
    reference = world.invited()
    cut_off(world, lambda: keep_actors(world.ports, reference))
    keep_actors(world.ports, reference)
    with world.registry.read() as tx:
        folders = [folder for folder in tx.archived_folders() if folder.startswith("actors/")]
        assert all(entry.completed_at is not None for folder in folders for entry in tx.archive_entries(folder))


def test_a_folder_of_the_journal_has_nothing_to_put_aside_and_its_loss_is_told() -> None:
    world = World()
    world.member_signed()
    cut_off(world, lambda: stamp_journal(world.ports))
    world.clock.advance(timedelta(minutes=11))
    assert stamp_journal(world.ports)
    (mail,) = alerts(world)
    assert "journal/" in mail
