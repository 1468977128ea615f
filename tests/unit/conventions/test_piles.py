"""Which pile a document of the desk is put in, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from conventions.accounts import Role
from conventions.agreements import Fact, FactKind
from conventions.ceremonies import HowShown, Mark
from conventions.errors import ConfigurationError
from conventions.kinds import Kind
from conventions.members import Member
from conventions.powers import Delegation
from conventions.steps import desk, draft, invite, open_campaign, prepare, redraft, return_to_member
from conventions.steps.review import review
from conventions.views import DeskItem, Pile
from tests.builders import example_delegation, example_president
from tests.fakes.world import World


def item_of(world: World, reference: str) -> DeskItem:
    """Return a document as the desk shows it."""
    return next(item for item in desk.desk(world.ports, world.session(Role.SIGNATORY)).items if item.reference == reference)


def member_of(world: World, reference: str) -> Member:
    with world.registry.read() as tx:
        return tx.member(tx.agreement(reference).member_id)


def change_member(world: World, reference: str, **changes: object) -> None:
    with world.registry.write() as tx:
        tx.update_member(replace(tx.member(tx.agreement(reference).member_id), **changes))  # type: ignore[arg-type]


def end(world: World, reference: str) -> None:
    """Let a convention be over since yesterday, so that its member may be asked again."""
    yesterday = world.clock.now().date() - timedelta(days=1)
    with world.registry.write() as tx:
        tx.add_fact(reference, Fact(FactKind.TERMINATED, world.clock.now(), 1, {"on": yesterday.isoformat(), "document": "0" * 64}))


def signed_in_second_campaign(world: World, member: Member) -> str:
    """Take a member to its signature in a campaign that begins after the first one."""
    world.clock.advance(timedelta(days=1))
    with world.registry.read() as tx:
        known = {campaign.id for campaign in tx.campaigns()}
    if "suite" not in known:
        deadline = world.clock.now() + timedelta(days=60)
        open_campaign.open_campaign(
            world.ports, world.programme.id, Kind.CONVENTION, deadline, "agent", demonstration=True, campaign_id="suite"
        )
    reference = draft.draft(world.ports, "suite", member.id)
    prepare.prepare(world.ports, reference)
    invite.invite(world.ports, reference)
    world.deliver()
    world.sign(reference)
    return reference


def test_in_a_first_campaign_every_convention_is_a_first_one_and_none_is_told_apart() -> None:
    world = World()
    world.countersigned(1)
    assert item_of(world, world.member_signed(2)).pile is Pile.STANDARD


def test_a_first_convention_is_told_once_others_came_before() -> None:
    world = World()
    known = world.archived()
    end(world, known)
    again = signed_in_second_campaign(world, member_of(world, known))
    newcomer = signed_in_second_campaign(world, world.add_member(2))
    assert item_of(world, again).pile is Pile.STANDARD
    found = item_of(world, newcomer)
    assert (found.pile, found.reasons) == (Pile.ATTENTION, ("pile.first_convention",))


def test_a_new_representative_is_told_from_the_last_who_signed() -> None:
    world = World()
    known = world.archived()
    end(world, known)
    change_member(world, known, representative=example_president())
    again = signed_in_second_campaign(world, member_of(world, known))
    found = item_of(world, again)
    assert (found.pile, found.reasons) == (Pile.ATTENTION, ("pile.new_representative",))


def test_a_new_representative_is_told_after_a_return_too() -> None:
    world = World()
    reference = world.member_signed(1)
    cookie = world.session(Role.SIGNATORY)
    return_to_member.return_to_member(world.ports, cookie, reference, "La présidente a changé.")
    change_member(world, reference, representative=example_president())
    redraft.redraft(world.ports, reference, "agent")
    prepare.prepare(world.ports, reference)
    invite.invite(world.ports, reference)
    world.deliver()
    world.sign(reference)
    assert item_of(world, reference).reasons == ("pile.new_version", "pile.new_representative")


def test_an_act_that_was_not_executory_the_day_of_the_signature_is_told() -> None:
    world = World()
    reference = world.member_signed(1)
    power = member_of(world, reference).power
    assert power is not None
    signed_on = world.clock.now().date()
    for sent_on in (None, signed_on + timedelta(days=1)):
        change_member(world, reference, power=replace(power, act=replace(power.act, sent_on=sent_on)))
        assert item_of(world, reference).reasons == ("pile.not_executory",)
    change_member(world, reference, power=None)
    found = item_of(world, reference)
    assert (found.pile, found.reasons) == (Pile.ONE_BY_ONE, ("pile.not_executory",))


def test_a_text_that_is_not_the_models_is_told() -> None:
    world = World()
    reference = world.member_signed(1)
    world.documents.wordings["convention/2026-1"] = "changed"
    found = item_of(world, reference)
    assert (found.pile, found.reasons) == (Pile.ONE_BY_ONE, ("pile.wording_changed",))


def test_a_model_that_cannot_be_had_is_never_taken_for_the_same() -> None:
    world = World()
    reference = world.member_signed(1)
    world.documents.failure = ConfigurationError("no such wording", code="wording.unknown")
    assert item_of(world, reference).reasons == ("pile.wording_changed",)


def test_who_signed_counts_whoever_represents_the_member_now() -> None:
    world = World()
    reference = world.member_signed(1)
    signer = member_of(world, reference).representative
    with world.registry.write() as tx:
        tx.add_delegation(world.programme.id, replace(world.delegation, id="d-2", holder=signer))
        tx.update_account(replace(tx.account("a-signatory"), delegation_id="d-2"))
    change_member(world, reference, representative=example_president())
    assert item_of(world, reference).reasons == ("pile.same_person",)


@pytest.mark.parametrize(
    ("changes", "kind", "why"),
    [
        ({}, Kind.CONVENTION, None),
        ({"scope": (Kind.ORDER_FORM,)}, Kind.CONVENTION, "delegation.other_kind"),
        ({"starts_on": date(2026, 2, 1)}, Kind.CONVENTION, "delegation.not_begun"),
        ({"ends_on": date(2026, 1, 5)}, Kind.CONVENTION, "delegation.ended"),
        ({"act": replace(example_delegation().act, sent_on=None)}, Kind.CONVENTION, "delegation.not_executory"),
        ({"act": replace(example_delegation().act, sent_on=date(2026, 3, 1))}, Kind.CONVENTION, "delegation.not_executory"),
    ],
)
def test_why_a_delegation_does_not_cover(changes: dict[str, object], kind: Kind, why: str | None) -> None:
    delegation: Delegation = replace(example_delegation(), **changes)  # type: ignore[arg-type]
    assert delegation.not_covering_because(kind, date(2026, 1, 20)) == why
    assert delegation.covers(kind, date(2026, 1, 20)) is (why is None)


def test_what_is_set_aside_leaves_its_place_in_the_sample() -> None:
    world = World()
    for rank in range(1, 8):
        world.member_signed(rank)
    cookie = world.session(Role.SIGNATORY)
    first = desk.desk(world.ports, cookie).sample
    review(world.ports, cookie, first[0], Mark.ASIDE, HowShown.OPENED)
    after = desk.desk(world.ports, cookie).sample
    assert first[0] not in after
    assert (len(after), len(set(after) - set(first))) == (5, 1)
