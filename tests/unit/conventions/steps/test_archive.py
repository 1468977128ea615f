"""What is put under lock and when, and what activation refuses to believe."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from conventions.accounts import Role
from conventions.agreements import FactKind, Stage
from conventions.canonical import Json
from conventions.errors import EvidenceBroken, NotFound, UpstreamUnavailable, VerificationFailed
from conventions.kinds import Kind
from conventions.ports.documents import Documents
from conventions.ports.signing import Signing
from conventions.recording import quarantine
from conventions.signatures import ExpectedSigner, PadesLevel, ValidationReport
from conventions.status import Status
from conventions.steps import activate, archive, countersign, invite, keep_member_file, prepare, redraft, resume, return_to_member
from tests.fakes.meanwhile import Meanwhile
from tests.fakes.world import World


@pytest.mark.parametrize(
    ("refused_by", "code"),
    [
        (["fake"], "verification.disagree"),
        (["fake-second"], "verification.disagree"),
        (["fake", "fake-second"], "verification.failed"),
    ],
)
def test_either_reader_alone_puts_a_file_in_quarantine(refused_by: list[str], code: str) -> None:
    world = World()
    reference = world.countersigned()
    sha256 = world.agreement(reference).required_artefact(Stage.SEALED).sha256
    for reader, refuses in (("fake", world.signing.refuses), ("fake-second", world.signing.second_refuses)):
        if reader in refused_by:
            refuses.add(sha256)
    with pytest.raises(VerificationFailed) as error:
        archive.archive(world.ports, reference)
    assert error.value.code == code
    assert world.status(reference) is Status.QUARANTINED
    assert not [key for key in world.archive.objects if "-sealed-" in key or "-validation-" in key]
    fact = world.agreement(reference).required_fact(FactKind.QUARANTINED)
    assert (fact.data["reason"], fact.data["refused_by"]) == (code, refused_by)
    reports = fact.data["reports"]
    assert isinstance(reports, Mapping)
    read = {reader: json.loads(world.working.get(str(digest)))["report"]["valid"] for reader, digest in reports.items()}
    assert read == {reader: reader not in refused_by for reader in ("fake", "fake-second")}
    assert resume.resume(world.ports).done == ()
    quarantine(world.ports, reference, code)
    assert len([fact for fact in world.agreement(reference).facts if fact.kind is FactKind.QUARANTINED]) == 1


@pytest.mark.parametrize("reader", ["fake", "fake-second"])
def test_a_reader_that_finds_other_embedded_data_puts_the_file_in_quarantine(reader: str) -> None:
    world = World()
    reference = world.countersigned()
    world.signing.misreads[reader] = "0" * 64
    with pytest.raises(VerificationFailed, match=r"embedded data"):
        archive.archive(world.ports, reference)
    assert world.agreement(reference).required_fact(FactKind.QUARANTINED).data["refused_by"] == [reader]


@pytest.mark.parametrize("changes", [{"level": PadesLevel.B_LT}, {"valid": False, "reasons": ()}])
def test_what_a_reader_accepts_below_the_level_is_refused(changes: Mapping[str, Any]) -> None:
    world = World()
    reference = world.countersigned()
    grudging: Any = Grudging(world.signing, changes)
    with pytest.raises(VerificationFailed, match=r"fake-second: (level B-LT|not valid)$"):
        archive.archive(replace(world.ports, signing=grudging), reference)
    assert world.status(reference) is Status.QUARANTINED


class Grudging:
    """A signing port whose second reader says something else of each file."""

    def __init__(self, signing: Signing, changes: Mapping[str, Any]) -> None:
        self._signing, self._changes = signing, changes
        self.validate = signing.validate

    def second_opinion(self, data: bytes, expected: Sequence[ExpectedSigner]) -> ValidationReport:
        return replace(self._signing.second_opinion(data, expected), **self._changes)


def with_third_reader(world: World) -> World:
    world.ports = replace(world.ports, rules=replace(world.ports.rules, asks_third_reader=True))
    return world


def readers_of(world: World, reference: str) -> list[str]:
    return [fact.text("reader") for fact in world.agreement(reference).facts if fact.kind is FactKind.VALIDATED]


def validated_alone() -> tuple[World, str]:
    """A completed file that both readers accepted, in an archive that went away for a moment."""
    world = World()
    reference = world.countersigned()
    world.archive.down = True
    with pytest.raises(UpstreamUnavailable):
        archive.archive(world.ports, reference)
    world.archive.down = False
    return world, reference


def test_a_third_reader_is_asked_where_there_is_one_and_its_report_is_kept() -> None:
    world = with_third_reader(World())
    reference = world.countersigned()
    archive.archive(world.ports, reference)
    assert readers_of(world, reference) == ["fake", "fake-second", "fake-third"]
    assert any("-validation-fake-third-" in key for key in world.archive.objects)


def test_a_third_reader_that_alone_refuses_puts_the_file_in_quarantine() -> None:
    world = with_third_reader(World())
    reference = world.countersigned()
    world.signing.third_refuses.add(world.agreement(reference).required_artefact(Stage.SEALED).sha256)
    with pytest.raises(VerificationFailed) as refused:
        archive.archive(world.ports, reference)
    assert refused.value.code == "verification.disagree"
    assert world.agreement(reference).required_fact(FactKind.QUARANTINED).data["refused_by"] == ["fake-third"]
    assert world.agreement(reference).fact(FactKind.ARCHIVED) is None


def test_a_third_reader_that_is_away_is_waited_for() -> None:
    world = with_third_reader(World())
    reference = world.countersigned()
    world.signing.third_is_down = True
    with pytest.raises(UpstreamUnavailable):
        archive.archive(world.ports, reference)
    assert (readers_of(world, reference), world.status(reference)) == ([], Status.SEALING)
    world.signing.third_is_down = False
    archive.archive(world.ports, reference)
    assert world.agreement(reference).fact(FactKind.ARCHIVED) is not None


def test_a_third_reader_set_meanwhile_is_asked_for_what_is_not_archived_yet() -> None:
    world, reference = validated_alone()
    archive.archive(with_third_reader(world).ports, reference)
    assert readers_of(world, reference) == ["fake", "fake-second", "fake-third"]


def test_what_another_reader_refuses_is_not_shown_to_the_third() -> None:
    world = with_third_reader(World())
    reference = world.countersigned()
    world.signing.third_is_down = True
    world.signing.refuses.add(world.agreement(reference).required_artefact(Stage.SEALED).sha256)
    with pytest.raises(VerificationFailed):
        archive.archive(world.ports, reference)
    assert world.status(reference) is Status.QUARANTINED


def test_a_validation_recorded_by_one_reader_alone_is_completed_by_the_other() -> None:
    world, reference = validated_alone()
    without_validation(world, reference, "fake-second")
    archive.archive(world.ports, reference)
    readers = [fact.text("reader") for fact in world.agreement(reference).facts if fact.kind is FactKind.VALIDATED]
    assert readers == ["fake", "fake-second"]


def test_changed_working_bytes_are_quarantined() -> None:
    world = World()
    reference = world.invited()
    world.sign(reference)
    countersign.countersign(world.ports, world.authorise(reference).id)
    sha256 = world.agreement(reference).required_artefact(Stage.SEALED).sha256
    world.working.objects[sha256] = b"changed"
    with pytest.raises(EvidenceBroken):
        archive.archive(world.ports, reference)
    assert world.status(reference) is Status.QUARANTINED


SAID_OTHERWISE: Mapping[str, Mapping[str, Json]] = {
    "data": {"demonstration": False},
    "reference": {"reference": "2026-9999"},
    "services": {"services": "toutes"},
}


class Lying:
    """Documents that read in every file what no file says."""

    def __init__(self, documents: Documents, lie: Mapping[str, Json]) -> None:
        self._documents, self._lie = documents, lie

    def read_agreement_data(self, data: bytes) -> Mapping[str, Json]:
        return {**self._documents.read_agreement_data(data), **self._lie}


@pytest.mark.parametrize("fault", ["bytes", "validation", "second opinion", "data", "reference", "services"])
def test_activation_reads_only_the_archived_validated_bytes(fault: str) -> None:
    world = World()
    reference = world.archived()
    key = world.agreement(reference).required_fact(FactKind.ARCHIVED).text("key")
    if fault == "bytes":
        world.archive.objects[key] += b"\n"
    elif fault in {"validation", "second opinion"}:
        without_validation(world, reference, "fake-second" if fault == "second opinion" else None)
    else:
        lying: Any = Lying(world.documents, SAID_OTHERWISE[fault])
        world.ports = replace(world.ports, documents=lying)
    with pytest.raises(EvidenceBroken):
        activate.activate(world.ports, reference)
    assert world.status(reference) is Status.QUARANTINED
    assert world.activation.deliveries == 0


def without_validation(world: World, reference: str, reader: str | None = None) -> None:
    """Remove the recorded validations, all or one reader's, as a tampered registry would."""
    agreement = world.registry.state.agreements[reference]
    kept = tuple(
        fact for fact in agreement.facts if fact.kind is not FactKind.VALIDATED or fact.data["reader"] != (reader or fact.data["reader"])
    )
    world.registry.state.agreements[reference] = replace(agreement, facts=kept)


def with_data(world: World, reference: str, kind: FactKind, **data: Json) -> None:
    """Rewrite what a fact holds, as a tampered registry would."""
    agreement = world.registry.state.agreements[reference]
    facts = (replace(fact, data={**fact.data, **data}) if fact.kind is kind else fact for fact in agreement.facts)
    world.registry.state.agreements[reference] = replace(agreement, facts=tuple(facts))


def test_the_archived_file_of_another_agreement_orders_nothing_even_if_every_record_was_rewritten() -> None:
    world = World()
    reference, other = world.archived(1), world.archived(2)
    theirs = world.agreement(other).required_fact(FactKind.ARCHIVED)
    data_sha256 = world.agreement(other).required_fact(FactKind.PREPARED).text("data_sha256")
    with_data(world, reference, FactKind.ARCHIVED, key=theirs.text("key"), sha256=theirs.text("sha256"))
    with_data(world, reference, FactKind.VALIDATED, sha256=theirs.text("sha256"))
    with_data(world, reference, FactKind.PREPARED, data_sha256=data_sha256)
    with pytest.raises(EvidenceBroken) as error:
        activate.activate(world.ports, reference)
    assert error.value.code == "evidence.data_differs"
    assert world.status(reference) is Status.QUARANTINED
    world.deliver()
    assert world.activation.deliveries == 0


def test_archive_down_waits_and_resumes() -> None:
    world = World()
    reference = world.invited()
    world.sign(reference)
    countersign.countersign(world.ports, world.authorise(reference).id)
    world.archive.down = True
    assert resume.resume(world.ports).waiting == ((reference, "archive", "archive.unavailable"),)
    world.archive.down = False
    assert resume.resume(world.ports).done == ((reference, "archive"), (reference, "activate"))
    with pytest.raises(NotFound):
        activate.activate(world.ports, world.invited(77))


def test_an_archive_that_answers_nothing_to_activation_is_waited_for() -> None:
    world = World()
    reference = world.archived()
    world.archive.down = True
    with pytest.raises(UpstreamUnavailable):
        activate.activate(world.ports, reference)
    assert world.status(reference) is Status.ARCHIVED


def test_a_completed_file_is_validated_once_even_when_the_archive_dies_after() -> None:
    world = World()
    reference = world.countersigned()
    world.archive.down = True
    with pytest.raises(UpstreamUnavailable):
        archive.archive(world.ports, reference)
    world.signing.failure = UpstreamUnavailable("no reader answers any more")
    world.archive.down = False
    archive.archive(world.ports, reference)
    assert world.status(reference) is Status.ARCHIVED
    kinds = Counter(key.split("/")[2].split("-", 1)[1].rsplit("-", 1)[0] for key in world.archive.objects)
    assert (kinds["validation-fake"], kinds["validation-fake-second"]) == (1, 1)
    assert kinds["record"] == 2


def test_a_returned_version_is_evidence_too_and_is_kept_when_the_archive_is_back() -> None:
    world = World()
    world.archive.down = True
    reference = world.member_signed()
    return_to_member.return_to_member(world.ports, world.session(Role.SIGNATORY), reference, "Le référent a changé.")
    assert resume.resume(world.ports).waiting == ((reference, "keep_member_file", "archive.unavailable"),)
    redraft.redraft(world.ports, reference, "agent")
    prepare.prepare(world.ports, reference)
    invite.invite(world.ports, reference)
    world.deliver()
    world.sign(reference)
    world.archive.down = False
    assert resume.resume(world.ports).done == ((reference, "keep_member_file"),)
    kept = [fact for fact in world.agreement(reference).facts if fact.kind is FactKind.MEMBER_FILE_KEPT]
    assert [fact.version for fact in kept] == [1, 2]
    assert len([key for key in world.archive.objects if "-member_signed-" in key]) == 2
    with pytest.raises(NotFound):
        keep_member_file.keep_member_file(world.ports, world.invited(77))


def test_what_was_signed_by_both_is_archived_even_after_the_programme_ended() -> None:
    world = World()
    reference = world.countersigned()
    world.clock.current = world.clock.current.replace(year=2031)
    assert world.status(reference) is Status.ENDED
    assert resume.resume(world.ports).done == ((reference, "archive"),)
    assert world.status(reference) is Status.ENDED
    assert [key for key in world.archive.objects if "-sealed-" in key]


def test_two_archive_at_once_and_the_fact_is_recorded_once() -> None:
    world = World()
    reference = world.countersigned()
    racing: Any = Meanwhile(world.signing, "validate", lambda: archive.archive(world.ports, reference))
    archive.archive(replace(world.ports, signing=racing), reference)
    facts = [fact for fact in world.agreement(reference).facts if fact.kind is FactKind.ARCHIVED]
    assert len(facts) == 1
    assert len([key for key in world.archive.objects if "-sealed-" in key]) == 1


def test_two_keep_the_member_s_file_at_once_and_the_fact_is_recorded_once() -> None:
    world = World()
    world.archive.down = True
    reference = world.member_signed()
    world.archive.down = False
    racing: Any = Meanwhile(world.archive, "write", lambda: keep_member_file.keep_member_file(world.ports, reference))
    keep_member_file.keep_member_file(replace(world.ports, archive=racing), reference)
    before = dict(world.archive.objects)
    keep_member_file.keep_member_file(world.ports, reference)
    facts = [fact for fact in world.agreement(reference).facts if fact.kind is FactKind.MEMBER_FILE_KEPT]
    assert len(facts) == 1
    assert world.archive.objects == before


def test_two_activate_at_once_and_each_service_is_ordered_once() -> None:
    world = World()
    reference = world.archived()
    racing: Any = Meanwhile(world.documents, "read_agreement_data", lambda: activate.activate(world.ports, reference))
    activate.activate(replace(world.ports, documents=racing), reference)
    assert len([fact for fact in world.agreement(reference).facts if fact.kind is FactKind.ORDERED]) == 1
    world.deliver()
    assert world.activation.deliveries == len(world.activation.orders) == 12


def test_what_the_member_alone_signs_is_archived_without_a_ceremony() -> None:
    world = World()
    reference = world.member_signed()
    world.registry.state.agreements[reference] = replace(world.agreement(reference), kind=Kind.CHARTER)
    archive.archive(world.ports, reference)
    assert world.status(reference) is Status.ARCHIVED
    archived = world.agreement(reference).required_fact(FactKind.ARCHIVED)
    assert archived.text("sha256") == world.agreement(reference).required_artefact(Stage.MEMBER_SIGNED).sha256
    assert not [key for key in world.archive.objects if "-ceremony-" in key]
