"""RFC 3161 time-stamps: the request, and every check on what comes back.

A library that checks status and nonce alone will sign with a token made for another digest. Here: status, message
imprint, nonce, policy, the certificate's one purpose, its path, the token's own signature, and ``genTime`` against our clock.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from asn1crypto import cms, tsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from conventions.errors import VerificationFailed
from signing.chains import CERTIFICATE_ERRORS, TrustStore, build_chain, load_certificate
from signing.der import read_elements, render_integer, render_octets, render_oid, render_sequence, render_tlv

MAX_CLOCK_DIFFERENCE = timedelta(seconds=5)
NONCE_BITS = 63
SHA256_WITH_NULL = render_sequence(render_oid("2.16.840.1.101.3.4.2.1"), render_tlv(0x05))
WANT_CERTIFICATES = render_tlv(0x01, b"\xff")
GRANTED = ("granted", "granted_with_mods")
Sha2 = type[hashes.SHA256 | hashes.SHA384 | hashes.SHA512]
DIGESTS: dict[str, Sha2] = {"sha256": hashes.SHA256, "sha384": hashes.SHA384, "sha512": hashes.SHA512}
UNREADABLE = (*CERTIFICATE_ERRORS, KeyError, AttributeError, OverflowError)  # and what asn1crypto raises on hostile input


@dataclass(frozen=True)
class TimestampRequest:
    """A request, DER, what the answer must repeat, and when it left."""

    der: bytes
    digest: bytes
    nonce: int
    sent_at: datetime


@dataclass(frozen=True)
class TimestampToken:
    """A checked token: ContentInfo DER, ``genTime``, the authority's certificate and the others it sent."""

    der: bytes
    gen_time: datetime
    policy: str
    certificate: x509.Certificate
    others: tuple[x509.Certificate, ...]


@dataclass(frozen=True)
class TokenRules:
    """What a token must satisfy: its path ends at ``trust``; ``policies`` empty means any policy."""

    trust: TrustStore
    policies: frozenset[str] = frozenset()


def render_request(digest: bytes, now: datetime) -> TimestampRequest:
    """Ask for a token over a SHA-256 digest, with a nonce and the authority's certificates."""
    nonce = secrets.randbits(NONCE_BITS)
    imprint = render_sequence(SHA256_WITH_NULL, render_octets(digest))
    der = render_sequence(render_integer(1), imprint, render_integer(nonce), WANT_CERTIFICATES)
    return TimestampRequest(der, digest, nonce, now)


def verify_response(response: bytes, request: TimestampRequest, rules: TokenRules, now: datetime) -> TimestampToken:
    """Check a TimeStampResp (DER) and return its token.

    Raises:
        VerificationFailed: code ``timestamp.<what>``: ``unreadable``, ``refused``, ``imprint``, ``nonce``, ``time``, ``policy``,
            ``purpose``, ``signature``, ``certificate``.
    """
    try:
        status_info, *tokens = read_elements(response)
        status = tsp.PKIStatusInfo.load(status_info, strict=True)["status"].native
    except UNREADABLE as error:
        raise VerificationFailed("not a time-stamp response", code="timestamp.unreadable") from error
    if status not in GRANTED:
        raise VerificationFailed(f"the authority refuses: {status}", code="timestamp.refused")
    try:
        (der,) = tokens
        nonce = cms.ContentInfo.load(der, strict=True)["content"]["encap_content_info"]["content"].parsed["nonce"].native
    except UNREADABLE as error:
        raise VerificationFailed("not a time-stamp token", code="timestamp.unreadable") from error
    if nonce != request.nonce:
        raise VerificationFailed("the token answers another request", code="timestamp.nonce")
    token = verify_token(der, request.digest, rules)
    if not request.sent_at - MAX_CLOCK_DIFFERENCE <= token.gen_time <= now + MAX_CLOCK_DIFFERENCE:
        raise VerificationFailed("the token's time and our clock disagree", code="timestamp.time")
    return token


def verify_token(der: bytes, digest: bytes, rules: TokenRules) -> TimestampToken:
    """Check a token received earlier, at its own ``genTime``; our clock and the nonce say nothing of it any more.

    Raises:
        VerificationFailed: as ``verify_response``.
    """
    try:
        signed_data = cms.ContentInfo.load(der, strict=True)["content"]
        encapsulated = signed_data["encap_content_info"]
        info_der = bytes(encapsulated["content"])
        info = encapsulated["content"].parsed
        (signer,) = signed_data["signer_infos"]
        imprint = info["message_imprint"]
        imprint_algorithm, imprint_digest = imprint["hash_algorithm"]["algorithm"].native, imprint["hashed_message"].native
        gen_time: datetime = info["gen_time"].native
        policy: str = info["policy"].dotted
        certificates = _certificates(signed_data)
        serial = signer["sid"].chosen["serial_number"].native
    except UNREADABLE as error:
        raise VerificationFailed("not a time-stamp token", code="timestamp.unreadable") from error
    if imprint_algorithm != "sha256" or imprint_digest != digest:
        raise VerificationFailed("the token is for another digest", code="timestamp.imprint")
    if rules.policies and policy not in rules.policies:
        raise VerificationFailed("the token states another policy", code="timestamp.policy")
    certificate = next((one for one in certificates if one.serial_number == serial), None)
    if certificate is None:
        raise VerificationFailed("the token lacks its authority's certificate", code="timestamp.certificate")
    _verify_purpose(certificate)
    _verify_signature(signer, info_der, certificate)
    others = tuple(one for one in certificates if one != certificate)
    try:
        build_chain(certificate, others, rules.trust, gen_time)
    except VerificationFailed as error:
        raise VerificationFailed("the authority's certificate is not trusted at that time", code="timestamp.certificate") from error
    return TimestampToken(der, gen_time, policy, certificate, others)


def token_certificates(der: bytes) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """Return the certificate of a token's authority and the others it holds; zeros after the token are padding.

    Raises:
        VerificationFailed: ``timestamp.unreadable`` or ``timestamp.certificate``.
    """
    try:
        signed_data = cms.ContentInfo.load(der)["content"]
        certificates = _certificates(signed_data)
        serial = signed_data["signer_infos"][0]["sid"].chosen["serial_number"].native
    except UNREADABLE as error:
        raise VerificationFailed("not a time-stamp token", code="timestamp.unreadable") from error
    certificate = next((one for one in certificates if one.serial_number == serial), None)
    if certificate is None:
        raise VerificationFailed("the token lacks its authority's certificate", code="timestamp.certificate")
    return certificate, tuple(one for one in certificates if one != certificate)


def _certificates(signed_data: cms.SignedData) -> tuple[x509.Certificate, ...]:
    return tuple(load_certificate(choice.chosen.dump()) for choice in signed_data["certificates"])


def _verify_purpose(certificate: x509.Certificate) -> None:
    """Check RFC 3161, 2.3: extended key usage critical, time-stamping alone."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except CERTIFICATE_ERRORS:
        extension = None
    if extension is None or not extension.critical or list(extension.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise VerificationFailed("the token's certificate is not for time-stamps", code="timestamp.purpose")


def _verify_signature(signer: cms.SignerInfo, info_der: bytes, certificate: x509.Certificate) -> None:
    """Check RFC 5652, 5.4 and 5.6, and that the signed attributes name this certificate (RFC 5816)."""
    try:
        signed = b"\x31" + signer["signed_attrs"].dump()[1:]  # as received, hashed with the tag of a SET OF: before anything is parsed
        digest = DIGESTS[signer["digest_algorithm"]["algorithm"].native]()
        attributes = _attributes(signer["signed_attrs"])
        message_digest = hashlib.new(digest.name, info_der).digest()
        described = attributes["content_type"] == "tst_info" and attributes["message_digest"] == message_digest
        named = _names_certificate(attributes, certificate)
        _verify_raw(certificate.public_key(), signer, signed, digest)
    except UNREADABLE as error:
        raise VerificationFailed("the token's signature is wrong", code="timestamp.signature") from error
    if not (described and named):
        raise VerificationFailed("the token's signature is about something else", code="timestamp.signature")


def _attributes(attributes: Iterable[cms.CMSAttribute]) -> dict[str, object]:
    found: dict[str, object] = {}
    for attribute in attributes:
        kind = attribute["type"].native
        (value,) = attribute["values"]
        found[kind] = value if kind.startswith("signing_certificate") else value.native
    return found


def _names_certificate(attributes: dict[str, object], certificate: x509.Certificate) -> bool:
    version_2 = attributes.get("signing_certificate_v2")
    if version_2 is not None:
        identified = version_2["certs"][0]  # type: ignore[index]
        algorithm = identified["hash_algorithm"]["algorithm"].native
        return bool(identified["cert_hash"].native == certificate.fingerprint(DIGESTS[algorithm]()))
    version_1 = attributes["signing_certificate"]
    return bool(version_1["certs"][0]["cert_hash"].native == certificate.fingerprint(hashes.SHA1()))  # type: ignore[index]  # noqa: S303 RFC 2634


def _verify_raw(key: object, signer: cms.SignerInfo, signed: bytes, digest: hashes.HashAlgorithm) -> None:
    signature: bytes = signer["signature"].native
    algorithm = signer["signature_algorithm"]
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(digest))
    elif isinstance(key, rsa.RSAPublicKey) and algorithm.signature_algo == "rsassa_pss":
        salt_length = algorithm["parameters"]["salt_length"].native
        key.verify(signature, signed, padding.PSS(padding.MGF1(digest), salt_length), digest)
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, signed, padding.PKCS1v15(), digest)
    else:
        raise TypeError("unsupported kind of key")
