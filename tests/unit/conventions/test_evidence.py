"""What an evidence file says: only what was recorded, in words that claim no more, in the shape that its renderer reads."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from conventions.accounts import Role
from conventions.agreements import FactKind
from conventions.canonical import render_canonical
from conventions.errors import NotFound
from conventions.evidence import EvidenceSources, details_of, evidence_data, told_events
from conventions.kinds import Kind
from conventions.qualification import Qualification, QualifiedWhy
from conventions.status import Status
from conventions.steps import activate, keep_trail, office, return_to_member
from conventions.steps.keep_trail import events_of
from conventions.steps.stamp_journal import stamp_journal
from documents.evidence import parse_evidence
from documents.evidence_words import EVENT_SENTENCES
from tests.fakes.world import World


def sources_of(world: World, reference: str) -> EvidenceSources:
    """Gather what the step gathers."""
    agreement = world.agreement(reference)
    with world.registry.read() as tx:
        member, entries, heads = tx.member(agreement.member_id), list(events_of(tx, reference)), tx.heads()
    validated = [fact for fact in agreement.facts if fact.kind is FactKind.VALIDATED]
    reports = [json.loads(world.working.objects[fact.text("report_sha256")])["report"] for fact in validated]
    state = next(state for key, state in world.archive.states.items() if "-sealed-" in key and reference in key)
    return EvidenceSources(agreement, member, world.programme, True, entries, reports, state, heads)


def kept(world: World, kind: str) -> list[bytes]:
    return [data for key, data in sorted(world.archive.objects.items()) if f"-{kind}-" in key]


def test_it_is_read_strictly_by_its_renderer_and_tells_each_event_in_order() -> None:
    world = World()
    reference = world.archived()
    world.registry.sequence_events()
    data = evidence_data(sources_of(world, reference))
    found = parse_evidence(json.loads(render_canonical(data)))
    types = [event.type for event in found.events]
    assert types[0] == "agreement.drafted"
    assert types[-1] == "agreement.archived"
    assert {"link.opened", "document.part_turned", "code.requested", "agreement.consented", "mail.sent"} <= set(types)
    assert all(type_ in EVENT_SENTENCES for type_ in types)
    assert found.established_at == found.events[-1].at
    assert [one.field for one in found.signatures] == ["Signature_Membre", "Signature_VP"]
    assert all("simple" in one.explanation for one in found.signatures)
    assert {one.is_valid for one in found.validations} == {True}
    assert found.archive is not None
    assert found.archive.lock_mode == "GOVERNANCE"
    assert found.journal is None


def test_it_says_from_where_and_masks_mail_addresses() -> None:
    world = World()
    reference = world.archived()
    text = render_canonical(evidence_data(sources_of(world, reference))).decode()
    assert "192.0.2.7" in text
    assert "representant14@membre.invalid" not in text
    assert "r…@m….invalid" in text
    assert "iPhone" not in text
    assert world.code() not in text
    assert world.token(reference) not in text


def test_the_first_head_that_covers_every_event_is_named() -> None:
    world = World()
    reference = world.archived()
    (head,) = stamp_journal(world.ports)
    data: Any = evidence_data(sources_of(world, reference))
    assert data["journal"]["root"] == head.root_sha256
    assert parse_evidence(json.loads(render_canonical(data))).journal is not None


def test_timestamps_are_told_with_what_they_cover_and_what_lists_say() -> None:
    world = World()
    reference = world.archived()
    sources = sources_of(world, reference)
    stamp: dict[str, Any] = {"field": "Horodatage_01", "authority": "A", "at": "2026-11-24T09:00:00+00:00", "kind": "document-timestamp"}
    reports: Any = [{**sources.reports[0], "timestamps": [stamp]}]
    (told,) = parse_evidence(json.loads(render_canonical(evidence_data(replace(sources, reports=reports))))).timestamps
    assert not told.is_qualified
    assert told.explanation.startswith("Il couvre tout ce qui le précède. Horodatage tenu pour non qualifié, parce qu’aucune liste")
    stamp["qualification"] = Qualification(QualifiedWhy.GRANTED, "FR", "Heure qualifiée").as_json()
    (told,) = parse_evidence(json.loads(render_canonical(evidence_data(replace(sources, reports=reports))))).timestamps
    assert told.is_qualified
    assert "Heure qualifiée" in told.explanation


def explanations(sources: EvidenceSources, qualification: Qualification) -> list[str]:
    report: Any = sources.reports[0]
    signatures = [{**one, "qualification": qualification.as_json()} for one in report["signatures"]]
    data: Any = evidence_data(replace(sources, reports=[{**report, "signatures": signatures}]))
    return [one["explanation"] for one in data["signatures"]]


def test_a_certificate_that_claims_to_be_qualified_is_told_by_the_lists_and_ours_as_it_is() -> None:
    world = World()
    sources = sources_of(world, world.archived())
    assert all("simple" in told for told in explanations(sources, Qualification(QualifiedWhy.NOT_CLAIMED)))
    granted = explanations(sources, Qualification(QualifiedWhy.GRANTED, "FR", "AC qualifiée"))
    assert all(told.startswith("Signature qualifiée, parce que") for told in granted)


def test_a_signature_made_elsewhere_is_told_as_such() -> None:
    world = World()
    sources = sources_of(world, world.archived())
    facts = [
        replace(fact, data={**fact.data, "uploaded_sha256": "0" * 64}) if fact.kind is FactKind.MEMBER_SIGNED else fact
        for fact in sources.agreement.facts
    ]
    elsewhere = replace(sources, agreement=replace(sources.agreement, facts=tuple(facts)))
    member, syndicate = explanations(elsewhere, Qualification(QualifiedWhy.NOT_CLAIMED))
    assert member.startswith("Faite avec le certificat et l’outil de cette personne")
    assert "simple" in syndicate
    data: Any = evidence_data(elsewhere)
    assert "certificat de cette personne" in data["people"][0]["identified_by"][1]
    assert len(data["people"][0]["identified_by"]) == 2
    confirmed = [
        replace(fact, data={**fact.data, "confirmed": 1}) if fact.kind is FactKind.MEMBER_SIGNED else fact
        for fact in elsewhere.agreement.facts
    ]
    told: Any = evidence_data(replace(elsewhere, agreement=replace(elsewhere.agreement, facts=tuple(confirmed))))
    assert "confirmé par un agent" in told["people"][0]["identified_by"][2]


def test_who_reads_what_is_kept_is_not_told() -> None:
    world = World()
    reference = world.archived()
    sha256 = world.agreement(reference).artefacts[0].sha256
    before = evidence_data(sources_of(world, reference))
    office.file_bytes(world.ports, world.session(Role.AGENT), reference, sha256)
    assert evidence_data(sources_of(world, reference)) == before


def test_a_reason_given_is_told_and_a_purged_one_left_out() -> None:
    world = World()
    reference = world.member_signed()
    return_to_member.return_to_member(world.ports, world.session(Role.SIGNATORY), reference, "Un nom à corriger.")
    with world.registry.read() as tx:
        (entry,) = (entry for entry in events_of(tx, reference) if entry.event.type == "agreement.returned")
    assert ("Motif", "Un nom à corriger.") in list(details_of(entry))
    assert list(details_of(replace(entry, event=replace(entry.event, personal={})))) == []


def test_an_event_of_another_family_is_left_out_and_one_without_a_place_has_no_head() -> None:
    world = World()
    reference = world.archived()
    stamp_journal(world.ports)
    sources = sources_of(world, reference)
    last = sources.entries[-1]
    later = replace(last, index=None, event=replace(last.event, id="x", type="code.wrong", data={"tries_left": 4}))
    stranger = replace(last, event=replace(last.event, id="y", type="file.read"))
    assert stranger not in told_events([*sources.entries, stranger])
    data: Any = evidence_data(replace(sources, entries=[*sources.entries, later]))
    assert data["journal"] is None


def test_what_the_member_alone_signed_names_one_person() -> None:
    world = World()
    reference = world.archived()
    sources = sources_of(world, reference)
    alone = replace(
        sources.agreement, kind=Kind.CHARTER, facts=tuple(f for f in sources.agreement.facts if f.kind is not FactKind.COUNTERSIGNED)
    )
    report: Any = {**sources.reports[0], "signatures": sources.reports[0]["signatures"][:1]}  # type: ignore[index]
    found = parse_evidence(json.loads(render_canonical(evidence_data(replace(sources, agreement=alone, reports=[report])))))
    assert [person.party for person in found.people] == ["member"]
    assert found.document.sealed_sha256 is None


def test_it_is_kept_sealed_with_its_data_and_made_once_for_the_same_events() -> None:
    world = World()
    reference = world.archived()
    keep_trail.keep_trail(world.ports, reference)
    assert len(kept(world, "evidence-data")) == 1
    files = [data for key, data in world.archive.objects.items() if "-evidence-" in key and "-evidence-data-" not in key]
    assert len(files) == 1
    assert files[0].endswith(b"sealed\n")
    stamp_journal(world.ports)
    keep_trail.keep_trail(world.ports, reference)
    assert len(kept(world, "evidence-data")) == 1
    activate.activate(world.ports, reference)
    world.deliver()
    assert world.status(reference) is Status.ACTIVE
    keep_trail.keep_trail(world.ports, reference)
    assert len(kept(world, "evidence-data")) == 2


def test_there_is_none_before_the_archive() -> None:
    world = World()
    reference = world.member_signed()
    keep_trail.keep_trail(world.ports, reference)
    assert not kept(world, "evidence-data")
    other: Any = sources_of(world, world.archived(15))
    with pytest.raises(NotFound):
        evidence_data(replace(other, agreement=world.agreement(reference)))
