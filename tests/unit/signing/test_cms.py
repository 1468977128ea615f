"""CMS built and read by ourselves, against libraries: each kind of key, and what must not be believed."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from asn1crypto import cms as asn1_cms
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from conventions.errors import SigningFailed, VerificationFailed
from signing.chains import CERTIFICATE_ERRORS
from signing.cms import CmsBuilder, Mechanism
from signing.cms_parsing import SIGNATURE_TIMESTAMP_OID, parse_cms, parse_oid, parse_tst_info
from signing.cms_verification import verify_signer
from signing.der import render_integer, render_octets, render_oid, render_sequence
from signing.keys import OneShotKey
from tests.unit.signing.authority import NOW, memory_pki

CONTENT = b"what is signed"
DIGEST = hashlib.sha256(CONTENT).digest()
KEYS: dict[Mechanism, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey] = {
    Mechanism.ECDSA_SHA256: ec.generate_private_key(ec.SECP256R1()),
    Mechanism.RSA_PSS_SHA256: rsa.generate_private_key(65_537, 2_048),
    Mechanism.RSA_PKCS1_SHA256: rsa.generate_private_key(65_537, 2_048),
}


def certificate_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Essai")])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(2**150 + 3)
    builder = builder.not_valid_before(NOW).not_valid_after(NOW + timedelta(days=1))
    return builder.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False).sign(key, hashes.SHA256())


def raw_signature(mechanism: Mechanism, digest: bytes) -> bytes:
    key, prehashed = KEYS[mechanism], Prehashed(hashes.SHA256())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return key.sign(digest, ec.ECDSA(prehashed))
    if mechanism is Mechanism.RSA_PSS_SHA256:
        return key.sign(digest, padding.PSS(padding.MGF1(hashes.SHA256()), 32), prehashed)
    return key.sign(digest, padding.PKCS1v15(), prehashed)


def made(mechanism: Mechanism = Mechanism.ECDSA_SHA256, token: bytes | None = None) -> bytes:
    builder = CmsBuilder(certificate_of(KEYS[mechanism]), (), mechanism)
    return builder.render(DIGEST, raw_signature(mechanism, builder.hash_to_sign(DIGEST)), token)


@pytest.mark.parametrize("mechanism", list(Mechanism))
def test_each_mechanism_is_read_alike_by_us_and_by_a_library(mechanism: Mechanism) -> None:
    der = made(mechanism)
    cms = parse_cms(der)
    verify_signer(cms, CONTENT)
    theirs = asn1_cms.ContentInfo.load(der, strict=True)["content"]["signer_infos"][0]
    assert theirs["signature"].native == cms.signature
    assert {one["type"].native for one in theirs["signed_attrs"]} == {"content_type", "message_digest", "signing_certificate_v2"}
    assert theirs["sid"].chosen["serial_number"].native == 2**150 + 3


@pytest.mark.parametrize("mechanism", list(Mechanism))
def test_other_content_is_refused(mechanism: Mechanism) -> None:
    with pytest.raises(VerificationFailed):
        verify_signer(parse_cms(made(mechanism)), CONTENT + b".")


def test_a_token_stands_among_the_unsigned_attributes() -> None:
    token = render_sequence(render_octets(b"token"))
    assert parse_cms(made(token=token)).unsigned_attributes == {SIGNATURE_TIMESTAMP_OID: (token,)}
    assert parse_cms(made()).unsigned_attributes == {}


DER = made()


@given(st.integers(0, len(DER) - 1), st.integers(1, 255))
def test_an_altered_signature_is_refused(position: int, change: int) -> None:
    altered = bytearray(DER)
    altered[position] ^= change
    try:
        cms = parse_cms(bytes(altered))
        verify_signer(cms, CONTENT)
    except (*CERTIFICATE_ERRORS, VerificationFailed, OverflowError):
        return
    genuine = parse_cms(DER)
    assert (cms.signed_attributes_der, cms.signer) == (genuine.signed_attributes_der, genuine.signer)


@given(st.binary(max_size=200))
def test_noise_is_no_cms(noise: bytes) -> None:
    with pytest.raises((*CERTIFICATE_ERRORS, OverflowError)):
        parse_cms(noise)


def test_the_cms_of_another_producer_is_read_by_its_parts() -> None:
    """One whose signer does not name its certificate by signing-certificate: readable, and not a signature that we accept."""
    pki = memory_pki()
    builder = pkcs7.PKCS7SignatureBuilder().set_data(CONTENT).add_signer(pki.seal, pki.seal_key, hashes.SHA256())
    cms = parse_cms(builder.sign(serialization.Encoding.DER, [pkcs7.PKCS7Options.Binary]))
    assert (cms.content, cms.signer) == (CONTENT, pki.seal)
    with pytest.raises(VerificationFailed):
        verify_signer(cms, CONTENT)


@pytest.mark.parametrize(
    ("gen_time", "microseconds"), [(b"20260302093000Z", 0), (b"20260302093000.5Z", 500_000), (b"20260302093000.123456789Z", 123_456)]
)
def test_times_have_whole_seconds_or_a_fraction(gen_time: bytes, microseconds: int) -> None:
    algorithm = render_sequence(render_oid("2.16.840.1.101.3.4.2.1"))
    imprint = render_sequence(algorithm, render_octets(DIGEST))
    time = bytes((0x18, len(gen_time))) + gen_time
    info = parse_tst_info(render_sequence(render_integer(1), render_oid("1.2.3"), imprint, render_integer(9), time, render_integer(300)))
    assert info.gen_time == NOW.replace(microsecond=microseconds)
    assert (info.policy, info.nonce, info.imprint) == ("1.2.3", 300, DIGEST)


@given(st.integers(0, 2), st.integers(0, 39), st.lists(st.integers(0, 2**130), min_size=1, max_size=6))
def test_identifiers_come_back(first: int, second: int, rest: list[int]) -> None:
    dotted = ".".join(str(arc) for arc in (first, second, *rest))
    assert parse_oid(render_oid(dotted)) == dotted


def test_a_one_shot_key_signs_for_its_own_certificate_only() -> None:
    key = OneShotKey()
    with pytest.raises(SigningFailed):
        key.certified(memory_pki().seal)
    request = x509.load_der_x509_csr(key.render_request())
    assert request.is_signature_valid
    assert len(request.subject) == 0
