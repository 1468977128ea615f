"""Answers about revocation: OCSP (RFC 6960) and CRLs (RFC 5280)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509 import ocsp

from conventions.errors import InputRefused
from signing.pki import policies
from signing.pki.certificates import Authority

KNOWN_HASHES = (hashes.SHA1, hashes.SHA256)  # RFC 6960, 4.3: requesters may still identify the issuer by SHA-1
MAX_REQUEST_BYTES = 4_096


class Status(StrEnum):
    """What the CA knows of a serial number."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class IssuedCertificate:
    """What the register keeps of a certificate."""

    serial: int
    not_after: datetime
    revoked_at: datetime | None = None

    @property
    def status(self) -> Status:
        """Good or revoked."""
        return Status.GOOD if self.revoked_at is None else Status.REVOKED


@dataclass(frozen=True)
class Responder:
    """A CA's delegated OCSP responder."""

    ca: Authority
    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


def parse_ocsp_request(der: bytes) -> ocsp.OCSPRequest:
    """Read a request about one certificate.

    Raises:
        InputRefused: not a request, several certificates, or an issuer hash that is not SHA-1 or SHA-256.
    """
    if len(der) > MAX_REQUEST_BYTES:
        raise InputRefused("OCSP request too large", code="pki.ocsp_request")
    try:
        request = ocsp.load_der_ocsp_request(der)
        known = isinstance(request.hash_algorithm, KNOWN_HASHES)
    except (ValueError, TypeError, NotImplementedError) as error:
        raise InputRefused("not an OCSP request about one certificate", code="pki.ocsp_request") from error
    except Exception as error:  # UnsupportedAlgorithm has no common root with ValueError
        raise InputRefused("OCSP request of an unsupported algorithm", code="pki.ocsp_request") from error
    if not known:
        raise InputRefused("OCSP request with an issuer hash other than SHA-1 or SHA-256", code="pki.ocsp_request")
    return request


def concerns(request: ocsp.OCSPRequest, ca: Authority) -> bool:
    """Tell whether a request is about a certificate of this CA (name and key both hashed)."""
    name = hashes.Hash(request.hash_algorithm)
    name.update(ca.certificate.subject.public_bytes())
    key = hashes.Hash(request.hash_algorithm)
    key.update(_subject_public_key(ca.certificate))
    return name.finalize() == request.issuer_name_hash and key.finalize() == request.issuer_key_hash


def _subject_public_key(certificate: x509.Certificate) -> bytes:
    """Return the BIT STRING's content that RFC 6960, 4.1.1 hashes."""
    return certificate.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def render_ocsp_response(responder: Responder, request: ocsp.OCSPRequest, found: IssuedCertificate | None, now: datetime) -> bytes:
    """Answer one request, DER.

    ``nextUpdate`` never passes the certificate's end: pyHanko slides the time of validation to ``nextUpdate`` and would
    then find a one-shot certificate expired. A serial number that the CA never issued is unknown, not good.
    """
    now = now.replace(microsecond=0)
    if not concerns(request, responder.ca):
        return ocsp.OCSPResponseBuilder.build_unsuccessful(ocsp.OCSPResponseStatus.UNAUTHORIZED).public_bytes(serialization.Encoding.DER)
    next_update = now + policies.OCSP_VALIDITY
    if found is not None:
        next_update = max(now, min(next_update, found.not_after))
    status = ocsp.OCSPCertStatus[(found.status if found else Status.UNKNOWN).name]
    builder = ocsp.OCSPResponseBuilder().add_response_by_hash(
        issuer_name_hash=request.issuer_name_hash,
        issuer_key_hash=request.issuer_key_hash,
        serial_number=request.serial_number,
        algorithm=request.hash_algorithm,
        cert_status=status,
        this_update=now,
        next_update=next_update,
        revocation_time=found.revoked_at if found else None,
        revocation_reason=None,
    )
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, responder.certificate).certificates([responder.certificate])
    for extension in request.extensions:
        if isinstance(extension.value, x509.OCSPNonce):
            builder = builder.add_extension(extension.value, critical=False)
    return builder.sign(responder.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def render_crl(
    ca: Authority, revoked: Iterable[IssuedCertificate], number: int, now: datetime, validity: timedelta = policies.CRL_VALIDITY
) -> bytes:
    """List a CA's revoked certificates, DER; ``number`` grows with each list."""
    now = now.replace(microsecond=0)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(ca.certificate.subject)
        .last_update(now - policies.BACKDATING)
        .next_update(now + validity)
        .add_extension(x509.CRLNumber(number), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
    )
    for item in revoked:
        if item.revoked_at is not None:
            entry = x509.RevokedCertificateBuilder().serial_number(item.serial).revocation_date(item.revoked_at)
            builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(ca.key, hashes.SHA384()).public_bytes(serialization.Encoding.DER)
