"""Why an agreement stands still, whose turn it is, since when, and whom to ring."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from conventions.accounts import Role
from conventions.agreements import Fact, FactKind, Failure
from conventions.errors import LinkRefused, SigningFailed, UpstreamUnavailable
from conventions.outgoing import Template
from conventions.people import Civility, Person, Referent
from conventions.recording import quarantine
from conventions.standing import ABOUT_MEMBER, TO_HANDLE, Contact, Standing, Turn, Why, whom_to_ring
from conventions.status import Status
from conventions.steps import draft, office, open_link, question, reissue_link, request_data, return_to_member, send_code, sign
from tests.builders import example_member
from tests.fakes.world import BROWSER, CAMPAIGN, World

DOWN = UpstreamUnavailable("down")


def standing(world: World, reference: str) -> Standing:
    return office.agreement_view(world.ports, world.session(Role.AGENT), reference).standing


def told(world: World, reference: str) -> tuple[Turn, list[Why]]:
    found = standing(world, reference)
    return found.turn, [one.why for one in found.hindrances]


def lock(world: World, reference: str) -> None:
    cookie = world.visit(reference)
    sha256 = world.read_all(cookie).document_sha256
    wrong = f"{(int(world.ask_code(cookie).replace(' ', '')) + 1) % 1_000_000:06d}"
    for _ in range(5):
        with pytest.raises(LinkRefused):
            sign.sign(world.ports, cookie, wrong, accepted=True, document_sha256=sha256)


def test_the_members_turn_from_the_mail_to_the_code() -> None:
    world = World()
    world.mailer.failure = DOWN
    reference = world.invited()
    assert told(world, reference) == (Turn.MEMBER, [Why.NOT_SENT])
    world.mailer.failure = None
    world.clock.advance(timedelta(minutes=5))
    world.deliver()
    assert told(world, reference) == (Turn.MEMBER, [Why.NEVER_OPENED])
    cookie = world.visit(reference)
    assert told(world, reference) == (Turn.MEMBER, [])
    world.read_all(cookie)
    world.ask_code(cookie)
    assert told(world, reference) == (Turn.MEMBER, [])
    made_at = world.clock.now() - timedelta(minutes=2)
    world.clock.advance(timedelta(minutes=9))
    found = standing(world, reference)
    assert [one.why for one in found.hindrances] == [Why.CODE_EXPIRED]
    assert found.hindrances[0].since - made_at <= timedelta(minutes=10)
    assert not found.is_to_handle
    assert found.is_for_member


def test_a_code_not_made_yet_has_not_expired() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    world.read_all(cookie)
    send_code.send_code(world.ports, cookie)
    assert told(world, reference) == (Turn.MEMBER, [])


def test_a_link_opened_by_machines_alone_was_never_opened() -> None:
    world = World()
    reference = world.invited()
    open_link.open_link(world.ports, world.token(reference), replace(BROWSER, user_agent="BingPreview/1.0"))
    assert told(world, reference) == (Turn.MEMBER, [Why.NEVER_OPENED])


def test_a_locked_link_is_the_agents_until_another_is_sent() -> None:
    world = World()
    reference = world.invited()
    lock(world, reference)
    at = world.clock.now()
    found = standing(world, reference)
    assert (found.turn, found.since, [one.why for one in found.hindrances]) == (Turn.AGENTS, at, [Why.LINK_LOCKED])
    assert found.is_for_member
    reissue_link.reissue_link(world.ports, reference, "agent")
    assert told(world, reference) == (Turn.MEMBER, [Why.NOT_SENT])
    world.deliver()
    assert told(world, reference) == (Turn.MEMBER, [Why.NEVER_OPENED])


def test_a_lost_mail_is_the_agents_until_its_link_is_replaced() -> None:
    world = World()
    world.mailer.refused.add("representant14@membre.invalid")
    reference = world.invited()
    found = standing(world, reference)
    assert [one.why for one in found.hindrances] == [Why.DEAD_LETTER, Why.NEVER_OPENED]
    assert found.hindrances[0].code
    assert found.turn is Turn.AGENTS
    world.mailer.refused.clear()
    reissue_link.reissue_link(world.ports, reference, "agent")
    world.deliver()
    assert told(world, reference) == (Turn.MEMBER, [Why.NEVER_OPENED])


def test_what_people_say_is_the_agents() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    asked_at = world.clock.now()
    question.ask(world.ports, cookie, "Le montant ?")
    world.clock.advance(timedelta(minutes=1))
    open_link.refuse_identity(world.ports, world.token(reference), BROWSER)
    found = standing(world, reference)
    assert (found.turn, found.since) == (Turn.AGENTS, asked_at)
    assert [one.why for one in found.hindrances] == [Why.NOT_ME, Why.QUESTION]


def test_who_says_not_me_has_opened_the_link() -> None:
    world = World()
    reference = world.invited()
    open_link.refuse_identity(world.ports, world.token(reference), BROWSER)
    assert told(world, reference) == (Turn.AGENTS, [Why.NOT_ME])


def test_failure_stands_beside_a_question() -> None:
    world = World()
    reference = world.invited()
    with world.registry.write() as tx:
        tx.set_failure(reference, Failure("archive", "upstream.unavailable", world.clock.now(), 1))
    question.ask(world.ports, world.visit(reference), "Le montant ?")
    assert told(world, reference) == (Turn.AGENTS, [Why.QUESTION, Why.FAILED])
    assert standing(world, reference).hindrances[1].code == "upstream.unavailable"


def test_a_problem_after_the_signature_is_told_as_one_and_survives_later_facts() -> None:
    world = World()
    reference = world.member_signed()
    question.ask(world.ports, world.visit(reference), "Le nom est faux.")
    world.authorise(reference)
    found = standing(world, reference)
    assert (found.turn, found.hindrances[0].why) == (Turn.AGENTS, Why.PROBLEM)


def test_what_works_by_itself_is_looked_at_when_it_does_not() -> None:
    world = World()
    member = world.add_member()
    world.open_campaign()
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    assert told(world, reference) == (Turn.SYSTEM, [])
    world.clock.advance(timedelta(hours=1))
    assert told(world, reference) == (Turn.AGENTS, [Why.STANDS_STILL])
    with world.registry.write() as tx:
        tx.set_failure(reference, Failure("prepare", "power.missing", world.clock.now(), 1))
    found = standing(world, reference)
    assert (found.turn, [one.why for one in found.hindrances]) == (Turn.AGENTS, [Why.FAILED, Why.STANDS_STILL])
    assert not found.is_for_member


def test_a_decision_whose_signature_waits_is_nobodys_fault() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    sha256 = world.read_all(cookie).document_sha256
    code = world.ask_code(cookie)
    world.signing.failure = SigningFailed("down")
    with pytest.raises(SigningFailed):
        sign.sign(world.ports, cookie, code, accepted=True, document_sha256=sha256)
    assert told(world, reference) == (Turn.SYSTEM, [Why.SIGNATURE_PENDING])


def test_signed_returned_and_put_aside() -> None:
    world = World()
    reference = world.member_signed()
    assert told(world, reference) == (Turn.SIGNATORY, [])
    return_to_member.return_to_member(world.ports, world.session(Role.SIGNATORY), reference, "La date est fausse.")
    assert told(world, reference) == (Turn.AGENTS, [Why.RETURNED])
    assert standing(world, reference).is_for_member
    quarantine(world.ports, reference, "evidence.digest")
    assert told(world, reference) == (Turn.AGENTS, [Why.QUARANTINED])


def test_missing_information_is_asked_by_a_link_that_expires() -> None:
    world = World()
    member = world.add_member(power=None)
    world.open_campaign(days=10)
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    request_data.request_data(world.ports, reference)
    world.deliver()
    assert told(world, reference) == (Turn.MEMBER, [Why.NEVER_OPENED])
    world.clock.advance(timedelta(days=11))
    assert told(world, reference) == (Turn.MEMBER, [Why.LINK_EXPIRED])
    assert world.status(reference) is Status.AWAITING_DATA


def test_nobodys_turn_once_over_and_no_link_no_hindrance() -> None:
    world = World()
    reference = world.invited()
    world.clock.advance(timedelta(days=61))
    assert told(world, reference) == (Turn.NOBODY, [])
    with world.registry.write() as tx:
        tx.add_fact(reference, Fact(FactKind.DRAFTED, world.clock.now(), 2, {"programme_ends_on": "2030-12-31"}))
        tx.add_fact(reference, Fact(FactKind.PREPARED, world.clock.now(), 2))
    assert told(world, reference) == (Turn.MEMBER, [])


def test_whom_to_ring() -> None:
    referent = Referent(Person(Civility.MONSIEUR, "Yann", "Le Fictif", "secrétaire général"), "yann@abers.invalid", "02 98 00 00 09")
    member = replace(example_member(), referent=referent, telephone="02 98 00 00 01")
    representative = Contact(member.representative.addressed, "02 98 00 00 01", member.representative_mail.address)
    of_referent = Contact("M. Yann Le Fictif", "02 98 00 00 09", "yann@abers.invalid")
    assert whom_to_ring(member, Status.AWAITING_MEMBER) == representative
    assert whom_to_ring(member, Status.AWAITING_DATA) == of_referent
    assert whom_to_ring(replace(member, telephone=None), Status.AWAITING_MEMBER) == of_referent
    alone = replace(member, telephone=None, referent=None)
    assert whom_to_ring(alone, Status.AWAITING_DATA) == replace(representative, telephone=None)


def test_what_is_mended_by_ringing_waits_for_an_agent() -> None:
    assert ABOUT_MEMBER <= TO_HANDLE
    assert Template.ATTENTION in set(Template)
