"""What agents put right, seen from the steps: guards, races, and what one member's correction does to its other agreements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from conventions.accounts import Role
from conventions.agreements import FactKind, Stage
from conventions.corrections import form_of
from conventions.errors import Busy, InputRefused, LinkRefused, RuleRefused
from conventions.members import Member
from conventions.outgoing import Template
from conventions.people import MailAddress
from conventions.powers import Act, ActType, PowerToSign
from conventions.status import Status
from conventions.steps import (
    cancel,
    complete_data,
    correct_member,
    countersign,
    decline,
    draft,
    extend,
    invite,
    prepare,
    redraft,
    reissue_link,
    request_data,
    resume,
    return_to_member,
    sign,
)
from tests.builders import example_member
from tests.fakes.meanwhile import Meanwhile
from tests.fakes.world import CAMPAIGN, World
from tests.invariants import check_agreement
from tests.unit.conventions.test_member_file import ACT, REFERENT

NOT_EXECUTORY = PowerToSign(Act(ActType.DELIBERATION, "le conseil communautaire", "2025-112", date(2025, 12, 11)))


def member_of(world: World, reference: str) -> Member:
    with world.registry.read() as tx:
        return tx.member(tx.agreement(reference).member_id)


def correct(world: World, reference: str, **changes: str) -> Any:  # noqa: ANN401 what the step returns
    member = member_of(world, reference)
    return correct_member.correct_member(world.ports, member.id, {**form_of(member), **changes}, "a-agent")


def drafted(world: World, rank: int = 14, **changes: object) -> str:
    member = world.add_member(rank, **changes)
    world.open_campaign()
    return draft.draft(world.ports, CAMPAIGN, member.id)


def again(world: World, reference: str, campaign_id: str = "seconde") -> str:
    """Draft a second agreement of the same member, in another campaign."""
    member_id = member_of(world, reference).id
    with world.registry.write() as tx:
        campaign = replace(tx.campaign(CAMPAIGN), id=campaign_id)
        tx.add_campaign(campaign)
        return draft.add_draft(world.ports, tx, campaign, member_id, None)


def refused(what: Callable[[], object]) -> str:
    with pytest.raises((RuleRefused, InputRefused)) as error:
        what()
    return error.value.code


@pytest.mark.parametrize("end", ["returned", "declined", "expired", "waiting"])
def test_a_closed_programme_refuses_every_repair_but_of_the_member(end: str) -> None:
    world = World()
    reference = world.member_signed() if end == "returned" else world.invited()
    if end == "returned":
        return_to_member.return_to_member(world.ports, world.session(Role.SIGNATORY), reference, "Une erreur.")
    elif end == "declined":
        decline.decline(world.ports, world.visit(reference), "")
    world.clock.current = world.clock.current.replace(year=2031)
    later = world.clock.now() + timedelta(days=30)
    assert refused(lambda: redraft.redraft(world.ports, reference, "agent", reason="Une erreur.", deadline=later)) == "programme.closed"
    assert refused(lambda: extend.extend(world.ports, reference, later, "agent")) == "programme.closed"
    assert refused(lambda: reissue_link.reissue_link(world.ports, reference, "agent")) == "agreement.not_awaiting_member"
    assert refused(lambda: cancel.cancel(world.ports, reference, "Une erreur.", "agent")) == "agreement.not_cancellable"
    assert correct(world, reference, telephone="02 98 11 11 11").fields == ("telephone",)


def test_a_correction_while_the_file_is_made_throws_it_away_and_makes_it_again() -> None:
    world = World()
    reference = drafted(world)

    def meanwhile() -> None:
        correct(world, reference, representative_capacity="Présidente par intérim")

    racing: Any = Meanwhile(world.documents, "render_agreement", meanwhile)
    with pytest.raises(Busy):
        prepare.prepare(replace(world.ports, documents=racing), reference)
    assert world.agreement(reference).artefact(Stage.PREPARED) is None
    prepare.prepare(world.ports, reference)
    signer = world.agreement(reference).required_fact(FactKind.PREPARED).data["signer"]
    assert "par intérim" in str(signer)


def test_a_file_that_is_cancelled_while_it_is_made_is_not_kept() -> None:
    world = World()
    reference = drafted(world)
    racing: Any = Meanwhile(
        world.documents, "render_agreement", lambda: cancel.cancel(world.ports, reference, "Créée par erreur.", "agent")
    )
    with pytest.raises(Busy):
        prepare.prepare(replace(world.ports, documents=racing), reference)
    prepare.prepare(world.ports, reference)
    invite.invite(world.ports, reference)
    assert not request_data.request_data(world.ports, reference)
    assert world.agreement(reference).artefacts == ()
    world.deliver()
    assert world.mailer.sent == []
    assert resume.resume(world.ports).done == ()


def test_a_signature_in_flight_does_not_pass_a_cancellation() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    view = world.read_all(cookie)
    code = world.ask_code(cookie)
    racing: Any = Meanwhile(world.signing, "sign_for_member", lambda: cancel.cancel(world.ports, reference, "Créée par erreur.", "agent"))
    ports = replace(world.ports, signing=racing)
    assert refused(lambda: sign.sign(ports, cookie, code, accepted=True, document_sha256=view.document_sha256)) == "agreement.cancelled"
    assert world.status(reference) is Status.CANCELLED
    assert refused(lambda: sign.finish_signature(world.ports, reference)) == "agreement.cancelled"
    world.deliver()
    assert world.mailer.sent[-1].template is Template.CANCELLED
    cancel.cancel(world.ports, reference, "Encore.", "agent")
    check_agreement(world.ports, reference)


def test_a_countersignature_that_comes_late_does_not_pass_a_cancellation() -> None:
    world = World()
    reference = world.member_signed()
    authorisation = world.authorise(reference)

    def meanwhile() -> None:
        signed_at = world.clock.current
        world.clock.advance(timedelta(minutes=31))
        cancel.cancel(world.ports, reference, "Les deux parties y renoncent.", "agent")
        world.clock.current = signed_at

    racing: Any = Meanwhile(world.signing, "countersign", meanwhile)
    (outcome,) = countersign.countersign(replace(world.ports, signing=racing), authorisation.id)
    assert outcome.failure_code == "document.changed"
    assert world.status(reference) is Status.CANCELLED
    check_agreement(world.ports, reference)


def test_what_is_authorised_is_not_cancelled() -> None:
    world = World()
    reference = world.member_signed()
    world.authorise(reference)
    assert refused(lambda: cancel.cancel(world.ports, reference, "Trop tard.", "agent")) == "agreement.not_cancellable"
    assert refused(lambda: cancel.cancel(world.ports, reference, " ", "agent")) == "text.empty"
    assert refused(lambda: cancel.cancel(world.ports, reference, "x" * 2_001, "agent")) == "text.too_long"


def test_more_time_before_anything_was_sent_is_the_deadline_of_the_link_to_come() -> None:
    world = World()
    reference = drafted(world)
    later = world.clock.now() + timedelta(days=90)
    extend.extend(world.ports, reference, later, "agent")
    assert refused(lambda: extend.extend(world.ports, reference, later, "agent")) == "agreement.deadline_earlier"
    resume.resume(world.ports)
    assert world.agreement(reference).required_fact(FactKind.INVITED).instant("deadline") == later
    world.deliver()
    world.sign(reference)
    assert refused(lambda: extend.extend(world.ports, reference, later + timedelta(days=1), "agent")) == "agreement.not_awaiting_member"


def test_a_new_deadline_holds_for_the_versions_that_follow() -> None:
    world = World()
    reference = world.invited()
    later = world.clock.now() + timedelta(days=90)
    extend.extend(world.ports, reference, later, "agent")
    correct(world, reference, referent_telephone="02 98 11 11 11")
    resume.resume(world.ports)
    assert world.agreement(reference).version == 2
    assert world.agreement(reference).required_fact(FactKind.INVITED).instant("deadline") == later


def test_a_prepare_link_past_its_deadline_needs_more_time_first() -> None:
    world = World()
    reference = drafted(world, referent=None)
    resume.resume(world.ports)
    world.clock.advance(timedelta(days=61))
    assert refused(lambda: reissue_link.reissue_link(world.ports, reference, "agent")) == "agreement.deadline_past"
    assert not correct(world, reference, second_email="autre@membre.invalid").written_again
    extend.extend(world.ports, reference, world.clock.now() + timedelta(days=30), "agent")
    world.deliver()
    assert world.mailer.sent[-1].to == "autre@membre.invalid"
    complete_data.complete_data(world.ports, world.visit(reference), REFERENT)
    assert resume.resume(world.ports).done == ((reference, "prepare"), (reference, "invite"))


def test_what_the_secretary_is_asked_follows_its_mailbox_and_ends_when_an_agent_knows_it() -> None:
    world = World()
    reference = drafted(world, referent=None)
    resume.resume(world.ports)
    world.deliver()
    old = world.visit(reference)
    assert correct(world, reference, second_email="autre@membre.invalid").written_again == (reference,)
    with pytest.raises(LinkRefused):
        complete_data.data_form(world.ports, old)
    assert correct(world, reference, **REFERENT).completed == (reference,)
    world.deliver()
    assert [notice.to for notice in world.mailer.sent] == ["dgs@abers-fictifs.invalid"]  # the second asked for nothing any more
    assert resume.resume(world.ports).done == ((reference, "prepare"), (reference, "invite"))


def test_what_a_secretary_changes_reaches_the_member_s_other_agreements() -> None:
    world = World()
    first = world.invited(second_mail=None)
    second = again(world, first)
    third = again(world, first, "troisième")
    with world.registry.write() as tx:
        request_data.request_fields(world.ports, tx, tx.agreement(second, lock=True), ["referent"], "agent")
        request_data.request_fields(world.ports, tx, tx.agreement(third, lock=True), ["referent"], "agent")
    assert world.status(second) is Status.AWAITING_DATA
    world.deliver()
    complete_data.complete_data(world.ports, world.visit(second), REFERENT)
    assert world.agreement(first).version == 2
    assert [world.status(one) for one in (first, second, third)] == [Status.DRAFTED] * 3
    assert {key for _, key, _ in world.waker.asked if key.startswith("corrected:")} == {
        f"corrected:{CAMPAIGN}:{world.clock.now().isoformat()}",
        f"corrected:troisième:{world.clock.now().isoformat()}",
    }


def test_a_mailbox_that_changes_before_the_invitation_needs_no_second_link() -> None:
    world = World()
    reference = drafted(world)
    prepare.prepare(world.ports, reference)
    assert correct(world, reference, representative_email="autre@membre.invalid").written_again == ()
    invite.invite(world.ports, reference)
    world.deliver()
    assert [notice.to for notice in world.mailer.sent] == ["autre@membre.invalid"]


def test_the_stop_is_lifted_for_an_act_that_is_there_and_not_executory() -> None:
    world = World()
    reference = drafted(world, power=None)
    member_id = member_of(world, reference).id

    def lift(reason: str = "Transmis ce matin.") -> object:
        return correct_member.lift_stop(world.ports, member_id, reason, "a-agent")

    assert refused(lift) == "power.missing"
    with world.registry.write() as tx:
        tx.update_member(replace(tx.member(member_id), power=replace(NOT_EXECUTORY, act=replace(NOT_EXECUTORY.act, on=date(2027, 1, 1)))))
    assert refused(lift) == "power.after_signature"
    with world.registry.write() as tx:
        tx.update_member(replace(tx.member(member_id), power=example_member().power))
    assert refused(lift) == "power.executory"
    with world.registry.write() as tx:
        tx.update_member(replace(tx.member(member_id), power=NOT_EXECUTORY))
    assert refused(lambda: lift("  ")) == "text.empty"
    later = replace(NOT_EXECUTORY.act, sent_on=date(2026, 5, 1), published_on=date(2026, 5, 1))
    with world.registry.write() as tx:
        tx.update_member(replace(tx.member(member_id), power=replace(NOT_EXECUTORY, act=later)))
    assert resume.resume(world.ports).waiting == ((reference, "prepare", "power.not_executory"),)
    lift()
    power = member_of(world, reference).power
    assert power is not None
    assert power.override is not None
    assert (power.override.reason, power.override.by) == ("Transmis ce matin.", "a-agent")
    kept = correct(world, reference, act_sent_on="2026-04-30")
    assert kept.fields == ("power",)
    assert member_of(world, reference).power.override == power.override  # type: ignore[union-attr]
    correct(world, reference, act_number="2025-113")
    assert member_of(world, reference).power.override is None  # type: ignore[union-attr]


def test_the_stop_is_not_lifted_under_a_signature_in_flight() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    view = world.read_all(cookie)
    code = world.ask_code(cookie)
    world.signing.failure = Busy("down")
    with pytest.raises(Busy):
        sign.sign(world.ports, cookie, code, accepted=True, document_sha256=view.document_sha256)
    member = member_of(world, reference)
    with world.registry.write() as tx:
        tx.update_member(replace(member, power=NOT_EXECUTORY))
    assert refused(lambda: correct_member.lift_stop(world.ports, member.id, "Transmis.", "a-agent")) == "correction.signed"
    assert correct(world, reference, second_email="autre@membre.invalid").written_again == ()


def test_a_member_without_agreement_is_corrected_and_journalled() -> None:
    world = World()
    member = world.add_member(1, power=None, referent=None, second_mail=None, telephone=None)
    values = {**form_of(member), **ACT, **REFERENT, "email_checked_on": "", "email_checked_by": ""}
    made = correct_member.correct_member(world.ports, member.id, values, "a-agent")
    assert made.fields == ("representative_mail", "power", "referent")
    assert correct_member.correct_member(world.ports, member.id, values, "a-agent").fields == ()
    with world.registry.read() as tx:
        (told,) = [entry for entry in tx.events() if entry.event.type == "member.corrected"]
    assert told.event.reference is None
    assert "Kermarrec" in told.event.personal["after"]
    assert b"Kermarrec" not in told.canonical


def test_a_generic_mailbox_needs_a_call_back_and_one_that_was_there_does_not() -> None:
    world = World()
    reference = world.invited(representative_mail=MailAddress("mairie@membre.invalid", "site"))
    assert correct(world, reference, email_source="annuaire").fields == ("representative_mail",)
    assert refused(lambda: correct(world, reference, representative_email="contact@membre.invalid")) == "form.refused"
    called = correct(world, reference, representative_email="contact@membre.invalid", called_back_on="2026-01-12")
    assert called.written_again == (reference,)
    assert form_of(member_of(world, reference))["called_back_on"] == "2026-01-12"


def test_the_same_link_asks_for_the_dates_that_were_left_empty() -> None:
    world = World()
    reference = drafted(world, power=None)
    resume.resume(world.ports)
    world.deliver()
    cookie = world.visit(reference)
    assert complete_data.complete_data(world.ports, cookie, {**ACT, "act_sent_on": "", "act_published_on": ""}) == ("act_dates",)
    assert complete_data.data_form(world.ports, cookie).fields[:2] == ("act_sent_on", "act_published_on")
    for values in ({}, {"act_sent_on": "2020-01-01"}, {"act_sent_on": "demain"}):
        assert refused(lambda values=values: complete_data.complete_data(world.ports, cookie, values)) == "form.refused"  # type: ignore[misc]
    assert complete_data.complete_data(world.ports, cookie, {"act_sent_on": "2025-12-03"}) == ("act_dates",)
    assert complete_data.complete_data(world.ports, cookie, {"act_published_on": "2025-12-04"}) == ()
    resume.resume(world.ports)
    with pytest.raises(LinkRefused):
        complete_data.complete_data(world.ports, cookie, {"service_code": "TARD"})


def test_only_what_may_be_asked_again_is_asked() -> None:
    world = World()
    reference = world.member_signed()
    assert refused(lambda: redraft.redraft(world.ports, reference, "agent")) == "agreement.not_returned"
    return_to_member.return_to_member(world.ports, world.session(Role.SIGNATORY), reference, "Une erreur.")
    assert redraft.redraft(world.ports, reference, "agent", ask=["act", "inconnu"]) == 2
    requested = world.agreement(reference).required_fact(FactKind.DATA_REQUESTED)
    assert requested.data["reopened"] == ["act"]
    assert requested.data["fields"] == ["act"]
