"""RFC 3161 time-stamps: the request, and every check on what comes back.

A library that checks status and nonce alone will sign with a token made for another digest. Here: status, message
imprint, nonce, policy, the certificate's one purpose, its path, the token's own signature, and ``genTime`` against our clock.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from conventions.errors import VerificationFailed
from signing.chains import CERTIFICATE_ERRORS, TrustStore, build_chain
from signing.cms_parsing import SHA256, TST_INFO, ParsedCms, ParsedTstInfo, SignerNotThere, parse_cms, parse_tst_info
from signing.cms_verification import verify_signer
from signing.der import (
    INTEGER,
    read_elements,
    read_value,
    render_integer,
    render_octets,
    render_oid,
    render_sequence,
    render_tlv,
    strip_padding,
)

MAX_CLOCK_DIFFERENCE = timedelta(seconds=5)
NONCE_BITS = 63
SHA256_WITH_NULL = render_sequence(render_oid("2.16.840.1.101.3.4.2.1"), render_tlv(0x05))
WANT_CERTIFICATES = render_tlv(0x01, b"\xff")
GRANTED = (0, 1)  # PKIStatus granted and grantedWithMods
UNREADABLE = (*CERTIFICATE_ERRORS, KeyError, OverflowError)


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
        status = int.from_bytes(read_value(read_elements(status_info)[0], INTEGER), "big")
    except UNREADABLE as error:
        raise VerificationFailed("not a time-stamp response", code="timestamp.unreadable") from error
    if status not in GRANTED:
        raise VerificationFailed(f"the authority refuses: status {status}", code="timestamp.refused")
    if len(tokens) != 1:
        raise VerificationFailed("not a time-stamp response", code="timestamp.unreadable")
    (der,) = tokens
    nonce = _parse(der)[1].nonce
    if nonce != request.nonce:
        raise VerificationFailed("the token answers another request", code="timestamp.nonce")
    token = verify_token(der, request.digest, rules)
    if not request.sent_at - MAX_CLOCK_DIFFERENCE <= token.gen_time <= now + MAX_CLOCK_DIFFERENCE:
        ahead_ms = round((token.gen_time - now) / timedelta(milliseconds=1))
        raise VerificationFailed("the token's time and our clock disagree", code="timestamp.time", ahead_ms=ahead_ms)
    return token


def is_clock_wrong(differences: Iterable[timedelta]) -> bool:
    """Tell whether two authorities agree with each other, and not with our clock: then it is our clock that is wrong.

    ``differences``: how far each authority is ahead of us.
    """
    far = [one for one in differences if abs(one) > MAX_CLOCK_DIFFERENCE]
    return any(abs(one - other) <= 2 * MAX_CLOCK_DIFFERENCE for one, other in itertools.combinations(far, 2))


def verify_token(der: bytes, digest: bytes, rules: TokenRules) -> TimestampToken:
    """Check a token received earlier, at its own ``genTime``; our clock and the nonce say nothing of it any more.

    Raises:
        VerificationFailed: as ``verify_response``.
    """
    cms, info = _parse(der)
    if info.imprint_algorithm != SHA256 or info.imprint != digest:
        raise VerificationFailed("the token is for another digest", code="timestamp.imprint")
    if rules.policies and info.policy not in rules.policies:
        raise VerificationFailed("the token states another policy", code="timestamp.policy")
    _verify_purpose(cms.signer)
    try:
        verify_signer(cms, cms.content or b"")
    except VerificationFailed as error:
        raise VerificationFailed("the token's signature is wrong", code="timestamp.signature") from error
    others = tuple(one for one in cms.certificates if one != cms.signer)
    try:
        build_chain(cms.signer, others, rules.trust, info.gen_time)
    except VerificationFailed as error:
        raise VerificationFailed("the authority's certificate is not trusted at that time", code="timestamp.certificate") from error
    return TimestampToken(der, info.gen_time, info.policy, cms.signer, others)


def _parse(der: bytes) -> tuple[ParsedCms, ParsedTstInfo]:
    try:
        cms = parse_cms(der)
        if cms.content_type != TST_INFO or cms.content is None:
            raise ValueError("not a TSTInfo")
        return cms, parse_tst_info(cms.content)
    except SignerNotThere as error:
        raise VerificationFailed("the token lacks its authority's certificate", code="timestamp.certificate") from error
    except UNREADABLE as error:
        raise VerificationFailed("not a time-stamp token", code="timestamp.unreadable") from error


def token_certificates(der: bytes) -> tuple[x509.Certificate, tuple[x509.Certificate, ...]]:
    """Return the certificate of a token's authority and the others it holds; zeros after the token are padding.

    Raises:
        VerificationFailed: ``timestamp.unreadable`` or ``timestamp.certificate``.
    """
    try:
        cms = parse_cms(strip_padding(der))
    except UNREADABLE as error:
        raise VerificationFailed("not a time-stamp token", code="timestamp.unreadable") from error
    return cms.signer, tuple(one for one in cms.certificates if one != cms.signer)


def is_timestamp_authority(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate is for time-stamps: RFC 3161, 2.3: extended key usage critical, time-stamping alone."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except CERTIFICATE_ERRORS:
        return False
    return extension.critical and list(extension.value) == [ExtendedKeyUsageOID.TIME_STAMPING]


def _verify_purpose(certificate: x509.Certificate) -> None:
    if not is_timestamp_authority(certificate):
        raise VerificationFailed("the token's certificate is not for time-stamps", code="timestamp.purpose")
