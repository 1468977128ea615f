"""From a campaign to an invitation: who is concerned, what is missing, which file."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from conventions.agreements import Stage
from conventions.errors import Busy, InputRefused, LinkRefused, NotFound, RuleRefused
from conventions.kinds import Kind
from conventions.outgoing import Template
from conventions.signatures import SignatureLevel, SignatureLevels
from conventions.status import Status
from conventions.steps import (
    complete_data,
    draft,
    invite,
    open_campaign,
    prepare,
    redraft,
    reissue_link,
    request_data,
    resume,
    signer_view,
)
from tests.builders import example_member, example_programme
from tests.fakes.meanwhile import Meanwhile
from tests.fakes.world import CAMPAIGN, World
from tests.unit.conventions.test_member_file import ACT, REFERENT


def test_what_is_missing_is_asked_for_and_completed_by_the_secretary() -> None:
    world = World()
    member = world.add_member(power=None, referent=None)
    world.open_campaign()
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    assert request_data.request_data(world.ports, reference)
    assert request_data.request_data(world.ports, reference)
    assert world.status(reference) is Status.AWAITING_DATA
    with pytest.raises(RuleRefused):
        prepare.prepare(world.ports, reference)
    world.deliver()
    assert [notice.template for notice in world.mailer.sent] == [Template.DATA_REQUEST]
    cookie = world.visit(reference)
    with pytest.raises(LinkRefused):
        signer_view.signer_view(world.ports, cookie)
    form = complete_data.data_form(world.ports, cookie)
    assert "act_number" in form.fields
    assert "referent_email" in form.fields
    too_long = {**ACT, **REFERENT, "service_code": "x" * 301}
    for values in ({}, ACT, {**ACT, **REFERENT, "act_on": "demain"}, too_long):
        with pytest.raises(InputRefused) as error:
            complete_data.complete_data(world.ports, cookie, values)
        assert error.value.problems
    complete_data.complete_data(world.ports, cookie, {**ACT, **REFERENT, "service_code": "FACT"})
    complete_data.complete_data(world.ports, cookie, {"service_code": "FACT"})
    assert world.status(reference) is Status.DRAFTED
    assert resume.resume(world.ports).done == ((reference, "prepare"), (reference, "invite"))
    assert not request_data.request_data(world.ports, reference)
    with world.registry.read() as tx:
        assert tx.member(member.id).billing.service_code == "FACT"


def test_nobody_is_asked_for_what_an_agent_supplied_before_the_mail_left() -> None:
    world = World()
    member = world.add_member(referent=None)
    world.open_campaign()
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    request_data.request_data(world.ports, reference)
    with world.registry.write() as tx:
        tx.update_member(replace(member, referent=example_member().referent))
    world.deliver()
    assert world.mailer.sent == []


def test_the_form_moves_the_agreement_even_when_an_agent_supplied_everything_meanwhile() -> None:
    world = World()
    member = world.add_member(referent=None)
    world.open_campaign()
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    request_data.request_data(world.ports, reference)
    world.deliver()
    cookie = world.visit(reference)
    with world.registry.write() as tx:
        tx.update_member(replace(member, referent=example_member().referent))
    complete_data.complete_data(world.ports, cookie, {})
    assert resume.resume(world.ports).done == ((reference, "prepare"), (reference, "invite"))


def test_a_data_link_that_expired_leaves_no_mail_and_no_form() -> None:
    world = World()
    member = world.add_member(referent=None, second_mail=None)
    world.open_campaign(days=1)
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    request_data.request_data(world.ports, reference)
    world.deliver()
    cookie = world.visit(reference)
    with world.registry.write() as tx:
        tx.update_link(replace(tx.links_of(reference)[0], expires_at=world.clock.now() - timedelta(seconds=1)))
    with pytest.raises(LinkRefused):
        complete_data.data_form(world.ports, cookie)
    with pytest.raises(LinkRefused):
        complete_data.complete_data(world.ports, cookie, REFERENT)


def test_a_campaign_of_a_programme_that_asks_for_more_than_our_keys_give_is_refused() -> None:
    world = World()
    world.registry.state.programmes[world.programme.id] = example_programme(levels=SignatureLevels(signatory=SignatureLevel.ADVANCED))
    with pytest.raises(RuleRefused) as error:
        world.open_campaign()
    assert error.value.code == "programme.level_signatory"
    assert world.waker.asked == []


def test_a_campaign_on_a_closed_programme_is_refused() -> None:
    world = World()
    world.clock.current = world.clock.current.replace(year=2031)
    with pytest.raises(RuleRefused) as error:
        world.open_campaign()
    assert error.value.code == "programme.closed"
    assert world.waker.asked == []


def test_campaign_identifiers_and_deadlines() -> None:
    world = World()
    first = world.open_campaign()
    assert world.open_campaign() == first
    with pytest.raises(RuleRefused) as error:
        open_campaign.open_campaign(
            world.ports, world.programme.id, Kind.CHARTER, first.deadline, "agent", demonstration=True, campaign_id=CAMPAIGN
        )
    assert error.value.code == "campaign.taken"
    for days in (-1, 3_000):
        with pytest.raises(RuleRefused) as error:
            open_campaign.open_campaign(
                world.ports,
                world.programme.id,
                Kind.CONVENTION,
                world.clock.now() + timedelta(days=days),
                "agent",
                demonstration=True,
                campaign_id="autre",
            )
        assert error.value.code == "campaign.deadline"


def test_drafting_is_for_those_concerned_and_once() -> None:
    world = World()
    epci, commune = world.add_member(1), world.add_member(2, category="commune", contribution_eur=0)
    world.open_campaign()
    assert draft.members_to_draft(world.ports, CAMPAIGN) == [epci.id]
    reference = draft.draft(world.ports, CAMPAIGN, epci.id)
    assert draft.draft(world.ports, CAMPAIGN, epci.id) == reference
    assert draft.members_to_draft(world.ports, CAMPAIGN) == []
    with pytest.raises(RuleRefused):
        draft.draft(world.ports, CAMPAIGN, commune.id)
    with pytest.raises(RuleRefused) as error:
        redraft.redraft(world.ports, reference, "agent")
    assert error.value.code == "agreement.not_returned"


def test_invitation_waits_for_the_file_and_reissue_for_the_invitation() -> None:
    world = World()
    member = world.add_member()
    world.open_campaign()
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    with pytest.raises(NotFound):
        invite.invite(world.ports, reference)
    with pytest.raises(RuleRefused):
        reissue_link.reissue_link(world.ports, reference, "agent")
    prepare.prepare(world.ports, reference)
    prepare.prepare(world.ports, reference)
    invite.invite(world.ports, reference)
    invite.invite(world.ports, reference)
    world.deliver()
    assert len(world.mailer.sent) == 1


def test_no_delegation_no_file() -> None:
    for kept in (False, True):
        world = World()
        member = world.add_member()
        world.open_campaign()
        reference = draft.draft(world.ports, CAMPAIGN, member.id)
        with world.registry.write() as tx:
            tx.add_programme(replace(world.programme, id="autre"))
        world.registry.state.delegations.clear()
        if kept:
            with world.registry.write() as tx:
                tx.add_delegation(world.programme.id, replace(world.delegation, scope=(Kind.ORDER_FORM,)))
        assert resume.resume(world.ports).waiting == ((reference, "prepare", "delegation.not_covering"),)
        assert world.status(reference) is Status.DRAFTED


@pytest.mark.parametrize("moment", ["wording_sha256", "render_agreement"])
def test_two_prepare_at_once_and_one_file_stands(moment: str) -> None:
    world = World()
    member = world.add_member()
    world.open_campaign()
    reference = draft.draft(world.ports, CAMPAIGN, member.id)

    def other() -> None:
        with suppress(Busy):
            prepare.prepare(world.ports, reference)

    racing: Any = Meanwhile(world.documents, moment, other)
    prepare.prepare(replace(world.ports, documents=racing), reference)
    assert [artefact.stage for artefact in world.agreement(reference).artefacts] == [Stage.PREPARED]


def test_a_data_request_whose_link_closed_before_it_left_is_not_sent() -> None:
    world = World()
    member = world.add_member(referent=None)
    world.open_campaign(days=1)
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    request_data.request_data(world.ports, reference)
    world.clock.advance(timedelta(days=2))
    world.deliver()
    assert world.mailer.sent == []
