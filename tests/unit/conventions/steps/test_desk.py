"""People of the office: sign-in, desk, ceremony."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from conventions.accounts import Role
from conventions.agreements import FactKind
from conventions.ceremonies import Authorisation, HowShown, Mark
from conventions.errors import InputRefused, LinkRefused, NotFound, RuleRefused, UpstreamUnavailable
from conventions.kinds import Kind
from conventions.people import MailAddress
from conventions.powers import Override, PowerToSign
from conventions.status import Status
from conventions.steps import (
    authorise,
    desk,
    report_ceremony,
    review,
    show,
    sign_in,
)
from conventions.views import Pile
from tests.builders import example_member
from tests.fakes.world import PASSWORD, World


def signed(world: World, count: int, **changes: object) -> list[str]:
    """Take several members to their signature."""
    references = [world.invited(rank, **changes) for rank in range(20, 20 + count)]
    for reference in references:
        world.sign(reference)
    return references


# sign-in
def test_sign_in_needs_password_and_a_code_never_used() -> None:
    world = World()
    code = world.totp(Role.AGENT)
    for login, password, totp in (("inconnu", PASSWORD, code), ("agent", "faux", code), ("agent", PASSWORD, "000000")):
        with pytest.raises(RuleRefused) as error:
            sign_in.sign_in(world.ports, login, password, totp)
        assert error.value.code == "sign_in.refused"
    session = sign_in.sign_in(world.ports, "agent", PASSWORD, code)
    assert sign_in.account_of(world.ports, session.cookie).login == "agent"
    with pytest.raises(RuleRefused):
        sign_in.sign_in(world.ports, "agent", PASSWORD, code)
    sign_in.sign_out(world.ports, session.cookie)
    with pytest.raises(LinkRefused):
        sign_in.account_of(world.ports, session.cookie)


def test_five_failures_pause_the_account_even_for_the_right_password() -> None:
    world = World()
    for _ in range(5):
        with pytest.raises(RuleRefused):
            sign_in.sign_in(world.ports, "agent", "faux", world.totp(Role.AGENT))
    with pytest.raises(RuleRefused) as error:
        sign_in.sign_in(world.ports, "agent", PASSWORD, world.totp(Role.AGENT))
    assert error.value.code == "sign_in.paused"
    world.clock.advance(timedelta(minutes=16))
    sign_in.sign_in(world.ports, "agent", PASSWORD, world.totp(Role.AGENT))


def test_a_session_ends_and_has_a_role() -> None:
    world = World()
    cookie = world.session(Role.AGENT)
    with pytest.raises(RuleRefused) as error:
        desk.desk(world.ports, cookie)
    assert error.value.code == "role.refused"
    world.clock.advance(timedelta(hours=9))
    with pytest.raises(LinkRefused):
        sign_in.account_of(world.ports, cookie)


def test_a_signatory_without_delegation_has_no_desk() -> None:
    world = World()
    with world.registry.write() as tx:
        tx.update_account(replace(tx.account("a-signatory"), delegation_id=None))
    with pytest.raises(RuleRefused) as error:
        desk.desk(world.ports, world.session(Role.SIGNATORY))
    assert error.value.code == "delegation.none"


# the desk
def test_an_empty_desk() -> None:
    world = World()
    view = desk.desk(world.ports, world.session(Role.SIGNATORY))
    assert (view.items, view.total_eur, view.not_covered_because) == ((), 0, None)


def test_piles_and_why() -> None:
    world = World()
    member = example_member()
    assert member.power is not None
    lifted = PowerToSign(replace(member.power.act, sent_on=None), Override("transmission en cours", "agent", member.power.act.on))
    plain = world.invited(1)
    override = world.invited(2, power=lifted)
    generic = world.invited(3, representative_mail=MailAddress("mairie@membre.invalid", "site"))
    off_scale = world.invited(4, contribution_eur=14_000)
    for reference in (plain, override, generic, off_scale):
        world.sign(reference)
    view = desk.desk(world.ports, world.session(Role.ASSISTANT))
    reasons = {item.reference: (item.pile, item.reasons) for item in view.items}
    assert reasons[plain] == (Pile.STANDARD, ())
    assert reasons[override] == (Pile.ONE_BY_ONE, ("pile.override",))
    assert reasons[generic] == (Pile.ONE_BY_ONE, ("pile.generic_mailbox",))
    assert reasons[off_scale] == (Pile.ONE_BY_ONE, ("pile.off_scale",))
    assert [item.reference for item in view.pile(Pile.STANDARD)] == [plain]
    assert view.sample == (plain,)
    assert view.total_eur == 13_000 * 3 + 14_000


def test_the_same_person_is_shown_first_if_it_ever_got_there() -> None:
    world = World()
    reference = world.invited()
    world.sign(reference)
    member_id = world.agreement(reference).member_id
    with world.registry.write() as tx:
        member = tx.member(member_id)
        tx.update_member(replace(member, representative=world.delegation.holder))
    assert desk.desk(world.ports, world.session(Role.SIGNATORY)).items[0].reasons == ("pile.same_person",)


def test_documents_and_pictures_of_the_desk() -> None:
    world = World()
    (reference,) = signed(world, 1)
    cookie = world.session(Role.SIGNATORY)
    assert show.desk_document(world.ports, cookie, reference) in world.working.objects.values()
    assert show.desk_page_picture(world.ports, cookie, reference, 1).startswith(b"\x89PNG")
    with pytest.raises(NotFound):
        show.desk_page_picture(world.ports, cookie, reference, 99)
    assert show.show(world.ports, cookie, reference, "picture") == ()
    assert len(show.show(world.ports, cookie, reference, "text")) == 3
    with pytest.raises(NotFound):
        show.show(world.ports, cookie, reference, "braille")
    assert desk.desk_agreement(world.ports, cookie, reference).status is Status.AWAITING_COUNTERSIGNATURE


def test_the_sample_is_drawn_once_for_all_devices() -> None:
    world = World()
    signed(world, 8)
    cookie = world.session(Role.SIGNATORY)
    sample = desk.desk(world.ports, cookie).sample
    assert len(sample) == 5
    assert desk.desk(world.ports, world.session(Role.SIGNATORY)).sample == sample


# the ceremony
def test_what_must_be_opened_is() -> None:
    world = World()
    references = signed(world, 7)
    cookie = world.session(Role.SIGNATORY)
    sample = desk.desk(world.ports, cookie).sample
    with pytest.raises(RuleRefused) as error:
        authorise.authorise(world.ports, cookie, references, world.totp(Role.SIGNATORY))
    assert error.value.code == "desk.unopened"
    for reference in sample:
        review.review(world.ports, cookie, reference, Mark.READY, HowShown.SAMPLED)
        review.review(world.ports, cookie, reference, Mark.READY, HowShown.IN_TABLE)
    world.read_models(cookie)
    authorisation = authorise.authorise(world.ports, cookie, references, world.totp(Role.SIGNATORY))
    shown = {item.reference: item.how_shown for item in authorisation.items}
    assert {reference for reference, how in shown.items() if how is HowShown.SAMPLED} == set(sample)
    assert set(shown.values()) == {HowShown.SAMPLED, HowShown.IN_TABLE}
    assert world.waker.asked[-1] == ("countersigned", f"ceremony:{authorisation.id}", {"authorisation_id": authorisation.id})


def test_one_by_one_means_opened_and_ready() -> None:
    world = World()
    (reference,) = signed(world, 1, representative_mail=MailAddress("contact@membre.invalid", "site"))
    cookie = world.session(Role.SIGNATORY)
    for mark, how, code in (
        (Mark.READY, HowShown.IN_TABLE, "desk.unopened"),
        (Mark.ASIDE, HowShown.OPENED, "desk.aside"),
    ):
        review.review(world.ports, cookie, reference, mark, how)
        with pytest.raises(RuleRefused) as error:
            authorise.authorise(world.ports, cookie, [reference], world.totp(Role.SIGNATORY))
        assert error.value.code == code
    review.review(world.ports, cookie, reference, Mark.READY, HowShown.OPENED)
    assert authorise.authorise(world.ports, cookie, [reference], world.totp(Role.SIGNATORY)).items[0].how_shown is HowShown.OPENED


def test_what_reaches_the_desk_meanwhile_does_not_undo_the_sample() -> None:
    world = World()
    listed = signed(world, 6)
    cookie = world.session(Role.SIGNATORY)
    for reference in desk.desk(world.ports, cookie).sample:
        review.review(world.ports, cookie, reference, Mark.READY, HowShown.SAMPLED)
    world.read_models(cookie)
    for rank in range(40, 52):
        world.sign(world.invited(rank))
    world.clock.advance(timedelta(seconds=60))
    assert len(authorise.authorise(world.ports, cookie, listed, world.totp(Role.SIGNATORY)).items) == 6


def test_opened_but_not_marked_is_not_ready() -> None:
    world = World()
    (reference,) = signed(world, 1, contribution_eur=14_000)
    cookie = world.session(Role.SIGNATORY)
    view = desk.desk(world.ports, cookie)
    opened = replace(view.items[0], is_opened=True)
    with pytest.raises(RuleRefused) as error:
        authorise._check_opened((), [opened])
    assert error.value.details == {"reference": reference}


def test_a_second_factor_is_fresh_and_serves_once() -> None:
    world = World()
    first, second = signed(world, 2)
    cookie = world.session(Role.SIGNATORY)
    for reference in (first, second):
        review.review(world.ports, cookie, reference, Mark.READY, HowShown.OPENED)
    world.read_models(cookie)
    code = world.totp(Role.SIGNATORY)
    authorise.authorise(world.ports, cookie, [first, first], code)
    for bad in (code, "000000"):
        with pytest.raises(RuleRefused) as error:
            authorise.authorise(world.ports, cookie, [second], bad)
        assert error.value.code == "totp.refused"
    assert world.status(second) is Status.AWAITING_COUNTERSIGNATURE


def test_wrong_codes_of_ceremonies_and_of_sign_in_pause_together_and_a_right_one_begins_anew() -> None:
    world = World()
    first, second = signed(world, 2)
    cookie = world.session(Role.SIGNATORY)
    for reference in (first, second):
        review.review(world.ports, cookie, reference, Mark.READY, HowShown.OPENED)
    world.read_models(cookie)

    def tried(reference: str, code: str) -> str:
        with pytest.raises(RuleRefused) as error:
            authorise.authorise(world.ports, cookie, [reference], code)
        return error.value.code

    assert [tried(first, "000000") for _ in range(4)] == ["totp.refused"] * 4
    authorise.authorise(world.ports, cookie, [first], world.totp(Role.SIGNATORY))
    world.clock.advance(timedelta(minutes=1))
    assert [tried(second, "000000") for _ in range(3)] == ["totp.refused"] * 3
    with pytest.raises(RuleRefused):
        sign_in.sign_in(world.ports, "signatory", PASSWORD, "000000")
    assert tried(second, "000000") == "totp.refused"
    for _ in range(2):  # the fifth in a row, wherever each was tried: not even the right one is listened to
        assert tried(second, world.totp(Role.SIGNATORY)) == "sign_in.paused"
    with pytest.raises(RuleRefused) as error:
        sign_in.sign_in(world.ports, "signatory", PASSWORD, world.totp(Role.SIGNATORY))
    assert error.value.code == "sign_in.paused"
    assert world.status(second) is Status.AWAITING_COUNTERSIGNATURE
    world.clock.advance(timedelta(minutes=16))
    authorise.authorise(world.ports, cookie, [second], world.totp(Role.SIGNATORY))
    assert world.status(second) is Status.SEALING


def test_nothing_to_authorise_or_not_on_the_desk() -> None:
    world = World()
    reference = world.invited()
    cookie = world.session(Role.SIGNATORY)
    with pytest.raises(InputRefused):
        authorise.authorise(world.ports, cookie, [], world.totp(Role.SIGNATORY))
    with pytest.raises(RuleRefused) as error:
        authorise.authorise(world.ports, cookie, [reference], world.totp(Role.SIGNATORY))
    assert error.value.code == "agreement.not_awaiting_countersignature"
    with pytest.raises(RuleRefused):
        review.review(world.ports, cookie, reference, Mark.READY, HowShown.OPENED)


def test_a_delegation_that_ended_shows_why_and_signs_nothing() -> None:
    world = World()
    (reference,) = signed(world, 1)
    cookie = world.session(Role.SIGNATORY)
    world.registry.state.delegations.clear()
    with world.registry.write() as tx:
        tx.add_delegation(world.programme.id, replace(world.delegation, scope=(Kind.ORDER_FORM,)))
    view = desk.desk(world.ports, cookie)
    assert view.not_covered_because == "delegation.not_covering"
    review.review(world.ports, cookie, reference, Mark.READY, HowShown.OPENED)
    with pytest.raises(RuleRefused) as error:
        authorise.authorise(world.ports, cookie, [reference], world.totp(Role.SIGNATORY))
    assert error.value.code == "delegation.not_covering"


def test_a_seal_that_cannot_be_had_authorises_nothing() -> None:
    world = World()
    (reference,) = signed(world, 1)
    world.signing.failure = UpstreamUnavailable("seal")
    with pytest.raises(UpstreamUnavailable):
        world.authorise(reference)
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE
    with world.registry.read() as tx:
        assert tx.authorisations() == []


def test_a_ceremony_without_its_seal_has_no_list_to_give() -> None:
    world, now = World(), World().clock.now()
    with world.registry.write() as tx:
        tx.add_authorisation(Authorisation("a-1", "a-signatory", world.delegation.id, now, now, ()))
    with pytest.raises(NotFound):
        show.sealed_list(world.ports, world.session(Role.SIGNATORY), "a-1")
    with pytest.raises(NotFound):
        report_ceremony.report_ceremony(world.ports, world.session(Role.SIGNATORY), "a-1")


def test_two_ceremonies_at_once_authorise_once() -> None:
    world = World()
    (reference,) = signed(world, 1)
    authorisation = world.authorise(reference)
    with world.registry.read() as tx:
        stored = tx.authorisation(authorisation.id)
    with pytest.raises(RuleRefused), world.registry.write() as tx:
        authorise._commit(world.ports, tx, replace(stored, id="autre"))
    assert len([fact for fact in world.agreement(reference).facts if fact.kind is FactKind.AUTHORISED]) == 1
