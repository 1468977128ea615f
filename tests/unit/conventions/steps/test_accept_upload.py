"""A file signed elsewhere: accepted as the member's signature with what it came as, or refused and recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from conventions.accounts import Role
from conventions.agreements import FactKind, Stage
from conventions.canonical import sha256_hex
from conventions.errors import Busy, RuleRefused, UpstreamUnavailable, VerificationFailed
from conventions.kinds import MEMBER_FIELD, SYNDICATE_FIELD
from conventions.preparation import expected_signers
from conventions.status import Status
from conventions.steps import accept_upload, archive, countersign, decline, desk, open_link, resume, sign
from conventions.views import Pile, SignerStage
from tests.fakes.meanwhile import Meanwhile
from tests.fakes.world import BROWSER, World


def open_world() -> tuple[World, str, str, bytes]:
    """A world that accepts uploads; its agreement's reference, the cookie of a signer who has read all, and the file signed elsewhere."""
    world = World()
    world.ports = replace(world.ports, rules=replace(world.ports.rules, accepts_uploads=True))
    reference = world.invited()
    cookie = world.visit(reference)
    view = world.read_all(cookie)
    return world, reference, cookie, world.working.get(view.document_sha256) + b"signed elsewhere\n"


def test_an_accepted_file_is_the_members_signature_and_is_kept_as_it_came() -> None:
    world, reference, cookie, uploaded = open_world()
    view = accept_upload.accept_upload(world.ports, cookie, uploaded)
    assert (view.stage, view.accepts_uploads) == (SignerStage.SIGNED, True)
    agreement = world.agreement(reference)
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE
    signed = agreement.required_fact(FactKind.MEMBER_SIGNED)
    assert signed.text("uploaded_sha256") == sha256_hex(uploaded)
    assert agreement.required_fact(FactKind.CONSENTED).text("code_id") == ""
    assert world.archive.objects[next(key for key in world.archive.objects if "-uploaded-" in key)] == uploaded
    before = world.agreement(reference)
    assert accept_upload.accept_upload(world.ports, cookie, b"anything").stage is SignerStage.SIGNED
    assert world.agreement(reference) == before


def test_its_own_certificate_is_the_one_expected_from_then_on_and_the_desk_looks_at_it() -> None:
    world, reference, cookie, uploaded = open_world()
    accept_upload.accept_upload(world.ports, cookie, uploaded)
    signed = world.agreement(reference).required_fact(FactKind.MEMBER_SIGNED)
    expected = {one.field: one.certificate_sha256 for one in expected_signers(world.agreement(reference))}
    assert expected == {MEMBER_FIELD: signed.text("certificate_sha256"), SYNDICATE_FIELD: ""}
    (item,) = desk.desk(world.ports, world.session(Role.SIGNATORY)).items
    assert (item.pile, item.reasons) == (Pile.ONE_BY_ONE, ("pile.signed_elsewhere",))
    countersign.countersign(world.ports, world.authorise(reference).id)
    archive.archive(world.ports, reference)
    assert world.status(reference) is Status.ARCHIVED
    assert len([key for key in world.archive.objects if "-uploaded-" in key]) == 1


def test_a_refused_file_is_recorded_and_may_be_followed_by_another() -> None:
    world, reference, cookie, uploaded = open_world()
    with pytest.raises(VerificationFailed):
        accept_upload.accept_upload(world.ports, cookie, b"something else")
    assert world.status(reference) is Status.AWAITING_MEMBER
    assert world.agreement(reference).artefact(Stage.MEMBER_SIGNED) is None
    with world.registry.read() as tx:
        (refused,) = [entry.event for entry in tx.events(reference) if entry.event.type == "upload.refused"]
    assert refused.data == {"code": "upload.not_ours", "sha256": sha256_hex(b"something else")}
    assert accept_upload.accept_upload(world.ports, cookie, uploaded).stage is SignerStage.SIGNED


def test_without_accepted_authorities_uploads_are_closed() -> None:
    world = World()
    with pytest.raises(RuleRefused) as error:
        accept_upload.accept_upload(world.ports, world.visit(world.invited()), b"")
    assert error.value.code == "upload.closed"


def test_nothing_is_accepted_before_it_was_read_or_after_it_was_decided() -> None:
    world, _, cookie, uploaded = open_world()
    other = world.visit(world.invited(15))
    with pytest.raises(RuleRefused) as error:
        accept_upload.accept_upload(world.ports, other, uploaded)
    assert error.value.code == "reading.unfinished"
    decline.decline(world.ports, cookie, "")
    with pytest.raises(RuleRefused) as error:
        accept_upload.accept_upload(world.ports, cookie, uploaded)
    assert error.value.code == "agreement.decided"


def test_nothing_is_accepted_from_a_link_in_doubt_even_said_meanwhile() -> None:
    world, reference, cookie, uploaded = open_world()
    ports = world.ports

    def refuse() -> None:
        open_link.refuse_identity(ports, world.token(reference), BROWSER)

    racing: Any = Meanwhile(ports.signing, "complete_upload", refuse)
    world.ports = replace(ports, signing=racing)
    for _ in range(2):
        with pytest.raises(RuleRefused) as error:
            accept_upload.accept_upload(world.ports, cookie, uploaded)
        assert error.value.code == "link.in_doubt"
    assert world.agreement(reference).fact(FactKind.CONSENTED) is None


def test_an_authority_that_is_down_leaves_nothing_behind() -> None:
    world, reference, cookie, uploaded = open_world()
    world.signing.failure = UpstreamUnavailable("no time-stamp authority answers")
    with pytest.raises(UpstreamUnavailable):
        accept_upload.accept_upload(world.ports, cookie, uploaded)
    assert world.agreement(reference).fact(FactKind.CONSENTED) is None
    assert resume.resume(world.ports).waiting == ()
    world.signing.failure = None
    assert accept_upload.accept_upload(world.ports, cookie, uploaded).stage is SignerStage.SIGNED


def test_a_decision_by_code_taken_meanwhile_stands_alone() -> None:
    world, reference, cookie, uploaded = open_world()
    code = world.ask_code(cookie)
    sha256 = sha256_hex(uploaded.removesuffix(b"signed elsewhere\n"))

    def decide() -> None:
        with pytest.raises(Busy):
            sign.sign(world.ports, cookie, code, accepted=True, document_sha256=sha256)

    racing: Any = Meanwhile(world.signing, "complete_upload", decide)
    with pytest.raises(RuleRefused) as error:
        accept_upload.accept_upload(replace(world.ports, signing=racing), cookie, uploaded)
    assert error.value.code == "agreement.decided"
    assert (reference, "finish_signature") in resume.resume(world.ports).done
    assert "uploaded_sha256" not in world.agreement(reference).required_fact(FactKind.MEMBER_SIGNED).data
