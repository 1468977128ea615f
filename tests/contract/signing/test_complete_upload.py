"""What a member signed elsewhere becomes ours at once: B-LTA, accepted by both readers, countersigned like any other."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from contreseing.clock import SystemClock
from conventions.canonical import sha256_hex
from conventions.errors import VerificationFailed
from conventions.kinds import MEMBER_FIELD, SYNDICATE_FIELD
from conventions.signatures import Countersignature, ExpectedSigner, PadesLevel
from documents.adapter import ReportlabDocuments
from signing.adapter import PadesSigning
from signing.chains import TrustStore, parse_certificates
from signing.pki.directory import read_anchors
from signing.uploads import verify_upload
from tests.builders import example_terms
from tests.contract.signing.running import QUICK, RunningPki
from tests.unit.signing.material import FORMULA, MEMBER, OTHER_MEMBER, VICE_PRESIDENT, draw_stamp, manifest_of, prepared_pdf
from tests.vectors.attacks import ATTACKS
from tests.vectors.handmade import hand_signed, own_cms
from tests.vectors.honest import HONEST, with_timestamp
from tests.vectors.outsiders import Outsider, Way, authority, sign

pytestmark = pytest.mark.sampled(one_in=2)


@pytest.fixture(scope="module")
def accepting(pki: RunningPki) -> Iterator[PadesSigning]:
    """An adapter that accepts what the PKI's root certifies, as if it were somebody else's."""
    anchors = read_anchors(pki.folder)
    adapter = PadesSigning(
        pki_url=pki.address,
        tokens=pki.tokens,
        anchors_pem=anchors,
        tsa_urls=[f"{pki.address}/tsa"],
        render_stamp=draw_stamp,
        clock=SystemClock(),
        timeouts=QUICK,
        upload_anchors_pem=[anchors["root.pem"]],
    )
    yield adapter
    adapter.close()


@pytest.fixture(scope="module")
def member(pki: RunningPki, accepting: PadesSigning) -> Outsider:
    """The member with a key of its own, and a certificate whose state can be asked."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    certificate = accepting._outside.run(accepting._pki.issue_member(request.public_bytes(serialization.Encoding.DER), MEMBER, "2026-0014"))
    (issuer,) = parse_certificates(read_anchors(pki.folder)["members-ca.pem"])
    return Outsider(key, certificate, issuer)


@pytest.fixture(scope="module")
def convention() -> bytes:
    """The real document: tagged, with metadata, its data and its locked fields."""
    documents, terms = ReportlabDocuments(), example_terms()
    return documents.render_agreement(dataclasses.replace(terms, wording_sha256=documents.wording_sha256(terms.wording_id))).data


def test_the_real_document_signed_elsewhere_is_accepted_whatever_signed_it(convention: bytes) -> None:
    trust = TrustStore([authority().certificate])
    for name in ("pyHanko, RSA 2048, time-stamped", "pyHanko, with a store and an archive time-stamp", "openssl, P-256, SHA-384"):
        found = verify_upload(convention, HONEST[name](convention), MEMBER_FIELD, person=None, trust=trust, now=datetime.now(UTC))
        assert found.field == MEMBER_FIELD, name


@pytest.mark.parametrize(
    "name",
    [
        "shadow: a page's contents replaced",
        "shadow: a revision beside the prepared one",
        "incremental saving: another title, then signed",
        "signed together: another title",
        "form: appearances to be drawn anew",
        "form: XFA",
        "catalog: another language",
    ],
)
def test_the_real_document_changed_elsewhere_is_refused(convention: bytes, name: str) -> None:
    uploaded = ATTACKS[name].make(convention)
    with pytest.raises(VerificationFailed) as error:
        verify_upload(convention, uploaded, MEMBER_FIELD, person=None, trust=None, now=datetime.now(UTC))
    assert error.value.code in ATTACKS[name].codes


@pytest.mark.parametrize("is_real", [False, True], ids=["two pages", "the real document"])
def test_a_signature_made_elsewhere_is_raised_and_both_readers_accept_it(
    accepting: PadesSigning,
    member: Outsider,
    convention: bytes,
    is_real: bool,  # noqa: FBT001 drawn by the parameters
) -> None:
    prepared = convention if is_real else prepared_pdf()
    for uploaded in (
        hand_signed(prepared, own_cms(member)),
        sign(prepared, member, Way(digest="sha512", reserved_bytes=16_000)),
        with_timestamp(sign(prepared, member, Way(reserved_bytes=16_000))),
    ):
        signed = accepting.complete_upload(prepared, uploaded, MEMBER).signed
        assert signed.level is PadesLevel.B_LTA
        assert signed.certificate_sha256 == member.certificate.fingerprint(hashes.SHA256()).hex()
        assert signed.data.startswith(prepared)
        own = [ExpectedSigner(MEMBER, MEMBER_FIELD, signed.certificate_sha256)]
        assert accepting.validate(signed.data, own).valid
        assert accepting.second_opinion(signed.data, own).valid


def test_another_certificate_than_the_one_accepted_is_refused_by_both_readers(accepting: PadesSigning, member: Outsider) -> None:
    signed = accepting.complete_upload(prepared_pdf(), hand_signed(prepared_pdf(), own_cms(member)), MEMBER).signed
    other = [ExpectedSigner(MEMBER, MEMBER_FIELD, "0" * 64)]
    for report in (accepting.validate(signed.data, other), accepting.second_opinion(signed.data, other)):
        assert not report.valid
        assert report.reasons[0].startswith(f"{MEMBER_FIELD}: signer.certificate")


def test_it_is_countersigned_like_any_other(accepting: PadesSigning, member: Outsider) -> None:
    signed = accepting.complete_upload(
        prepared_pdf(), sign(prepared_pdf(), member, Way(digest="sha384", reserved_bytes=16_000)), MEMBER
    ).signed
    digest = sha256_hex(signed.data)
    sealed = accepting.seal_manifest(manifest_of({"2026-0014": digest}))
    items = [Countersignature("2026-0014", digest)]
    (outcome,) = accepting.countersign(sealed, VICE_PRESIDENT, FORMULA, items, lambda _item: signed.data)
    assert outcome.signed is not None, outcome.failure
    expected = [ExpectedSigner(MEMBER, MEMBER_FIELD, signed.certificate_sha256), ExpectedSigner(VICE_PRESIDENT, SYNDICATE_FIELD)]
    for report in (accepting.validate(outcome.signed.data, expected), accepting.second_opinion(outcome.signed.data, expected)):
        assert report.valid, report.reasons


def test_the_wrong_person_is_refused(accepting: PadesSigning, member: Outsider) -> None:
    with pytest.raises(VerificationFailed) as error:
        accepting.complete_upload(prepared_pdf(), hand_signed(prepared_pdf(), own_cms(member)), OTHER_MEMBER)
    assert error.value.code == "upload.person"


def test_a_signature_without_room_for_a_timestamp_is_refused(accepting: PadesSigning, member: Outsider) -> None:
    with pytest.raises(VerificationFailed) as error:
        accepting.complete_upload(prepared_pdf(), sign(prepared_pdf(), member), MEMBER)
    assert error.value.code == "upload.no_room"


def test_the_time_stamp_of_a_known_authority_is_kept_as_it_came(accepting: PadesSigning, member: Outsider, pki: RunningPki) -> None:
    uploaded = sign(prepared_pdf(), member, Way(tsa_url=f"{pki.address}/tsa"))
    signed = accepting.complete_upload(prepared_pdf(), uploaded, MEMBER).signed
    assert signed.level is PadesLevel.B_LTA
    assert signed.data.startswith(uploaded)
    own = [ExpectedSigner(MEMBER, MEMBER_FIELD, signed.certificate_sha256)]
    assert accepting.validate(signed.data, own).valid
    assert accepting.second_opinion(signed.data, own).valid


def test_a_foreign_authority_s_timestamp_is_refused(accepting: PadesSigning, member: Outsider) -> None:
    with pytest.raises(VerificationFailed) as error:
        accepting.complete_upload(prepared_pdf(), sign(prepared_pdf(), member, Way(timestamped=True)), MEMBER)
    assert error.value.code == "upload.timestamp"


def test_without_accepted_authorities_uploads_are_closed(signing: PadesSigning, member: Outsider) -> None:
    with pytest.raises(VerificationFailed) as error:
        signing.complete_upload(prepared_pdf(), hand_signed(prepared_pdf(), own_cms(member)), MEMBER)
    assert error.value.code == "upload.untrusted"
