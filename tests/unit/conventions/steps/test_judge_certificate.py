"""A file signed with a certificate that names no organisation waits; an agent confirms it, or refuses it, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from conventions.accounts import Role
from conventions.agreements import Fact, FactKind, Stage
from conventions.attentions import AttentionKind
from conventions.canonical import sha256_hex
from conventions.corrections import form_of
from conventions.errors import InputRefused, NotFound, RuleRefused
from conventions.held_uploads import HeldOutcome, held_upload, outcome_of
from conventions.outgoing import Template
from conventions.preparation import expected_signers
from conventions.recording import quarantine
from conventions.rivals import is_over
from conventions.standing import Turn, Why
from conventions.status import Status
from conventions.steps import (
    accept_upload,
    archive,
    cancel,
    correct_member,
    countersign,
    decline,
    desk,
    extend,
    handle,
    judge_certificate,
    office,
    open_link,
    rebuild,
    redraft,
    resume,
    sign,
    stamp_journal,
)
from conventions.views import Pile, SignerStage
from tests.fakes.meanwhile import Meanwhile
from tests.fakes.registry import FakeRegistry
from tests.fakes.signing import NO_SIREN
from tests.fakes.world import BROWSER, World

REASON = "Appelée au standard, la maire a lu le numéro de série."
AGENT, OTHER = "a-agent", "a-admin"


class Held:
    """A world in which a file waits: its agreement, the signer's cookie, the file as it came."""

    def __init__(self, *, confirms: bool = True) -> None:
        self.world = World()
        rules = replace(self.world.ports.rules, accepts_uploads=True, confirms_certificates=confirms)
        self.world.ports = replace(self.world.ports, rules=rules)
        self.reference = self.world.invited()
        self.cookie = self.world.visit(self.reference)
        view = self.world.read_all(self.cookie)
        self.prepared_sha256 = view.document_sha256
        self.uploaded = self.world.working.get(view.document_sha256) + NO_SIREN + b"\n"
        self.view = accept_upload.accept_upload(self.world.ports, self.cookie, self.uploaded)

    def fact(self, kind: FactKind) -> Fact | None:
        return self.world.agreement(self.reference).fact(kind)

    def confirm(self, number: int = 1, by: str = AGENT, reason: str = REASON) -> None:
        judge_certificate.confirm_certificate(self.world.ports, self.reference, number, by, reason)

    def refuse(self, number: int = 1, reason: str = "Ce certificat est celui d’un homonyme.") -> None:
        judge_certificate.refuse_certificate(self.world.ports, self.reference, number, AGENT, reason)

    def waiting(self) -> list[AttentionKind]:
        with self.world.registry.read() as tx:
            return [one.kind for one in tx.attentions_of(self.reference) if one.is_waiting]

    def sent(self, template: Template) -> list[Any]:
        self.world.deliver()
        return [notice for notice in self.world.mailer.sent if notice.template is template]


def refusal_of(act: Callable[..., object], *arguments: object, **named: object) -> str:
    with pytest.raises((RuleRefused, InputRefused)) as error:
        act(*arguments, **named)
    return error.value.code


def test_the_file_waits_the_member_is_told_and_agents_have_something_to_do() -> None:
    held = Held()
    assert (held.view.stage, held.view.held_at) == (SignerStage.DECIDING, held.world.clock.now())
    assert held.world.status(held.reference) is Status.AWAITING_MEMBER
    assert held.world.agreement(held.reference).artefact(Stage.MEMBER_SIGNED) is None
    fact = held.fact(FactKind.UPLOAD_HELD)
    assert fact is not None
    assert fact.text("uploaded_sha256") == sha256_hex(held.uploaded)
    assert (fact.text("signer"), fact.text("issuer"), fact.text("serial")) == ("CN=Personne", "CN=Autorité", "2a")
    assert held.waiting() == [AttentionKind.CERTIFICATE]
    (mail,) = held.sent(Template.ATTENTION)
    assert "certificat sans SIREN" in mail.values["what"]
    view = office.agreement_view(held.world.ports, held.world.session(Role.AGENT), held.reference)
    assert (view.standing.turn, view.standing.hindrances[0].why) == (Turn.AGENTS, Why.CERTIFICATE)
    assert resume.resume(held.world.ports).done == ()  # nothing moves by itself


def test_confirmed_it_is_the_members_signature_and_goes_on_to_the_archive() -> None:
    held = Held()
    held.confirm()
    signed, settled = held.fact(FactKind.MEMBER_SIGNED), held.fact(FactKind.UPLOAD_SETTLED)
    assert signed is not None
    assert settled is not None
    assert (signed.data["confirmed"], signed.text("uploaded_sha256")) == (1, sha256_hex(held.uploaded))
    assert (settled.data["outcome"], settled.data["by"], settled.data["reason"]) == ("confirmed", AGENT, REASON)
    assert held.waiting() == []
    assert held.world.status(held.reference) is Status.AWAITING_COUNTERSIGNATURE
    assert expected_signers(held.world.agreement(held.reference))[0].certificate_sha256 == signed.text("certificate_sha256")
    assert held.world.archive.objects[next(key for key in held.world.archive.objects if "-uploaded-" in key)] == held.uploaded
    assert len(held.sent(Template.MEMBER_RECEIPT)) == 1
    (item,) = desk.desk(held.world.ports, held.world.session(Role.SIGNATORY)).items
    assert (item.pile, item.reasons) == (Pile.ONE_BY_ONE, ("pile.certificate_confirmed",))
    countersign.countersign(held.world.ports, held.world.authorise(held.reference).id)
    archive.archive(held.world.ports, held.reference)
    assert held.world.status(held.reference) is Status.ARCHIVED


def test_a_registry_made_again_knows_who_confirmed_and_that_it_is_handled() -> None:
    held = Held()
    held.confirm()
    countersign.countersign(held.world.ports, held.world.authorise(held.reference).id)
    archive.archive(held.world.ports, held.reference)
    stamp_journal.stamp_journal(held.world.ports)
    into = FakeRegistry()
    rebuild.rebuild(held.world.ports, into)
    with into.read() as tx:
        found, (told,) = tx.agreement(held.reference), tx.attentions_of(held.reference)
    assert found.fact(FactKind.UPLOAD_SETTLED) == held.fact(FactKind.UPLOAD_SETTLED)
    assert (told.kind, told.is_waiting, told.text) == (AttentionKind.CERTIFICATE, False, "")


def test_confirmed_twice_is_once_and_says_who_was_first() -> None:
    held = Held()
    held.confirm()
    before = held.world.agreement(held.reference)
    held.confirm(by=OTHER, reason="Moi aussi.")
    assert held.world.agreement(held.reference) == before
    assert refusal_of(held.refuse) == "upload.judged"


def test_two_agents_at_once_make_one_signature() -> None:
    held = Held()
    ports = held.world.ports
    racing: Any = Meanwhile(ports.working, "get", held.confirm)
    held.world.ports = replace(ports, working=racing)
    judge_certificate.confirm_certificate(held.world.ports, held.reference, 1, OTHER, "Vu.")
    settled = [fact for fact in held.world.agreement(held.reference).facts if fact.kind is FactKind.UPLOAD_SETTLED]
    assert [fact.data["by"] for fact in settled] == [AGENT]


def test_refused_the_member_reads_why_and_may_send_another_or_sign_online() -> None:
    held = Held()
    held.refuse()
    held.refuse()
    (mail,) = held.sent(Template.UPLOAD_REFUSED)
    assert mail.values["reason"] == "Ce certificat est celui d’un homonyme."
    assert refusal_of(held.confirm) == "upload.judged"
    assert held_upload(held.world.agreement(held.reference)) is None
    again = accept_upload.accept_upload(held.world.ports, held.cookie, held.uploaded)
    assert again.held_at is not None
    assert refusal_of(held.confirm, 1) == "upload.judged"
    held.confirm(2)
    assert held.world.status(held.reference) is Status.AWAITING_COUNTERSIGNATURE


def test_the_same_file_again_changes_nothing_and_another_such_file_waits_its_turn() -> None:
    held = Held()
    before = held.world.agreement(held.reference)
    assert accept_upload.accept_upload(held.world.ports, held.cookie, held.uploaded) == held.view
    assert refusal_of(accept_upload.accept_upload, held.world.ports, held.cookie, held.uploaded + NO_SIREN) == "upload.waiting"
    assert held.world.agreement(held.reference) == before
    assert held.waiting() == [AttentionKind.CERTIFICATE]


@pytest.mark.parametrize("way", ["file", "code"])
def test_signed_otherwise_meanwhile_the_file_is_overtaken_and_nobody_has_to_look(way: str) -> None:
    held = Held()
    if way == "file":
        better = held.world.working.get(held.prepared_sha256) + b"with a SIREN\n"
        accept_upload.accept_upload(held.world.ports, held.cookie, better)
    else:
        code = held.world.ask_code(held.cookie)
        sign.sign(held.world.ports, held.cookie, code, accepted=True, document_sha256=held.prepared_sha256)
    agreement = held.world.agreement(held.reference)
    assert outcome_of(agreement, agreement.required_fact(FactKind.UPLOAD_HELD)) is HeldOutcome.OVERTAKEN
    assert "confirmed" not in agreement.required_fact(FactKind.MEMBER_SIGNED).data
    assert held.waiting() == []
    assert refusal_of(held.confirm) == "upload.judged"


def test_the_deadline_does_not_pass_while_the_agents_look_and_does_once_refused() -> None:
    held = Held()
    invited = held.fact(FactKind.INVITED)
    assert invited is not None
    held.world.clock.advance(invited.instant("deadline") - held.world.clock.now() + timedelta(hours=1))
    assert held.world.status(held.reference) is Status.AWAITING_MEMBER
    other = Held()
    other.world.clock.advance(held.world.clock.now() - other.world.clock.now())
    held.confirm()
    assert held.world.status(held.reference) is Status.AWAITING_COUNTERSIGNATURE
    other.refuse()
    assert other.world.status(other.reference) is Status.EXPIRED


@pytest.mark.parametrize("end", ["declined", "cancelled"])
def test_beside_a_decision_nothing_is_confirmed_nor_refused_and_an_agent_says_it_handled(end: str) -> None:
    held = Held()
    if end == "declined":
        decline.decline(held.world.ports, held.cookie, "")
    else:
        cancel.cancel(held.world.ports, held.reference, "Plus de besoin.", AGENT)
    assert refusal_of(held.confirm) == "agreement.decided"
    assert refusal_of(held.refuse) == "agreement.decided"
    (told,) = office.agreement_view(held.world.ports, held.world.session(Role.AGENT), held.reference).attentions
    handle.handle(held.world.ports, held.reference, told.id, AGENT, "")
    assert held.waiting() == []


@pytest.mark.parametrize("why", ["in quarantine", "the programme is over"])
def test_what_no_longer_waits_for_its_member_is_not_judged(why: str) -> None:
    held = Held()
    if why == "in quarantine":
        quarantine(held.world.ports, held.reference, "evidence.digest")
    else:
        held.world.clock.advance(timedelta(days=365 * 6))
    assert refusal_of(held.confirm) == "agreement.not_awaiting_member"
    assert refusal_of(held.refuse) == "agreement.not_awaiting_member"


def test_an_agent_may_not_say_handled_what_is_to_be_judged() -> None:
    held = Held()
    (told,) = office.agreement_view(held.world.ports, held.world.session(Role.AGENT), held.reference).attentions
    assert refusal_of(handle.handle, held.world.ports, held.reference, told.id, AGENT, "") == "upload.to_judge"
    open_link.refuse_identity(held.world.ports, held.world.token(held.reference), BROWSER)
    view = office.agreement_view(held.world.ports, held.world.session(Role.AGENT), held.reference)
    handle.handle(held.world.ports, held.reference, view.attentions[-1].id, AGENT, "")
    assert held.waiting() == [AttentionKind.CERTIFICATE]


def test_nothing_is_confirmed_from_a_link_in_doubt() -> None:
    held = Held()
    open_link.refuse_identity(held.world.ports, held.world.token(held.reference), BROWSER)
    assert refusal_of(held.confirm) == "link.in_doubt"
    assert held.fact(FactKind.CONSENTED) is None


def test_another_version_knows_nothing_of_the_file() -> None:
    held = Held()
    held.refuse()
    invited = held.fact(FactKind.INVITED)
    assert invited is not None
    held.world.clock.advance(invited.instant("deadline") - held.world.clock.now() + timedelta(hours=1))
    deadline = held.world.clock.now() + timedelta(days=30)
    redraft.redraft(held.world.ports, held.reference, AGENT, reason="Trop tard.", deadline=deadline)
    assert held_upload(held.world.agreement(held.reference)) is None
    assert refusal_of(held.confirm) == "upload.judged"


def test_nothing_printed_is_corrected_under_it_and_no_other_campaign_asks_meanwhile() -> None:
    held = Held()
    agreement = held.world.agreement(held.reference)
    with held.world.registry.read() as tx:
        member, campaign = tx.member(agreement.member_id), tx.campaign(agreement.campaign_id)
    values = {**form_of(member), "representative_capacity": "Présidente par intérim"}
    assert refusal_of(correct_member.correct_member, held.world.ports, member.id, values, AGENT) == "upload.to_judge"
    later = campaign.deadline + timedelta(days=1)
    assert not is_over(held.world.agreement(held.reference), campaign.deadline, later)
    held.refuse()
    assert is_over(held.world.agreement(held.reference), campaign.deadline, later)
    correct_member.correct_member(held.world.ports, member.id, values, AGENT)
    assert held.world.agreement(held.reference).version == 2


def test_more_time_may_be_given_while_it_waits() -> None:
    held = Held()
    extend.extend(held.world.ports, held.reference, held.world.clock.now() + timedelta(days=200), AGENT)
    held.confirm()
    assert held.world.status(held.reference) is Status.AWAITING_COUNTERSIGNATURE


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_reason_is_needed(reason: str) -> None:
    held = Held()
    assert refusal_of(held.confirm, reason=reason) == "text.empty"
    assert refusal_of(held.refuse, reason=reason) == "text.empty"
    assert held_upload(held.world.agreement(held.reference)) is not None


def test_bytes_that_are_lost_confirm_nothing() -> None:
    held = Held()
    held.world.working.objects.clear()
    with pytest.raises(NotFound):
        held.confirm()
    assert held_upload(held.world.agreement(held.reference)) is not None


@pytest.mark.parametrize("change", ["declined", "cancelled", "redrafted"])
def test_what_was_decided_while_the_file_was_read_leaves_nothing_waiting(change: str) -> None:
    held = Held()
    held.refuse()
    ports = held.world.ports

    def meanwhile() -> None:
        if change == "declined":
            decline.decline(ports, held.cookie, "")
        elif change == "cancelled":
            cancel.cancel(ports, held.reference, "Plus de besoin.", AGENT)
        else:
            with ports.registry.write() as tx:
                tx.add_fact(held.reference, Fact(FactKind.DRAFTED, ports.clock.now(), 2, {"programme_ends_on": "2030-12-31"}))

    racing: Any = Meanwhile(ports.signing, "complete_upload", meanwhile)
    code = refusal_of(accept_upload.accept_upload, replace(ports, signing=racing), held.cookie, held.uploaded + b"again")
    assert code == ("agreement.cancelled" if change == "cancelled" else "document.changed")
    assert held.waiting() == []


def test_an_installation_that_does_not_confirm_takes_it_at_once() -> None:
    held = Held(confirms=False)
    assert held.view.stage is SignerStage.SIGNED
    assert held.fact(FactKind.UPLOAD_HELD) is None
