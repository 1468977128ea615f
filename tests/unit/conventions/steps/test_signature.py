"""Code, decision and signature of the member; refusals and questions."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from conventions.agreements import FactKind, Stage
from conventions.attentions import AttentionKind
from conventions.errors import EvidenceBroken, InputRefused, LinkRefused, RuleRefused, UpstreamUnavailable
from conventions.links import parse_code
from conventions.outgoing import Template
from conventions.signatures import SignatureLevel, SignatureLevels
from conventions.status import Status
from conventions.steps import (
    decline,
    open_link,
    question,
    reissue_link,
    resume,
    send_code,
    sign,
    signer_view,
)
from conventions.views import SignerStage
from tests.builders import example_programme
from tests.fakes.world import BROWSER, World

DOWN = UpstreamUnavailable("the time-stamp authority does not answer", code="upstream.unavailable")


def ready_to_sign(world: World) -> tuple[str, str, str]:
    """Return reference, cookie and digest of a signer who has read everything."""
    reference = world.invited()
    cookie = world.visit(reference)
    return reference, cookie, world.read_all(cookie).document_sha256


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
    for expected in ("code.expired", "code.on_its_way"):
        with pytest.raises(LinkRefused) as error:
            sign.sign(world.ports, cookie, "123456", accepted=True, document_sha256=sha256)
        assert error.value.code == expected
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
    assert resume.resume(world.ports).waiting == ((reference, "finish_signature", "store.digest"),)
    assert world.status(reference) is Status.QUARANTINED
    assert resume.resume(world.ports).waiting == ()


def test_nothing_is_signed_below_the_level_that_the_programme_asks_for() -> None:
    world = World()
    reference = world.invited()
    world.registry.state.programmes[world.programme.id] = example_programme(levels=SignatureLevels(member=SignatureLevel.ADVANCED))
    with pytest.raises(RuleRefused) as refused:
        world.sign(reference)
    assert refused.value.code == "programme.level_member"
    assert world.agreement(reference).artefact(Stage.MEMBER_SIGNED) is None


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
    with world.registry.read() as tx:
        (told,) = tx.attentions_of(reference)
    assert (told.kind, told.text, told.is_waiting) == (AttentionKind.QUESTION, "Le montant est-il annuel ?", True)
    assert world.agreement(reference).failure is None
    for text in (" ", "x" * 2001):
        with pytest.raises(InputRefused):
            question.ask(world.ports, cookie, text)
