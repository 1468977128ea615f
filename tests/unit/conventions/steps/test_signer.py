"""The signer's link, reading, code, decision and signature."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from conventions.agreements import FactKind, Stage
from conventions.errors import EvidenceBroken, InputRefused, LinkRefused, NotFound, RuleRefused, UpstreamUnavailable
from conventions.kinds import Kind
from conventions.links import Purpose, VisitorKind, parse_code
from conventions.outgoing import Template
from conventions.status import Status
from conventions.steps import (
    complete_data,
    decline,
    draft,
    invite,
    open_campaign,
    open_link,
    prepare,
    question,
    read_page,
    reissue_link,
    request_data,
    resume,
    send_code,
    sign,
    signer_view,
)
from conventions.views import SignerStage, Visitor
from tests.fakes.world import BROWSER, CAMPAIGN, World
from tests.unit.conventions.test_member_file import ACT, REFERENT

DOWN = UpstreamUnavailable("the time-stamp authority does not answer", code="upstream.unavailable")


def ready_to_sign(world: World) -> tuple[str, str, str]:
    """Return reference, cookie and digest of a signer who has read everything."""
    reference = world.invited()
    cookie = world.visit(reference)
    return reference, cookie, world.read_all(cookie).document_sha256


def test_reading_the_link_records_nothing() -> None:
    world = World()
    reference = world.invited()
    with world.registry.read() as tx:
        before = len(tx.events())
    preview = open_link.preview_link(world.ports, world.token(reference))
    assert preview.purpose is Purpose.SIGN
    assert preview.demonstration
    with world.registry.read() as tx:
        assert len(tx.events()) == before


def test_wrong_foreign_expired_replaced_and_old_links_answer_the_same() -> None:
    world = World()
    reference = world.invited()
    token = world.token(reference)
    identifier, mac = token.split(".")
    refused = ["", "x", "x.y", f"{identifier}.", f"{identifier}.{'A' * len(mac)}", f"{identifier}.é"]
    reissue_link.reissue_link(world.ports, reference, "agent")
    refused.append(token)
    codes = set()
    for bad in refused:
        with pytest.raises(LinkRefused) as error:
            open_link.open_link(world.ports, bad, BROWSER)
        codes.add(error.value.code)
    world.deliver()
    fresh = world.token(reference)
    assert fresh != token
    open_link.preview_link(world.ports, fresh)
    world.clock.advance(timedelta(days=61))
    with pytest.raises(LinkRefused) as error:
        open_link.preview_link(world.ports, fresh)
    assert codes | {error.value.code} == {"link.refused"}
    assert world.status(reference) is Status.EXPIRED


def test_a_link_of_an_earlier_version_is_dead() -> None:
    world = World()
    reference = world.invited()
    with world.registry.write() as tx:
        link = tx.links_of(reference)[0]
        tx.update_link(replace(link, version=2))
    with pytest.raises(LinkRefused):
        open_link.preview_link(world.ports, world.token(reference))


def test_the_other_person_can_say_so() -> None:
    world = World()
    reference = world.invited()
    open_link.refuse_identity(world.ports, world.token(reference), BROWSER)
    with world.registry.read() as tx:
        assert tx.events(reference)[-1].event.type == "link.identity_refused"


@pytest.mark.parametrize(
    ("agent", "kind"), [("", VisitorKind.MACHINE), ("Googlebot/2.1", VisitorKind.MACHINE), ("Mozilla/5.0", VisitorKind.PERSON)]
)
def test_visits_are_classified_with_a_reason(agent: str, kind: VisitorKind) -> None:
    found, because = open_link.classify(Visitor("192.0.2.1", agent))
    assert found is kind
    assert because


def test_a_cookie_opens_only_its_own_purpose_and_time() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    with pytest.raises(LinkRefused):
        complete_data.data_form(world.ports, cookie)
    with pytest.raises(LinkRefused) as error:
        signer_view.signer_view(world.ports, "autre")
    assert error.value.code == "link.visit_ended"
    world.clock.advance(timedelta(days=1, seconds=1))
    with pytest.raises(LinkRefused):
        signer_view.signer_view(world.ports, cookie)


def test_nothing_is_signed_before_every_part_is_turned() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    view = read_page.read_page(world.ports, cookie, 1, "picture")
    read_page.read_page(world.ports, cookie, 1, "text")
    assert [part.is_turned for part in view.parts] == [True, False, False]
    assert view.stage is SignerStage.READING
    assert len(view.parts_left) == 2
    for refused in (
        lambda: send_code.send_code(world.ports, cookie),
        lambda: sign.sign(world.ports, cookie, "123456", accepted=True, document_sha256=view.document_sha256),
    ):
        with pytest.raises(RuleRefused) as error:
            refused()
        assert error.value.code == "reading.unfinished"
        assert error.value.details == {"left": 2}
    for part, served_as in ((0, "picture"), (4, "picture"), (1, "film")):
        with pytest.raises(NotFound):
            read_page.read_page(world.ports, cookie, part, served_as)


def test_pictures_are_drawn_once_and_only_of_pages_that_exist() -> None:
    world = World()
    cookie = world.visit(world.invited())
    first = read_page.page_picture(world.ports, cookie, 3)
    assert read_page.page_picture(world.ports, cookie, 3) == first
    assert world.documents.pictures_drawn == 1
    for page in (0, 13):
        with pytest.raises(NotFound):
            read_page.page_picture(world.ports, cookie, page)


def test_the_file_downloaded_is_the_one_that_stands() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    name, prepared = read_page.document_bytes(world.ports, cookie)
    assert name == f"convention-{reference}.pdf"
    world.sign(reference)
    signed = read_page.document_bytes(world.ports, cookie)[1]
    assert signed.startswith(prepared)
    assert len(signed) > len(prepared)


def test_code_box_and_digest_are_all_needed() -> None:
    world = World()
    _, cookie, sha256 = ready_to_sign(world)
    code = world.ask_code(cookie)
    for kwargs, code_text, expected in (
        ({"accepted": False, "document_sha256": sha256}, code, "consent.missing"),
        ({"accepted": True, "document_sha256": "0" * 64}, code, "document.changed"),
        ({"accepted": True, "document_sha256": sha256}, "12345", "code.malformed"),
    ):
        with pytest.raises((InputRefused, RuleRefused)) as error:
            sign.sign(world.ports, cookie, code_text, **kwargs)  # type: ignore[arg-type]
        assert error.value.code == expected
    view = signer_view.signer_view(world.ports, cookie)
    assert (view.tries_left, view.stage) == (5, SignerStage.CODE_SENT)
    assert view.code_expires_at is not None
    spaced = f" {code[:3]}\u00a0{code[4:]} "
    assert sign.sign(world.ports, cookie, spaced, accepted=True, document_sha256=sha256).stage is SignerStage.SIGNED


@pytest.mark.parametrize(
    ("text", "digits"), [("123 456", "123456"), ("123-456", "123456"), ("12345a", None), ("", None), ("\uff11" * 6, None)]
)
def test_codes_as_people_type_them(text: str, digits: str | None) -> None:
    assert parse_code(text) == digits


def wrong(code: str) -> str:
    return f"{(int(code.replace(' ', '')) + 1) % 1_000_000:06d}"


def test_five_wrong_codes_kill_the_link_and_an_agent_reissues_it() -> None:
    world = World()
    reference, cookie, sha256 = ready_to_sign(world)
    code = world.ask_code(cookie)
    left = []
    for _ in range(4):
        with pytest.raises(LinkRefused) as error:
            sign.sign(world.ports, cookie, wrong(code), accepted=True, document_sha256=sha256)
        left.append(error.value.details["tries_left"])
    assert left == [4, 3, 2, 1]
    for _ in range(2):
        with pytest.raises(LinkRefused) as error:
            sign.sign(world.ports, cookie, wrong(code), accepted=True, document_sha256=sha256)
        assert error.value.code == "link.locked"
    with pytest.raises(LinkRefused):
        sign.sign(world.ports, cookie, code, accepted=True, document_sha256=sha256)
    with pytest.raises(LinkRefused):
        open_link.open_link(world.ports, world.token(reference), BROWSER)
    reissue_link.reissue_link(world.ports, reference, "agent")
    world.deliver()
    assert world.sign(reference).stage is SignerStage.SIGNED


def test_a_code_dies_after_ten_minutes_or_when_another_is_asked_for() -> None:
    world = World()
    _, cookie, sha256 = ready_to_sign(world)
    first = world.ask_code(cookie)
    world.clock.advance(timedelta(minutes=10, seconds=1))
    with pytest.raises(LinkRefused) as error:
        sign.sign(world.ports, cookie, first, accepted=True, document_sha256=sha256)
    assert error.value.code == "code.expired"
    second = world.ask_code(cookie)
    third = world.ask_code(cookie)
    with pytest.raises(LinkRefused) as error:
        sign.sign(world.ports, cookie, second, accepted=True, document_sha256=sha256)
    assert error.value.code == "code.wrong"
    assert sign.sign(world.ports, cookie, third, accepted=True, document_sha256=sha256).stage is SignerStage.SIGNED


def test_no_code_asked_for_or_its_mail_not_left_yet() -> None:
    world = World()
    _, cookie, sha256 = ready_to_sign(world)
    for _ in range(2):
        with pytest.raises(LinkRefused) as error:
            sign.sign(world.ports, cookie, "123456", accepted=True, document_sha256=sha256)
        assert error.value.code == "code.expired"
        send_code.send_code(world.ports, cookie)


def test_five_codes_an_hour() -> None:
    world = World()
    _, cookie, _ = ready_to_sign(world)
    for _ in range(5):
        send_code.send_code(world.ports, cookie)
    with pytest.raises(RuleRefused) as error:
        send_code.send_code(world.ports, cookie)
    assert error.value.code == "code.too_many"
    world.clock.advance(timedelta(hours=1, seconds=1))
    send_code.send_code(world.ports, cookie)


def test_a_code_used_once_signs_once_even_from_two_tabs() -> None:
    world = World()
    reference, cookie, sha256 = ready_to_sign(world)
    other = world.visit(reference)
    world.read_all(other)
    code = world.ask_code(cookie)
    first = sign.sign(world.ports, cookie, code, accepted=True, document_sha256=sha256)
    second = sign.sign(world.ports, other, code, accepted=True, document_sha256=sha256)
    assert first.signed_at == second.signed_at
    assert world.signing.signatures_made == 1
    for late in (cookie, other):
        with pytest.raises(RuleRefused) as error:
            send_code.send_code(world.ports, late)
        assert error.value.code == "agreement.decided"


def test_authority_down_keeps_the_decision_and_resume_finishes() -> None:
    world = World()
    reference, cookie, sha256 = ready_to_sign(world)
    code = world.ask_code(cookie)
    world.signing.failure = DOWN
    with pytest.raises(UpstreamUnavailable):
        sign.sign(world.ports, cookie, code, accepted=True, document_sha256=sha256)
    assert signer_view.signer_view(world.ports, cookie).stage is SignerStage.SIGNATURE_PENDING
    assert resume.resume(world.ports).waiting == ((reference, "finish_signature", "upstream.unavailable"),)
    assert world.agreement(reference).failure is not None
    world.signing.failure = None
    assert (reference, "finish_signature") in resume.resume(world.ports).done
    assert world.agreement(reference).failure is None
    assert signer_view.signer_view(world.ports, cookie).stage is SignerStage.SIGNED


def test_archive_down_does_not_make_the_person_wait() -> None:
    world = World()
    reference = world.invited()
    world.archive.down = True
    assert world.sign(reference).stage is SignerStage.SIGNED
    assert world.agreement(reference).fact(FactKind.MEMBER_FILE_KEPT) is None
    world.archive.down = False
    assert resume.resume(world.ports).done == ((reference, "keep_member_file"),)
    assert world.agreement(reference).fact(FactKind.MEMBER_FILE_KEPT) is not None


def test_an_archive_that_holds_other_bytes_is_loud() -> None:
    world = World()
    reference = world.invited()
    prepared = world.agreement(reference).required_artefact(Stage.PREPARED).sha256
    world.archive.objects[f"agreements/{reference}/0001-prepared-{prepared}"] = b"other"
    with pytest.raises(EvidenceBroken):
        world.sign(reference)


def test_changed_working_bytes_are_never_signed() -> None:
    world = World()
    reference, cookie, sha256 = ready_to_sign(world)
    code = world.ask_code(cookie)
    world.working.objects[sha256] = b"changed"
    with pytest.raises(EvidenceBroken):
        sign.sign(world.ports, cookie, code, accepted=True, document_sha256=sha256)
    assert world.agreement(reference).fact(FactKind.MEMBER_SIGNED) is None


def test_power_is_checked_again_at_the_time_of_the_time_stamp() -> None:
    world = World()
    reference, cookie, sha256 = ready_to_sign(world)
    code = world.ask_code(cookie)

    member_id = world.agreement(reference).member_id

    def withdraw() -> None:
        with world.registry.write() as tx:
            tx.update_member(replace(tx.member(member_id), power=None))

    world.signing.on_sign = withdraw
    with pytest.raises(RuleRefused) as error:
        sign.sign(world.ports, cookie, code, accepted=True, document_sha256=sha256)
    assert error.value.code == "power.missing"
    assert world.agreement(reference).artefact(Stage.MEMBER_SIGNED) is None
    assert world.agreement(reference).required_fact(FactKind.CONSENTED).text("sha256") == sha256


def test_a_signature_for_a_version_that_is_over_is_dropped() -> None:
    world = World()
    reference, cookie, sha256 = ready_to_sign(world)
    code = world.ask_code(cookie)

    def move_on() -> None:
        with world.registry.write() as tx:
            agreement = tx.agreement(reference)
            fact = replace(agreement.facts[0], version=2)
            tx.add_fact(reference, fact)

    world.signing.on_sign = move_on
    with pytest.raises(RuleRefused) as error:
        sign.sign(world.ports, cookie, code, accepted=True, document_sha256=sha256)
    assert error.value.code == "document.changed"


def test_decline_ends_it_and_tells_the_agents() -> None:
    world = World()
    reference, cookie, sha256 = ready_to_sign(world)
    code = world.ask_code(cookie)
    assert decline.decline(world.ports, cookie, " Budget refusé ").stage is SignerStage.DECLINED
    assert decline.decline(world.ports, cookie, "encore").stage is SignerStage.DECLINED
    assert world.status(reference) is Status.DECLINED
    with pytest.raises(RuleRefused):
        sign.sign(world.ports, cookie, code, accepted=True, document_sha256=sha256)
    world.deliver()
    notice = world.mailer.last_to("agents@ker-niverel.invalid")
    assert (notice.template, notice.values["reason"]) == (Template.DECLINED, "Budget refusé")
    with pytest.raises(InputRefused):
        decline.decline(world.ports, cookie, "x" * 2001)


def test_decline_after_agreeing_is_refused() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    world.sign(reference)
    with pytest.raises(RuleRefused):
        decline.decline(world.ports, cookie, "")


def test_questions_are_seen_by_agents() -> None:
    world = World()
    reference = world.invited()
    cookie = world.visit(reference)
    question.ask(world.ports, cookie, "Le montant est-il annuel ?")
    failure = world.agreement(reference).failure
    assert failure is not None
    assert failure.code == "question.asked"
    for text in (" ", "x" * 2001):
        with pytest.raises(InputRefused):
            question.ask(world.ports, cookie, text)


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
    for values in ({}, ACT, {**ACT, **REFERENT, "act_on": "demain"}):
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
        draft.redraft(world.ports, reference)
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
