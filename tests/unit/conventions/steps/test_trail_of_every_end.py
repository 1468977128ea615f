"""Every agreement that the member signed leaves a whole trail, whatever became of it: returned, cancelled, over, changed since."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from conventions.accounts import Role
from conventions.agreements import Fact, FactKind, Stage
from conventions.archive_faults import ArchiveFault
from conventions.canonical import Json
from conventions.evidence import NOBODY_IDENTIFIED
from conventions.folder import keep
from conventions.kinds import Kind
from conventions.proved import as_of, is_left_to_the_member, is_trail_due, kept_versions, proved, versions_to_tell
from conventions.recording import record_fact
from conventions.retention import retain_until
from conventions.status import Status
from conventions.steps import activate, archive, cancel, countersign, decline, keep_trail, redraft, resume, return_to_member
from conventions.steps.bundle import bundle
from conventions.steps.check_archive import check_archive
from conventions.steps.compare_registries import compare_registries
from conventions.steps.judge_member_file import JUDGED, VALIDATION_KIND
from conventions.steps.rebuild import rebuild
from conventions.steps.release import release
from conventions.steps.stamp_journal import stamp_journal
from documents.evidence import parse_evidence
from tests.fakes.registry import FakeRegistry
from tests.fakes.world import World
from tests.invariants import check_agreement, check_folder_is_listed

REASON = "Un nom à corriger."


def returned(world: World, reference: str) -> None:
    return_to_member.return_to_member(world.ports, world.session(Role.SIGNATORY), reference, REASON)


def cancelled(world: World, reference: str) -> None:
    cancel.cancel(world.ports, reference, "Doublon d’une autre convention.", "a-agent")


def over(world: World, reference: str) -> None:
    world.clock.advance(timedelta(days=6 * 366))


def superseded(world: World, reference: str) -> None:
    with world.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        fact = Fact(FactKind.SUPERSEDED, world.clock.now(), agreement.version, {"replaced_by": "2026-0099"})
        record_fact(world.ports, tx, agreement, fact)


def declined(world: World, reference: str) -> None:
    again(world, reference)
    decline.decline(world.ports, world.visit(reference), "Le conseil a changé d’avis.")


def expired(world: World, reference: str) -> None:
    again(world, reference)
    world.clock.advance(timedelta(days=90))


def again(world: World, reference: str) -> None:
    """Return what the member signed, and have it invited to sign the next version."""
    returned(world, reference)
    redraft.redraft(world.ports, reference, "agent")
    resume.resume(world.ports)
    world.deliver()


ENDS: Mapping[Status, Callable[[World, str], None]] = {
    Status.RETURNED: returned,
    Status.CANCELLED: cancelled,
    Status.ENDED: over,
    Status.SUPERSEDED: superseded,
    Status.DECLINED: declined,
    Status.EXPIRED: expired,
}


def kept(world: World, kind: str) -> list[bytes]:
    return [data for key, data in sorted(world.archive.objects.items()) if f"-{kind}-" in key]


def evidences(world: World) -> list[dict[str, Any]]:
    return [json.loads(data) for data in kept(world, "evidence-data")]


def trails(world: World, reference: str) -> list[Fact]:
    return [fact for fact in world.agreement(reference).facts if fact.kind is FactKind.TRAIL_KEPT]


@pytest.mark.parametrize("status", ENDS)
def test_what_the_member_alone_signed_leaves_its_trail_however_it_ends(status: Status) -> None:
    world = World()
    reference = world.member_signed()
    ENDS[status](world, reference)
    world.deliver()
    assert world.status(reference) is status

    assert (reference, "keep_trail") in resume.resume(world.ports).done

    assert len(trails(world, reference)) == 1
    (told,) = evidences(world)
    found = parse_evidence(told)
    assert found.version == 1
    assert found.document.sealed_sha256 is None
    assert found.archive is not None
    assert found.archive.sha256 == world.agreement(reference).required_artefact(Stage.MEMBER_SIGNED, 1).sha256
    assert [one.field for one in found.signatures] == ["Signature_Membre"]
    assert [one.is_valid for one in found.validations] == [True, True]
    assert [person.identified_by for person in found.people][1] == NOBODY_IDENTIFIED
    assert kept(world, "mail-invitation")
    facts = [fact["kind"] for fact in json.loads(kept(world, "record")[-1])["facts"]]
    assert facts == [fact.kind for fact in world.agreement(reference).facts if fact.kind is not FactKind.TRAIL_KEPT]
    check_folder_is_listed(world.ports, reference)
    check_agreement(world.ports, reference)
    assert check_archive(world.ports).holds


@pytest.mark.parametrize("status", ENDS)
def test_nothing_is_kept_twice_and_nothing_more_is_asked(status: Status) -> None:
    world = World()
    reference = world.member_signed()
    ENDS[status](world, reference)
    world.deliver()
    resume.resume(world.ports)
    before = dict(world.archive.objects)

    keep_trail.keep_trail(world.ports, reference)

    assert world.archive.objects == before
    assert resume.resume(world.ports).done == ()
    assert len(trails(world, reference)) == 1


def test_a_mail_that_waits_to_leave_is_waited_for() -> None:
    world = World()
    reference = world.member_signed()
    returned(world, reference)
    assert [item for item in resume.resume(world.ports).waiting if item[1] == "keep_trail"] == [(reference, "keep_trail", "upstream.busy")]
    assert world.agreement(reference).failure is None
    world.deliver()
    assert resume.resume(world.ports).done == ((reference, "keep_trail"),)
    assert kept(world, "mail-returned")


def test_a_version_taken_up_again_has_a_trail_of_its_own() -> None:
    world = World()
    reference = world.member_signed()
    returned(world, reference)
    world.deliver()
    resume.resume(world.ports)
    redraft.redraft(world.ports, reference, "agent")
    resume.resume(world.ports)
    world.deliver()
    world.sign(reference)
    assert not is_trail_due(world.agreement(reference), world.status(reference))
    countersign.countersign(world.ports, world.authorise(reference).id)
    archive.archive(world.ports, reference)
    activate.activate(world.ports, reference)
    world.deliver()

    assert resume.resume(world.ports).done == ((reference, "keep_trail"),)

    assert [fact.version for fact in trails(world, reference)] == [1, 2]
    assert [(one["version"], one["document"]["sealed_sha256"] is None) for one in evidences(world)] == [(1, True), (2, False)]
    check_agreement(world.ports, reference)
    check_folder_is_listed(world.ports, reference)


def test_a_version_left_without_a_sweep_is_told_with_the_next_one() -> None:
    world = World()
    reference = world.member_signed()
    again(world, reference)
    keep_trail.keep_trail(world.ports, reference)
    assert [one["version"] for one in evidences(world)] == [1]
    assert trails(world, reference) == []


def test_what_happens_to_one_that_is_closed_reopens_its_trail_and_a_renewal_does_not() -> None:
    world = World()
    reference = world.archived()
    activate.activate(world.ports, reference)
    world.deliver()
    resume.resume(world.ports)
    with world.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        data: dict[str, Json] = {"number": 1, "key": "k", "sha256": "0" * 64, "verifiable_until": "2031-01-01T00:00:00+00:00"}
        renewed = replace(agreement, facts=(*agreement.facts, Fact(FactKind.RESTAMPED, world.clock.now(), 1, data)))
        assert not is_trail_due(renewed, Status.ACTIVE)
        on = (world.clock.now() + timedelta(days=30)).date().isoformat()
        record_fact(world.ports, tx, agreement, Fact(FactKind.TERMINATED, world.clock.now(), 1, {"on": on, "document": "2026-0002"}))

    assert resume.resume(world.ports).done == ((reference, "keep_trail"),)

    assert len(trails(world, reference)) == 2
    assert "agreement.terminated" in {event["type"] for event in evidences(world)[-1]["events"]}
    assert json.loads(kept(world, "record")[-1])["facts"][-1]["kind"] == FactKind.TERMINATED
    world.clock.advance(timedelta(days=60))
    assert world.status(reference) is Status.TERMINATED
    assert resume.resume(world.ports).done == ()
    check_agreement(world.ports, reference)


def test_one_that_is_being_signed_has_mails_and_record_and_no_evidence_file_yet() -> None:
    world = World()
    reference = world.member_signed()
    keep_trail.keep_trail(world.ports, reference)
    assert evidences(world) == []
    assert kept(world, VALIDATION_KIND.rstrip("-")) == []
    countersign.countersign(world.ports, world.authorise(reference).id)
    over(world, reference)
    assert world.status(reference) is Status.ENDED
    assert versions_to_tell(world.agreement(reference), Status.ENDED) == ()  # its file is complete: it is archived first


def test_a_fact_recorded_meanwhile_leaves_the_trail_open() -> None:
    world = World()
    reference = world.member_signed()
    returned(world, reference)
    world.deliver()

    seen: list[str] = []
    write = world.archive.write

    def racing(key: str, data: bytes, until: datetime) -> Any:  # noqa: ANN401 what the archive returns
        if not seen:
            seen.append(key)
            redraft.redraft(world.ports, reference, "agent")
        return write(key, data, until)

    archive_port: Any = type("Racing", (), {"__getattr__": lambda _, name: getattr(world.archive, name), "write": staticmethod(racing)})()
    keep_trail.keep_trail(replace(world.ports, archive=archive_port), reference)
    assert trails(world, reference) == []


def test_a_reader_that_refuses_it_puts_it_aside_and_its_report_is_kept_as_it_says() -> None:
    world = World()
    reference = world.member_signed()
    returned(world, reference)
    world.deliver()
    world.signing.second_refuses = {world.agreement(reference).required_artefact(Stage.MEMBER_SIGNED).sha256}

    resume.resume(world.ports)

    assert world.status(reference) is Status.QUARANTINED
    assert world.agreement(reference).required_fact(FactKind.QUARANTINED).data["refused_by"] == ["fake-second"]
    assert [one["is_valid"] for one in evidences(world)[0]["validations"]] == [True, False]
    assert trails(world, reference) == []
    release(world.ports, reference, "Constaté, le lecteur a raison.", "admin")
    assert resume.resume(world.ports).done == ((reference, "keep_trail"),)
    with world.registry.read() as tx:
        assert [entry.event.type for entry in tx.events(reference)].count(JUDGED) == 1


def test_all_readers_that_refuse_it_are_told_as_such() -> None:
    world = World()
    reference = world.member_signed()
    returned(world, reference)
    world.deliver()
    sha256 = world.agreement(reference).required_artefact(Stage.MEMBER_SIGNED).sha256
    world.signing.refuses = world.signing.second_refuses = {sha256}
    keep_trail.keep_trail(world.ports, reference)
    assert world.agreement(reference).required_fact(FactKind.QUARANTINED).data["reason"] == "verification.failed"


def test_reports_on_another_file_or_lost_ones_do_not_stand_for_its_own() -> None:
    world = World()
    reference = world.member_signed()
    returned(world, reference)
    world.deliver()
    until = retain_until(world.programme, 10)
    keep(world.ports, reference, "validation-fake", b'{"report":{"sha256":"other"}}', until)
    lost = keep(world.ports, reference, "validation-fake-second", b'{"report":{"sha256":"lost"}}', until)
    del world.archive.objects[lost.key], world.working.objects[lost.sha256]

    keep_trail.keep_trail(world.ports, reference)

    sha256 = world.agreement(reference).required_artefact(Stage.MEMBER_SIGNED).sha256
    judged = [json.loads(data)["report"]["sha256"] for key, data in world.archive.objects.items() if f"-{VALIDATION_KIND}" in key]
    assert sorted(judged) == sorted(["other", sha256, sha256])
    assert ArchiveFault.MISSING in {one.fault for one in check_archive(world.ports).findings}


def files_of(world: World, reference: str) -> dict[str, bytes]:
    made = bundle(world.ports, reference, "agent")
    with zipfile.ZipFile(io.BytesIO(made.data)) as packed:
        return {name.partition("/")[2]: packed.read(name) for name in packed.namelist()}


def test_its_bundle_says_that_the_member_alone_signed_even_while_the_next_version_waits() -> None:
    world = World()
    reference = world.member_signed()
    again(world, reference)
    text = files_of(world, reference)["LISEZ-MOI.txt"].decode()
    assert "Le syndicat n’a pas contresigné ce document" in text
    assert "Personne n’a contresigné." in text
    assert "second facteur" not in text
    assert "Contresigné le" not in text


def test_the_registry_made_again_from_the_archive_has_the_trail_of_one_that_was_returned() -> None:
    world = World()
    reference = world.member_signed()
    returned(world, reference)
    world.deliver()
    resume.resume(world.ports)
    stamp_journal(world.ports)
    made = FakeRegistry()
    assert rebuild(world.ports, made).is_complete
    assert compare_registries(world.registry, made) == []
    with made.read() as tx:
        assert tx.agreement(reference).fact(FactKind.TRAIL_KEPT) is not None


def test_what_a_folder_proves_is_its_last_signed_version() -> None:
    world = World()
    reference = world.invited()
    assert kept_versions(world.agreement(reference)) == ()
    assert proved(world.agreement(reference)) == world.agreement(reference)
    assert not is_trail_due(world.agreement(reference), Status.CANCELLED)
    world.sign(reference)
    again(world, reference)
    agreement = world.agreement(reference)
    assert (agreement.version, proved(agreement).version) == (2, 1)
    assert proved(agreement).fact(FactKind.RETURNED) is not None
    assert as_of(agreement, 2) == agreement
    assert is_left_to_the_member(proved(agreement))
    assert not is_left_to_the_member(replace(proved(agreement), kind=Kind.CHARTER))
    assert agreement.facts[0].at.tzinfo is UTC
