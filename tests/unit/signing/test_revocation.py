"""OCSP answers and CRLs: what the embedded responders say, and what is believed of an answer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp
from hypothesis import given
from hypothesis import strategies as st

from conventions.errors import InputRefused, VerificationFailed
from signing.evidence import render_ocsp_request, verify_crl, verify_ocsp_response
from signing.pki import policies
from signing.pki.certificates import issue_signer
from signing.pki.revocation import IssuedCertificate, Responder, parse_ocsp_request, render_crl, render_ocsp_response
from tests.unit.signing.authority import BASE_URL, NOW, memory_pki
from tests.unit.signing.test_pki_certificates import SUBJECT

PKI = memory_pki()
RESPONDER = PKI.responder(PKI.members)
CA = PKI.members.certificate
SIGNER = issue_signer(PKI.members, ec.generate_private_key(ec.SECP256R1()).public_key(), SUBJECT, policies.MEMBERS_POLICY, BASE_URL, NOW)
GOOD = IssuedCertificate(SIGNER.serial_number, SIGNER.not_valid_after_utc)


def answer(
    found: IssuedCertificate | None = GOOD, now: datetime = NOW, responder: Responder = RESPONDER, of: x509.Certificate = SIGNER
) -> bytes:
    return render_ocsp_response(responder, parse_ocsp_request(render_ocsp_request(of, CA)), found, now)


def test_a_good_answer_never_outlives_the_certificate() -> None:
    (single,) = verify_ocsp_response(answer(), SIGNER, CA, NOW).responses
    assert single.next_update_utc == SIGNER.not_valid_after_utc
    late = NOW + timedelta(days=3)
    (expired,) = ocsp.load_der_ocsp_response(answer(now=late)).responses
    assert expired.next_update_utc == late
    (long_lived,) = ocsp.load_der_ocsp_response(answer(IssuedCertificate(SIGNER.serial_number, NOW + timedelta(days=900)))).responses
    assert long_lived.next_update_utc == NOW + policies.OCSP_VALIDITY


def test_the_nonce_comes_back() -> None:
    request = (
        ocsp.OCSPRequestBuilder().add_certificate(SIGNER, CA, hashes.SHA256()).add_extension(x509.OCSPNonce(b"n" * 16), critical=False)
    )
    der = request.build().public_bytes(serialization.Encoding.DER)
    response = ocsp.load_der_ocsp_response(render_ocsp_response(RESPONDER, parse_ocsp_request(der), GOOD, NOW))
    assert response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == b"n" * 16


def expired_responder() -> Responder:
    return PKI.responder(PKI.members, NOW - policies.OCSP_LIFETIME - timedelta(days=1))


def strange_responder() -> Responder:
    return Responder(PKI.members, PKI.seal_key, PKI.seal)


def self_made_responder() -> Responder:
    stranger = memory_pki()
    return Responder(PKI.members, (made := stranger.responder(stranger.members)).key, made.certificate)


REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "revoked": (lambda: answer(IssuedCertificate(SIGNER.serial_number, SIGNER.not_valid_after_utc, NOW)), "revocation.revoked"),
    "never issued": (lambda: answer(None), "revocation.unknown"),
    "of another certificate": (lambda: answer(of=PKI.seal), "revocation.bad_answer"),
    "of another CA": (lambda: answer(responder=PKI.responder(PKI.syndicate)), "revocation.bad_answer"),
    "by who may not answer": (lambda: answer(responder=strange_responder()), "revocation.bad_answer"),
    "by a stranger's responder": (lambda: answer(responder=self_made_responder()), "revocation.bad_answer"),
    "by a responder that expired": (
        lambda: answer(responder=expired_responder()),
        "revocation.bad_answer",
    ),
    "from the future": (lambda: answer(now=NOW + timedelta(minutes=1)), "revocation.bad_answer"),
    "out of date": (lambda: answer(now=NOW - timedelta(days=8)), "revocation.bad_answer"),
    "with a bit flipped": (lambda: answer()[:-2] + bytes([answer()[-2] ^ 1]) + answer()[-1:], "revocation.bad_answer"),
    "empty": (lambda: b"", "revocation.bad_answer"),
}


@pytest.mark.parametrize(("made", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_an_answer_is_refused(made: Callable[[], bytes], code: str) -> None:
    with pytest.raises(VerificationFailed) as refusal:
        verify_ocsp_response(made(), SIGNER, CA, NOW)
    assert refusal.value.code == code


@given(st.binary(max_size=300))
def test_noise_is_no_answer_no_list_and_no_request(noise: bytes) -> None:
    with pytest.raises(VerificationFailed):
        verify_ocsp_response(noise, SIGNER, CA, NOW)
    with pytest.raises(VerificationFailed):
        verify_crl(noise, CA, PKI.root.certificate, NOW)
    with pytest.raises(InputRefused):
        parse_ocsp_request(noise)


def test_a_request_that_is_too_large_or_hashed_otherwise_is_refused() -> None:
    with pytest.raises(InputRefused):
        parse_ocsp_request(bytes(5_000))
    by_sha384 = ocsp.OCSPRequestBuilder().add_certificate(SIGNER, CA, hashes.SHA384()).build()
    with pytest.raises(InputRefused):
        parse_ocsp_request(by_sha384.public_bytes(serialization.Encoding.DER))


def test_a_list_says_who_is_revoked_and_numbers_grow() -> None:
    clean = render_crl(PKI.root, (), 1, NOW)
    assert verify_crl(clean, CA, PKI.root.certificate, NOW).next_update_utc == NOW + policies.CRL_VALIDITY
    revoked = render_crl(PKI.root, [IssuedCertificate(CA.serial_number, CA.not_valid_after_utc, NOW)], 2, NOW)
    with pytest.raises(VerificationFailed) as refusal:
        verify_crl(revoked, CA, PKI.root.certificate, NOW)
    assert refusal.value.code == "revocation.revoked"


@pytest.mark.parametrize(
    "der",
    [render_crl(memory_pki().root, (), 1, NOW), render_crl(PKI.members, (), 1, NOW), render_crl(PKI.root, (), 1, NOW - timedelta(days=9))],
    ids=["of a stranger of the same name", "of another CA", "out of date"],
)
def test_a_list_is_refused(der: bytes) -> None:
    with pytest.raises(VerificationFailed) as refusal:
        verify_crl(der, CA, PKI.root.certificate, NOW)
    assert refusal.value.code == "revocation.bad_answer"
