"""The real adapter on the real PKI: what it makes, what it refuses, and what it does when something outside fails."""

from __future__ import annotations

import dataclasses
import io
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pyhanko.pdf_utils.reader import PdfFileReader

from conventions.canonical import sha256_hex
from conventions.errors import EvidenceBroken, NotFound, SigningFailed, UpstreamUnavailable
from conventions.kinds import MEMBER_FIELD, SYNDICATE_FIELD, Party
from conventions.people import Civility, Person
from conventions.signatures import Countersignature, ExpectedSigner, Indication, PadesLevel, SignedFile, SignerIdentity
from conventions.siret import fictitious_siret, siren_of
from signing.adapter import PadesSigning
from signing.engine import Task
from signing.keys import OneShotKey
from tests.contract.signing.running import RunningPki, free_port
from tests.unit.signing.material import (
    BOTH,
    FORMULA,
    MEMBER,
    OTHER_MEMBER,
    VICE_PRESIDENT,
    changed_manifest,
    manifest_of,
    member_request,
    prepared_pdf,
)


@pytest.fixture
def stoppable(tmp_path: Path) -> Iterator[RunningPki]:
    running = RunningPki(tmp_path / "pki").start()
    yield running
    if running.process is not None and running.process.poll() is None:
        running.stop()


def test_a_member_signature_is_complete_at_once(member_signed: SignedFile, signing: PadesSigning) -> None:
    prepared = prepared_pdf()
    assert member_signed.level is PadesLevel.B_LTA
    assert member_signed.data.startswith(prepared)
    report = signing.validate(member_signed.data, BOTH[:1])
    assert report.valid, report.reasons
    assert [(one.field, one.indication, one.level) for one in report.signatures] == [
        (MEMBER_FIELD, Indication.TOTAL_PASSED, PadesLevel.B_LTA)
    ]
    assert [one.field for one in report.timestamps] == [MEMBER_FIELD, "Horodatage_01"]
    assert report.signatures[0].signed_at == member_signed.signed_at


def test_a_countersigned_file_keeps_the_members_bytes_and_validates(
    member_signed: SignedFile, countersigned: SignedFile, signing: PadesSigning
) -> None:
    assert countersigned.data.startswith(member_signed.data)
    report = signing.validate(countersigned.data, BOTH)
    assert report.valid, report
    assert report.level is PadesLevel.B_LTA
    assert [one.field for one in report.signatures] == [MEMBER_FIELD, SYNDICATE_FIELD]
    assert [one.organization_identifier for one in report.signatures] == [
        MEMBER.organization_identifier,
        VICE_PRESIDENT.organization_identifier,
    ]
    assert report.timestamps[-1].field == "Horodatage_02"
    assert report.sha256 == sha256_hex(countersigned.data)


def test_the_dates_written_carry_the_offset_of_paris(countersigned: SignedFile) -> None:
    written = [one.self_reported_timestamp for one in PdfFileReader(io.BytesIO(countersigned.data)).embedded_regular_signatures]
    assert len(written) == 2
    for at in written:
        assert at is not None
        assert at.utcoffset() == at.astimezone(ZoneInfo("Europe/Paris")).utcoffset() != timedelta(0)


def test_the_file_stays_pdf_1_7(countersigned: SignedFile) -> None:
    assert countersigned.data.startswith(b"%PDF-1.7")
    assert b"/Version /2" not in countersigned.data
    assert b"/ISO_" not in countersigned.data


def test_other_bytes_than_those_shown_are_not_signed(signing: PadesSigning) -> None:
    request = dataclasses.replace(member_request(prepared_pdf()), document_sha256=sha256_hex(b"other"))
    with pytest.raises(EvidenceBroken):
        signing.sign_for_member(prepared_pdf(), request)


def test_a_signed_field_is_not_signed_again(signing: PadesSigning, member_signed: SignedFile) -> None:
    with pytest.raises(SigningFailed):
        signing.sign_for_member(member_signed.data, member_request(member_signed.data))


@pytest.mark.parametrize(
    "data", [b"", b"not a PDF", b"%PDF-1.7\n%%EOF", prepared_pdf()[:-40], prepared_pdf(parties=(Party.SYNDICATE,))],
    ids=["empty", "text", "no cross-references", "cut short", "no member's field"],
)  # fmt: skip
def test_a_file_that_cannot_be_signed_is_an_error_of_ours(signing: PadesSigning, data: bytes) -> None:
    with pytest.raises(SigningFailed):
        signing.sign_for_member(data, member_request(data))


PERSON = Person(Civility.MADAME, "Maëlle", "Autre-Nom", "Présidente")
STRANGERS = {
    "another person": dataclasses.replace(MEMBER, person=PERSON),
    "another first name": dataclasses.replace(MEMBER, person=dataclasses.replace(MEMBER.person, given_name="Maela")),
    "another organisation": dataclasses.replace(MEMBER, siren=siren_of(fictitious_siret(77))),
    "another organisation's name": dataclasses.replace(MEMBER, organisation="Communauté de communes voisine"),
    "the other side's CA": dataclasses.replace(MEMBER, party=Party.SYNDICATE),
}


@pytest.mark.parametrize("expected", STRANGERS.values(), ids=STRANGERS.keys())
def test_a_valid_signature_by_somebody_else_is_invalid(member_signed: SignedFile, signing: PadesSigning, expected: SignerIdentity) -> None:
    report = signing.validate(member_signed.data, [ExpectedSigner(expected, MEMBER_FIELD)])
    assert not report.valid
    assert report.signatures[0].indication is Indication.TOTAL_PASSED
    assert all(reason.startswith(f"{MEMBER_FIELD}: signer.") for reason in report.reasons)


def test_names_are_compared_without_accents_case_or_hyphens(member_signed: SignedFile, signing: PadesSigning) -> None:
    plain = Person(Civility.MADAME, "MAELLE", "LE GOFF EXEMPLE", "Présidente")
    report = signing.validate(member_signed.data, [ExpectedSigner(dataclasses.replace(MEMBER, person=plain), MEMBER_FIELD)])
    assert report.valid, report.reasons


def test_a_members_certificate_in_the_vice_presidents_field_is_refused(signing: PadesSigning) -> None:
    """Any member's certificate is valid; in the other field it must not be."""
    prepared = prepared_pdf()
    member = signing.sign_for_member(prepared, member_request(prepared))

    async def sign_in_the_other_field() -> bytes:
        key = OneShotKey()
        certificate = await signing._pki.issue_member(key.render_request(), OTHER_MEMBER, "2026-0015")
        session = await signing._engine.open_session(key.certified(certificate))
        task = Task(member.data, SYNDICATE_FIELD, "", signing._stamps(OTHER_MEMBER, ""))
        (outcome,) = await signing._engine.sign_all(session, [task])
        assert isinstance(outcome, SignedFile), outcome
        return outcome.data

    data = signing._outside.run(sign_in_the_other_field())
    report = signing.validate(data, BOTH)
    assert not report.valid
    assert [one.indication for one in report.signatures] == [Indication.TOTAL_PASSED] * 2
    assert {reason.partition(":")[2].split(":")[0].strip() for reason in report.reasons} == {
        "signer.issuer", "signer.policy", "signer.organisation", "signer.organisation_name", "signer.person",
    }  # fmt: skip


def test_a_missing_signature_and_an_unexpected_one_are_both_said(
    member_signed: SignedFile, countersigned: SignedFile, signing: PadesSigning
) -> None:
    missing = signing.validate(member_signed.data, BOTH)
    assert not missing.valid
    assert f"{SYNDICATE_FIELD}: signature missing" in missing.reasons
    unexpected = signing.validate(countersigned.data, BOTH[:1])
    assert not unexpected.valid
    assert f"{SYNDICATE_FIELD}: signature by nobody expected" in unexpected.reasons


def test_an_altered_byte_is_seen(countersigned: SignedFile, signing: PadesSigning) -> None:
    """Anywhere but among the certificates that come beside the last token: nobody signs these, and only the recorded digest sees them."""
    data = countersigned.data
    _, start, end, _ = PdfFileReader(io.BytesIO(data)).embedded_signatures[-1].byte_range
    everywhere = range(10, len(data), len(data) // 17)
    for position in (*(one for one in everywhere if not start <= one < end), end - 20):
        altered = bytearray(data)
        altered[position] ^= 1
        assert not signing.validate(bytes(altered), BOTH).valid, position


@pytest.mark.parametrize("addition", [b"\n", b"% a comment", b"%%EOF"])
def test_bytes_after_the_last_timestamp_are_refused(countersigned: SignedFile, signing: PadesSigning, addition: bytes) -> None:
    assert not signing.validate(countersigned.data + addition, BOTH).valid


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"\x00" * 100], ids=["empty", "head only", "zeros"])
def test_what_is_not_a_pdf_is_a_report_that_says_so(signing: PadesSigning, data: bytes) -> None:
    report = signing.validate(data, BOTH)
    assert (report.valid, report.level, report.signatures) == (False, None, ())
    assert report.reasons[0].startswith("format:")


def test_one_failing_document_of_a_batch_fails_alone(signing: PadesSigning) -> None:
    documents = {}
    for number in range(1, 6):
        prepared = prepared_pdf(f"Convention {number}")
        documents[f"2026-{number:04d}"] = signing.sign_for_member(prepared, member_request(prepared)).data
    digests = {reference: sha256_hex(data) for reference, data in documents.items()}
    digests["2026-0006"] = sha256_hex(b"no PDF at all")
    sealed = signing.seal_manifest(manifest_of(digests))

    def read(item: Countersignature) -> bytes:
        if item.reference == "2026-0002":
            raise NotFound("nothing under that key")
        if item.reference == "2026-0004":
            return documents["2026-0005"]
        return documents.get(item.reference, b"no PDF at all")

    items = [Countersignature(reference, digest) for reference, digest in digests.items()]
    outcomes = {one.reference: one for one in signing.countersign(sealed, VICE_PRESIDENT, FORMULA, items, read)}
    assert list(outcomes) == list(digests)
    failed = {reference: one.failure_code for reference, one in outcomes.items() if one.signed is None}
    assert failed == {"2026-0002": "not_found", "2026-0004": "evidence.member_signed", "2026-0006": "signing.pdf"}
    for one in outcomes.values():
        if one.signed is not None:
            assert signing.validate(one.signed.data, BOTH).valid


def test_no_document_asks_no_certificate(signing: PadesSigning) -> None:
    sealed = signing.seal_manifest(manifest_of({}))
    assert list(signing.countersign(sealed, VICE_PRESIDENT, FORMULA, [], lambda _item: b"")) == []


def test_a_document_outside_the_manifest_gets_no_certificate(signing: PadesSigning, member_signed: SignedFile) -> None:
    sealed = signing.seal_manifest(manifest_of({"2026-0014": sha256_hex(b"another file")}))
    items = [Countersignature("2026-0014", sha256_hex(member_signed.data))]
    with pytest.raises(SigningFailed) as refusal:
        signing.countersign(sealed, VICE_PRESIDENT, FORMULA, items, lambda _item: member_signed.data)
    assert refusal.value.code == "manifest.not_listed"


def test_a_manifest_changed_after_its_seal_gets_no_certificate(signing: PadesSigning, member_signed: SignedFile) -> None:
    digest = sha256_hex(member_signed.data)
    sealed = signing.seal_manifest(manifest_of({"2026-0001": digest}))
    changed = dataclasses.replace(sealed, manifest=manifest_of({"2026-0014": digest}))
    with pytest.raises(SigningFailed) as refusal:
        signing.countersign(changed, VICE_PRESIDENT, FORMULA, [Countersignature("2026-0014", digest)], lambda _item: member_signed.data)
    assert refusal.value.code == "manifest.seal"


def test_another_person_than_the_ceremonys_gets_no_certificate(signing: PadesSigning, member_signed: SignedFile) -> None:
    digest = sha256_hex(member_signed.data)
    sealed = signing.seal_manifest(manifest_of({"2026-0014": digest}))
    somebody = dataclasses.replace(VICE_PRESIDENT, person=PERSON)
    with pytest.raises(SigningFailed) as refusal:
        signing.countersign(sealed, somebody, FORMULA, [Countersignature("2026-0014", digest)], lambda _item: member_signed.data)
    assert refusal.value.code == "manifest.person"


def test_a_manifest_of_another_schema_gets_no_certificate(signing: PadesSigning, member_signed: SignedFile) -> None:
    digest = sha256_hex(member_signed.data)
    sealed = signing.seal_manifest(changed_manifest(manifest_of({"2026-0014": digest}), schema="contreseing/ceremony/9"))
    with pytest.raises(SigningFailed) as refusal:
        signing.countersign(sealed, VICE_PRESIDENT, FORMULA, [Countersignature("2026-0014", digest)], lambda _item: member_signed.data)
    assert refusal.value.code == "manifest.unreadable"


def test_a_stopped_pki_issues_nothing_and_the_next_try_succeeds(stoppable: RunningPki) -> None:
    prepared = prepared_pdf()
    adapter = stoppable.adapter()
    try:
        member = adapter.sign_for_member(prepared, member_request(prepared))
        digest = sha256_hex(member.data)
        sealed = adapter.seal_manifest(manifest_of({"2026-0014": digest}))
        stoppable.stop()
        items = [Countersignature("2026-0014", digest)]
        with pytest.raises(UpstreamUnavailable):
            adapter.sign_for_member(prepared, member_request(prepared))
        with pytest.raises(UpstreamUnavailable):
            adapter.seal_manifest(b"{}")
        with pytest.raises(UpstreamUnavailable):
            adapter.countersign(sealed, VICE_PRESIDENT, FORMULA, items, lambda _item: member.data)
        stoppable.start()
        (outcome,) = adapter.countersign(sealed, VICE_PRESIDENT, FORMULA, items, lambda _item: member.data)
        assert outcome.signed is not None
        assert adapter.validate(outcome.signed.data, BOTH).valid
    finally:
        adapter.close()


def test_a_dead_timestamp_authority_issues_nothing(pki: RunningPki, member_signed: SignedFile) -> None:
    adapter = pki.adapter([f"http://127.0.0.1:{free_port()}/tsa"])
    prepared = prepared_pdf()
    digest = sha256_hex(member_signed.data)
    try:
        with pytest.raises(UpstreamUnavailable):
            adapter.sign_for_member(prepared, member_request(prepared))
        with pytest.raises(UpstreamUnavailable):
            adapter.seal_manifest(manifest_of({"2026-0014": digest}))
    finally:
        adapter.close()


def test_the_second_authority_is_used_when_the_first_is_dead(pki: RunningPki) -> None:
    adapter = pki.adapter([f"http://127.0.0.1:{free_port()}/tsa", f"{pki.address}/tsa"])
    prepared = prepared_pdf()
    try:
        started = time.monotonic()
        for _ in range(4):
            signed = adapter.sign_for_member(prepared, member_request(prepared))
            assert adapter.validate(signed.data, BOTH[:1]).valid
        assert time.monotonic() - started < 20
        first, second = adapter.timestamp_counters()["tsa-1"], adapter.timestamp_counters()["tsa-2"]
        assert (first.granted, first.opened) == (0, 1)
        assert second.granted == 1 + 4 * 2  # one to know its tokens, two for each file
    finally:
        adapter.close()


def test_a_process_without_the_right_token_is_refused(pki: RunningPki) -> None:
    prepared = prepared_pdf()
    adapter = pki.adapter()
    adapter._pki._tokens = dataclasses.replace(pki.tokens, portal=pki.tokens.flows)
    try:
        with pytest.raises(SigningFailed) as refusal:
            adapter.sign_for_member(prepared, member_request(prepared))
        assert refusal.value.code == "pki.forbidden"
    finally:
        adapter.close()


def test_the_anchors_are_given_by_file_name(signing: PadesSigning) -> None:
    anchors = signing.trust_anchors_pem()
    assert sorted(anchors) == ["members-ca.pem", "root.pem", "syndicate-ca.pem"]
    assert all(pem.startswith(b"-----BEGIN CERTIFICATE-----") for pem in anchors.values())
