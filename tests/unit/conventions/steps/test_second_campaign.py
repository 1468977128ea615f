"""A second campaign of the same kind: nobody is asked twice for what stands, and who is left out is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from conventions.accounts import Role
from conventions.agreements import FactKind
from conventions.errors import RuleRefused
from conventions.kinds import Kind
from conventions.status import Status
from conventions.steps import cancel, decline, draft, extend, invite, open_campaign, prepare, redraft, return_to_member
from tests.fakes.world import CAMPAIGN, World

NEXT = "essai-2026-suivante"
AFTER = "essai-2026-encore"


def member_of(world: World, reference: str) -> str:
    return world.agreement(reference).member_id


def kept_out(world: World, campaign_id: str, member_id: str) -> str:
    """Return the reference that keeps the member out, having checked that it is neither listed nor drafted."""
    assert member_id not in draft.members_to_draft(world.ports, campaign_id)
    with pytest.raises(RuleRefused) as error:
        draft.draft(world.ports, campaign_id, member_id)
    assert error.value.code == "draft.kept_out"
    (left_out,) = [one for one in draft.members_left_out(world.ports, campaign_id) if one.member_id == member_id]
    assert left_out.reference == error.value.details["other"]
    assert left_out.status is world.status(left_out.reference)
    return left_out.reference


def next_day(world: World, campaign_id: str = NEXT) -> None:
    world.clock.advance(timedelta(days=1))
    world.open_campaign(campaign_id=campaign_id)


def test_what_stands_is_not_asked_for_again_whatever_it_waits_for() -> None:
    world = World()
    standing = [world.invited(1), world.member_signed(2), world.countersigned(3), world.archived(4)]
    standing.append(draft.draft(world.ports, CAMPAIGN, world.add_member(5).id))
    newcomer = world.add_member(6)
    next_day(world)
    assert draft.members_to_draft(world.ports, NEXT) == [newcomer.id]
    assert [kept_out(world, NEXT, member_of(world, reference)) for reference in standing] == standing
    assert [one.reference for one in draft.members_left_out(world.ports, NEXT)] == standing
    draft.draft(world.ports, NEXT, newcomer.id)
    assert draft.members_to_draft(world.ports, NEXT) == []


def test_who_declined_before_is_asked_and_who_declines_since_is_not() -> None:
    world = World()
    early, late = world.invited(1), world.invited(2)
    decline.decline(world.ports, world.visit(early), "Budget")
    next_day(world)
    world.clock.advance(timedelta(hours=1))
    decline.decline(world.ports, world.visit(late), "Budget")
    assert draft.members_to_draft(world.ports, NEXT) == [member_of(world, early)]
    assert kept_out(world, NEXT, member_of(world, late)) == late
    drafted = draft.draft(world.ports, NEXT, member_of(world, early))
    assert world.status(drafted) is Status.DRAFTED
    assert world.status(early) is Status.DECLINED


def test_what_expired_is_superseded_by_what_is_drafted_anew() -> None:
    world = World()
    expired = world.invited(1)
    world.clock.advance(timedelta(days=61))
    next_day(world)
    assert world.status(expired) is Status.EXPIRED
    assert draft.members_to_draft(world.ports, NEXT) == [member_of(world, expired)]
    assert draft.members_left_out(world.ports, NEXT) == []
    reference = draft.draft(world.ports, NEXT, member_of(world, expired))
    assert world.status(expired) is Status.SUPERSEDED
    assert world.agreement(expired).required_fact(FactKind.SUPERSEDED).text("replaced_by") == reference
    next_day(world, AFTER)
    assert kept_out(world, AFTER, member_of(world, expired)) == reference


def test_what_waited_beyond_its_deadline_for_data_or_for_the_agents_is_superseded_too() -> None:
    world = World()
    returned = world.member_signed(1)
    return_to_member.return_to_member(world.ports, world.session(Role.SIGNATORY), returned, "Le référent a changé.")
    waiting = draft.draft(world.ports, CAMPAIGN, world.add_member(2, referent=None).id)
    uninvited = draft.draft(world.ports, CAMPAIGN, world.add_member(3).id)
    prepare.prepare(world.ports, uninvited)
    signed = world.member_signed(4)
    world.clock.advance(timedelta(days=61))
    world.open_campaign(campaign_id=NEXT)
    over = [returned, waiting, uninvited]
    assert draft.members_to_draft(world.ports, NEXT) == [member_of(world, reference) for reference in over]
    assert kept_out(world, NEXT, member_of(world, signed)) == signed
    for reference in over:
        draft.draft(world.ports, NEXT, member_of(world, reference))
        assert world.status(reference) is Status.SUPERSEDED
    with pytest.raises(RuleRefused) as error:
        redraft.redraft(world.ports, returned, "agent")
    assert error.value.code == "agreement.not_returned"


def test_a_campaign_that_drafts_late_leaves_out_what_a_younger_one_drafted() -> None:
    world = World()
    world.open_campaign()
    member = world.add_member(1)
    next_day(world)
    reference = draft.draft(world.ports, NEXT, member.id)
    prepare.prepare(world.ports, reference)
    invite.invite(world.ports, reference)
    world.deliver()
    decline.decline(world.ports, world.visit(reference), "Budget")
    assert kept_out(world, CAMPAIGN, member.id) == reference


def test_another_kind_or_another_programme_keeps_nobody_out() -> None:
    world = World()
    reference = world.archived(1)
    with world.registry.write() as tx:
        tx.add_programme(replace(world.programme, id="autre"))
    deadline = world.clock.now() + timedelta(days=30)
    open_campaign.open_campaign(world.ports, "autre", Kind.CONVENTION, deadline, "agent", demonstration=True, campaign_id="autre-1")
    assert draft.members_to_draft(world.ports, "autre-1") == [member_of(world, reference)]
    assert draft.members_left_out(world.ports, "autre-1") == ()
    assert draft.draft(world.ports, "autre-1", member_of(world, reference)) != reference


def test_once_its_deadline_is_past_a_campaign_leaves_nobody_out_any_more() -> None:
    world = World()
    reference = world.archived(1)
    next_day(world)
    assert kept_out(world, NEXT, member_of(world, reference)) == reference
    world.clock.advance(timedelta(days=61))
    assert draft.members_left_out(world.ports, NEXT) == ()


def test_what_another_campaign_asked_since_is_not_taken_up_again() -> None:
    world = World()
    declined = world.invited(1)
    decline.decline(world.ports, world.visit(declined), "")
    world.clock.advance(timedelta(days=1))
    world.open_campaign(campaign_id=NEXT)
    asked_since = draft.draft(world.ports, NEXT, member_of(world, declined))
    with pytest.raises(RuleRefused) as error:
        redraft.redraft(world.ports, declined, "agent", reason="Une erreur.")
    assert (error.value.code, error.value.details["other"]) == ("draft.kept_out", asked_since)
    cancel.cancel(world.ports, asked_since, "L’autre suffit.", "agent")
    assert redraft.redraft(world.ports, declined, "agent", reason="Une erreur.") == 2


def test_more_time_given_to_one_keeps_its_member_out_for_as_long() -> None:
    world = World()
    reference = world.invited(1)
    extend.extend(world.ports, reference, world.clock.now() + timedelta(days=120), "agent")
    world.clock.advance(timedelta(days=61))
    world.open_campaign(campaign_id=NEXT)
    assert kept_out(world, NEXT, member_of(world, reference)) == reference
