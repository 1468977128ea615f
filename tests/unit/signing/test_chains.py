"""Paths that must not be built."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from conventions.errors import ConfigurationError, VerificationFailed
from signing.chains import TrustStore, build_chain, is_issued_by, load_certificate, parse_certificates
from signing.pki.certificates import Authority, issue_signer
from signing.pki.policies import MEMBERS_POLICY
from tests.unit.signing.authority import BASE_URL, NOW, memory_pki
from tests.unit.signing.test_pki_certificates import SUBJECT, signer

PKI = memory_pki()
STRANGER = memory_pki()


def refusal(certificate: x509.Certificate, candidates: tuple[x509.Certificate, ...], trust: TrustStore, hours: float = 0.0) -> str:
    with pytest.raises(VerificationFailed) as refused:
        build_chain(certificate, candidates, trust, NOW + timedelta(hours=hours))
    return refused.value.code


def issued(ca: Authority) -> x509.Certificate:
    return issue_signer(ca, ec.generate_private_key(ec.SECP256R1()).public_key(), SUBJECT, MEMBERS_POLICY, BASE_URL, NOW)


def test_a_stranger_with_the_same_names_is_not_trusted() -> None:
    assert STRANGER.members.certificate.subject == PKI.members.certificate.subject
    assert refusal(issued(STRANGER.members), (STRANGER.members.certificate,), TrustStore(PKI.anchors)) == "chain.no_path"


def test_a_path_is_only_good_while_each_certificate_is_valid() -> None:
    assert refusal(issued(PKI.members), (), TrustStore(PKI.anchors), hours=1) == "chain.not_valid_then"
    assert refusal(issued(PKI.members), (), TrustStore(PKI.anchors), hours=-1) == "chain.not_valid_then"


def test_a_signer_cannot_issue() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    false_ca = issue_signer(PKI.members, key.public_key(), SUBJECT, MEMBERS_POLICY, BASE_URL, NOW)
    forged = issued(Authority("members", key, false_ca))
    assert not is_issued_by(forged, false_ca)
    assert refusal(forged, (false_ca, PKI.members.certificate), TrustStore(PKI.anchors)) == "chain.no_path"


def test_without_an_anchor_nothing_can_be_trusted() -> None:
    with pytest.raises(ConfigurationError):
        TrustStore(())


@pytest.mark.parametrize("pem", [b"", b"not PEM", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_what_is_not_pem_is_a_configuration_error(pem: bytes) -> None:
    with pytest.raises(ConfigurationError):
        parse_certificates(pem)


def test_an_anchor_that_is_no_root_ends_a_path() -> None:
    certificate = issued(PKI.members)
    assert build_chain(certificate, (), TrustStore([PKI.members.certificate]), NOW)[-1] == PKI.members.certificate
    assert TrustStore([PKI.members.certificate]).roots == (PKI.members.certificate,)
    assert TrustStore(PKI.anchors).roots == (PKI.root.certificate,)


def test_a_serial_number_that_is_not_positive_is_refused() -> None:
    der = bytearray(signer().public_bytes(Encoding.DER))
    der[der.index(b"\xa0\x03\x02\x01\x02\x02") + 7] |= 0x80
    with pytest.raises(ValueError, match="serial"):
        load_certificate(bytes(der))
