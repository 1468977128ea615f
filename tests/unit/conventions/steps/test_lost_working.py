"""The working store is lost whole: what was put under lock is enough from then on, and what was not is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conventions.accounts import Role
from conventions.agreements import FactKind, Stage
from conventions.canonical import sha256_hex
from conventions.errors import EvidenceBroken, NotFound
from conventions.folder import read_by_digest
from conventions.ports.registry import JournalEntry
from conventions.status import Status
from conventions.steps import activate, archive, countersign, keep_trail, office, read_page, resume, show, show_report
from conventions.steps.bundle import bundle
from conventions.steps.keep_trail import MAIL_LOST
from conventions.steps.reread import reread
from conventions.steps.restamp import restamp
from tests.fakes.world import World
from tests.invariants import check_folder_is_listed


def lose(world: World) -> None:
    """Empty the working store, as a new bucket under the same name would be."""
    world.working.objects.clear()
    world.working.named.clear()


def lost_mails(world: World, reference: str) -> list[JournalEntry]:
    with world.registry.read() as tx:
        return [entry for entry in tx.events(reference) if entry.event.type == MAIL_LOST]


def activated(world: World) -> str:
    reference = world.archived()
    activate.activate(world.ports, reference)
    world.deliver()
    return reference


def test_an_active_agreement_is_bundled_downloaded_renewed_and_judged_again() -> None:
    world = World()
    reference = activated(world)
    keep_trail.keep_trail(world.ports, reference)
    before = bundle(world.ports, reference, "agent")
    lose(world)

    keep_trail.keep_trail(world.ports, reference)
    made = bundle(world.ports, reference, "agent")
    cookie = world.session(Role.AGENT)
    for artefact in world.agreement(reference).artefacts:
        assert sha256_hex(office.file_bytes(world.ports, cookie, reference, artefact.sha256)[1]) == artefact.sha256
    assert len(show_report.show_report(world.ports, cookie, reference).reports) == 2
    assert not reread(world.ports, reference, "exploitant").refusals
    world.clock.advance(timedelta(days=365))
    assert restamp(world.ports, reference)

    assert made.root_sha256 == before.root_sha256
    assert not lost_mails(world, reference)
    check_folder_is_listed(world.ports, reference)


def test_what_the_member_signed_is_shown_countersigned_and_archived() -> None:
    world = World()
    reference = world.member_signed()
    cookie = world.session(Role.SIGNATORY)
    signed = world.agreement(reference).required_artefact(Stage.MEMBER_SIGNED)
    visit = world.visit(reference)
    lose(world)

    assert sha256_hex(show.desk_document(world.ports, cookie, reference)) == signed.sha256
    assert show.desk_page_picture(world.ports, cookie, reference, 1)
    assert sha256_hex(read_page.document_bytes(world.ports, visit)[1]) == signed.sha256
    countersign.countersign(world.ports, world.authorise(reference).id)
    archive.archive(world.ports, reference)
    activate.activate(world.ports, reference)
    world.deliver()
    assert resume.resume(world.ports).done == ((reference, "keep_trail"),)

    assert world.status(reference) is Status.ACTIVE
    assert world.agreement(reference).fact(FactKind.NOTIFIED) is not None
    check_folder_is_listed(world.ports, reference)


def test_mails_that_were_not_under_lock_yet_are_told_once_and_stop_nothing() -> None:
    world = World()
    reference = activated(world)
    lose(world)

    keep_trail.keep_trail(world.ports, reference)
    keep_trail.keep_trail(world.ports, reference)

    with world.registry.read() as tx:
        sent = {entry.event.data["sha256"] for entry in tx.events(reference) if entry.event.type == "mail.sent"}
    assert [entry.event.data["sha256"] for entry in lost_mails(world, reference)].count(next(iter(sent))) == 1
    assert {entry.event.data["sha256"] for entry in lost_mails(world, reference)} == sent
    assert world.agreement(reference).fact(FactKind.TRAIL_KEPT) is not None


def test_what_the_archive_gives_instead_is_compared_and_what_neither_has_is_not_found() -> None:
    world = World()
    reference = world.member_signed()
    signed = world.agreement(reference).required_artefact(Stage.MEMBER_SIGNED)
    key = next(key for key in world.archive.objects if key.endswith(signed.sha256))
    lose(world)

    world.archive.objects[key] = b"others"
    with pytest.raises(EvidenceBroken):
        read_by_digest(world.ports, reference, signed.sha256)
    del world.archive.objects[key]
    with pytest.raises(NotFound):
        read_by_digest(world.ports, reference, signed.sha256)
    with pytest.raises(NotFound):
        read_by_digest(world.ports, reference, "0" * 64)
