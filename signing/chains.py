"""Certification paths (RFC 5280, 6.1) for short, known hierarchies, with ``cryptography`` alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from conventions.errors import ConfigurationError, VerificationFailed
from signing.der import read_elements

MAX_PATH_LENGTH = 6
CERTIFICATE_ERRORS = (
    ValueError,
    TypeError,
    IndexError,
    InvalidSignature,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.ExtensionNotFound,
    x509.UnsupportedGeneralNameType,
)
"""What ``cryptography`` raises on a certificate, a list or an answer that is not as it should be; it parses lazily, so anywhere."""


class TrustStore:
    """Trust anchors: self-signed roots and, beside them, issuing CAs that are trusted in their own right.

    ``ends``: of those that vouch no more, the last instant of what they vouch for.
    """

    def __init__(self, anchors: Iterable[x509.Certificate], ends: Mapping[x509.Certificate, datetime] | None = None) -> None:
        self.anchors = tuple(dict.fromkeys(anchors))
        self.ends = dict(ends or {})
        if not self.anchors:
            raise ConfigurationError("no trust anchor", code="configuration.trust")

    @property
    def roots(self) -> tuple[x509.Certificate, ...]:
        """Return the self-signed anchors, or all of them if none is."""
        return tuple(anchor for anchor in self.anchors if anchor.issuer == anchor.subject) or self.anchors

    def without_ends(self) -> TrustStore:
        """Return the same anchors for who asks about the state of a certificate, whatever may still be signed by it."""
        return TrustStore(self.anchors)


def parse_certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Read one or several PEM certificates.

    Raises:
        ConfigurationError: not PEM certificates.
    """
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise ConfigurationError("not PEM certificates", code="configuration.trust") from error


def build_chain(
    leaf: x509.Certificate, candidates: Iterable[x509.Certificate], trust: TrustStore, at: datetime
) -> tuple[x509.Certificate, ...]:
    """Return the path from the leaf (first) to an anchor (last), a root where one is reached.

    Each signature, each validity at ``at``, and each issuer's right to issue are checked; revocation is not.

    Raises:
        VerificationFailed: no path (``chain.no_path``), one that is not valid then (``chain.not_valid_then``), or one through an
            authority that vouches for nothing as late as that (``chain.former``).
    """
    pool = tuple(dict.fromkeys((*candidates, *trust.anchors)))
    chain = [leaf]
    while len(chain) <= MAX_PATH_LENGTH:
        current = chain[-1]
        if current in trust.anchors and current.issuer == current.subject:
            break
        issuer = next((one for one in pool if one not in chain and is_issued_by(current, one)), None)
        if issuer is None:
            break
        chain.append(issuer)
    while chain[-1] not in trust.anchors:
        if len(chain) == 1:
            raise VerificationFailed("no path to a trust anchor", code="chain.no_path")
        chain.pop()
    for certificate in chain:
        if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            raise VerificationFailed("a certificate of the path is not valid at that time", code="chain.not_valid_then")
        if certificate in trust.ends and at > trust.ends[certificate]:
            raise VerificationFailed("a former authority vouches for nothing as late as that", code="chain.former")
    return tuple(chain)


@lru_cache(maxsize=512)
def is_issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Tell whether ``issuer`` is a CA that signed ``certificate``: names, basic constraints, key usage, signature."""
    try:
        if certificate.issuer != issuer.subject or not _may_issue(issuer):
            return False
        certificate.verify_directly_issued_by(issuer)
    except CERTIFICATE_ERRORS:
        return False
    return True


def _may_issue(certificate: x509.Certificate) -> bool:
    try:
        constraints = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except CERTIFICATE_ERRORS:
        return False
    return constraints.ca and usage.key_cert_sign


@lru_cache(maxsize=512)
def load_certificate(der: bytes) -> x509.Certificate:
    """Load a certificate once: the same few come back in each token and each file.

    Raises:
        CERTIFICATE_ERRORS: not a certificate.
    """
    _require_positive_serial(der)
    return x509.load_der_x509_certificate(der)


def _require_positive_serial(der: bytes) -> None:
    """Refuse what RFC 5280, 4.1.2.2 forbids before ``cryptography`` warns of it, once in each process, on standard error."""
    fields = read_elements(read_elements(der)[0])
    serial = fields[1] if fields[0][:1] == b"\xa0" else fields[0]
    if serial[:1] != b"\x02" or serial[2:3] >= b"\x80" or not any(serial[2:]):
        raise ValueError("a serial number that is not positive")


def stated_policies(certificate: x509.Certificate) -> frozenset[str]:
    """Return the dotted policy identifiers of a certificate."""
    try:
        stated = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except CERTIFICATE_ERRORS:
        return frozenset()
    return frozenset(policy.policy_identifier.dotted_string for policy in stated)


def render_der(certificates: Sequence[x509.Certificate]) -> list[bytes]:
    """Return the DER of each."""
    return [certificate.public_bytes(serialization.Encoding.DER) for certificate in certificates]


def render_pem(certificates: Sequence[x509.Certificate]) -> bytes:
    """Return them as one PEM text."""
    return b"".join(certificate.public_bytes(serialization.Encoding.PEM) for certificate in certificates)
