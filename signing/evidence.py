"""Proof that a chain was not revoked: OCSP answers and CRLs, checked before they are put into a file.

Rules of RFC 6960, 3.2 and 4.2.2.2, and RFC 5280, 6.3.3, for direct CRLs.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID

from conventions.errors import VerificationFailed
from signing.chains import CERTIFICATE_ERRORS, is_issued_by

CLOCK_TOLERANCE = timedelta(seconds=5)


@dataclass(frozen=True)
class Evidence:
    """A chain (leaf first, anchor last) and what proves its state, DER."""

    chain: tuple[x509.Certificate, ...]
    ocsp_responses: tuple[bytes, ...]
    crls: tuple[bytes, ...]


@dataclass(frozen=True)
class OfferedState:
    """What a file brings of the state of its certificates, DER; taken for those that have ended, and checked as any other."""

    ocsp_responses: tuple[bytes, ...] = ()
    crls: tuple[bytes, ...] = ()


NOTHING_OFFERED = OfferedState()


def ocsp_address(certificate: x509.Certificate) -> str | None:
    """Return the address of the OCSP responder, if the certificate names one."""
    return _access_address(certificate, AuthorityInformationAccessOID.OCSP)


def crl_address(certificate: x509.Certificate) -> str | None:
    """Return the first HTTP address of the CRL, if the certificate names one."""
    try:
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    except CERTIFICATE_ERRORS:
        return None
    names = (name for point in points for name in point.full_name or ())
    return _first_http(name.value for name in names if isinstance(name, x509.UniformResourceIdentifier))


def render_ocsp_request(certificate: x509.Certificate, issuer: x509.Certificate) -> bytes:
    """Ask about one certificate, DER; the issuer is identified by SHA-1, which every responder knows (RFC 5019, 2.1.1)."""
    builder = ocsp.OCSPRequestBuilder().add_certificate(certificate, issuer, hashes.SHA1())  # noqa: S303 an identifier, not a proof
    return builder.build().public_bytes(serialization.Encoding.DER)


def verify_ocsp_response(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> ocsp.OCSPResponse:
    """Check that a responder entitled by the issuer says *good* of the certificate, now.

    Raises:
        VerificationFailed: ``revocation.revoked``, ``revocation.unknown``, or ``revocation.bad_answer``.
    """
    try:
        response = ocsp.load_der_ocsp_response(der)
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise _bad(f"OCSP responder says {response.response_status.name}")
        (single,) = list(response.responses)
        _verify_ocsp_signature(response, issuer, at)
        concerned = single.serial_number == certificate.serial_number and _names_issuer(single, issuer)
    except CERTIFICATE_ERRORS as error:
        raise _bad("OCSP answer that cannot be read or whose signature is wrong") from error
    if not concerned:
        raise _bad("OCSP answer about another certificate")
    if single.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        raise VerificationFailed("certificate revoked", code="revocation.revoked")
    if single.certificate_status is not ocsp.OCSPCertStatus.GOOD:
        raise VerificationFailed("certificate unknown to its CA", code="revocation.unknown")
    _verify_window(single.this_update_utc, single.next_update_utc, at)
    return response


def verify_crl(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime) -> x509.CertificateRevocationList:
    """Check that the issuer's own list is current and does not name the certificate.

    Raises:
        VerificationFailed: ``revocation.revoked`` or ``revocation.bad_answer``.
    """
    try:
        crl = x509.load_der_x509_crl(der)
        signed = crl.issuer == issuer.subject and crl.is_signature_valid(_public_key(issuer))
        entry = crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
    except CERTIFICATE_ERRORS as error:
        raise _bad("CRL that cannot be read") from error
    if not signed:
        raise _bad("CRL that its issuer did not sign")
    if entry is not None:
        raise VerificationFailed("certificate revoked", code="revocation.revoked")
    _verify_window(crl.last_update_utc, crl.next_update_utc, at)
    return crl


def proves_answer(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime, known_at: datetime) -> bool:
    """Tell whether an answer proves that a certificate was good at ``at``: it covers that time, or was given later.

    Later, up to ``known_at`` and while the certificate lived: EN 319 102-1, 5.2.6.4, prefers what was said after the signature; of a
    certificate that has ended, a responder need not know anything any more.

    Raises:
        VerificationFailed: ``revocation.revoked``.
    """
    try:
        response = ocsp.load_der_ocsp_response(der)
        issued_at = response.this_update_utc if response.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL else at
    except CERTIFICATE_ERRORS:
        return False
    try:
        verify_ocsp_response(der, certificate, issuer, max(at, issued_at))
    except VerificationFailed as error:
        return _unless_revoked(error)
    return _is_in_time(issued_at, certificate, at, known_at)


def proves_list(der: bytes, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime, known_at: datetime) -> bool:
    """Tell whether a list proves the same, by the same times.

    Raises:
        VerificationFailed: ``revocation.revoked``.
    """
    try:
        issued_at = x509.load_der_x509_crl(der).last_update_utc
    except CERTIFICATE_ERRORS:
        return False
    try:
        verify_crl(der, certificate, issuer, max(at, issued_at))
    except VerificationFailed as error:
        return _unless_revoked(error)
    return _is_in_time(issued_at, certificate, at, known_at)


def offered_proof(
    offered: OfferedState, certificate: x509.Certificate, issuer: x509.Certificate, at: datetime, known_at: datetime
) -> OfferedState:
    """Return the one answer or list, of those offered, that proves a certificate's state.

    Raises:
        VerificationFailed: ``revocation.missing``, none does; ``revocation.revoked``.
    """
    for der in offered.ocsp_responses:
        if proves_answer(der, certificate, issuer, at, known_at):
            return OfferedState(ocsp_responses=(der,))
    for der in offered.crls:
        if proves_list(der, certificate, issuer, at, known_at):
            return OfferedState(crls=(der,))
    raise VerificationFailed("nothing proves the state of a certificate that has ended", code="revocation.missing")


def _is_in_time(issued_at: datetime, certificate: x509.Certificate, at: datetime, known_at: datetime) -> bool:
    """Tell whether what was issued then may speak of ``at``."""
    return issued_at <= at + CLOCK_TOLERANCE or issued_at <= min(known_at + CLOCK_TOLERANCE, certificate.not_valid_after_utc)


def _unless_revoked(error: VerificationFailed) -> bool:
    """Pass over what proves nothing, but not over what says *revoked*."""
    if error.code == "revocation.revoked":
        raise error
    return False


def _verify_window(this_update: datetime, next_update: datetime | None, at: datetime) -> None:
    if this_update > at + CLOCK_TOLERANCE:
        raise _bad("revocation answer from the future")
    if next_update is not None and next_update < at - CLOCK_TOLERANCE:
        raise _bad("revocation answer out of date")


def _verify_ocsp_signature(response: ocsp.OCSPResponse, issuer: x509.Certificate, at: datetime) -> None:
    signer = next((one for one in (issuer, *response.certificates) if _is_responder(response, one)), None)
    if signer is None or (signer != issuer and not _is_delegated(signer, issuer, at)):
        raise _bad("OCSP answer by a responder that the issuer did not entitle")
    verify_signature(_public_key(signer), response.signature, response.tbs_response_bytes, response.signature_hash_algorithm)


def verify_signature(key: object, signature: bytes, data: bytes, algorithm: hashes.HashAlgorithm | None) -> None:
    """Check an ECDSA or RSA PKCS#1 v1.5 signature.

    Raises:
        InvalidSignature, TypeError: wrong, or of another kind of key.
    """
    if algorithm is None:
        raise TypeError("signature without a digest algorithm")
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, data, ec.ECDSA(algorithm))
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(signature, data, padding.PKCS1v15(), algorithm)
    else:
        raise TypeError("signature by an unsupported kind of key")


def _is_responder(response: ocsp.OCSPResponse, certificate: x509.Certificate) -> bool:
    if response.responder_key_hash is not None:
        return x509.SubjectKeyIdentifier.from_public_key(_public_key(certificate)).digest == response.responder_key_hash
    return response.responder_name == certificate.subject


def _is_delegated(responder: x509.Certificate, issuer: x509.Certificate, at: datetime) -> bool:
    try:
        purposes = responder.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except CERTIFICATE_ERRORS:
        return False
    in_time = responder.not_valid_before_utc <= at + CLOCK_TOLERANCE and at <= responder.not_valid_after_utc
    return ExtendedKeyUsageOID.OCSP_SIGNING in purposes and in_time and is_issued_by(responder, issuer)


def _names_issuer(single: ocsp.OCSPSingleResponse, issuer: x509.Certificate) -> bool:
    digest = hashes.Hash(single.hash_algorithm)
    digest.update(issuer.subject.public_bytes())
    return digest.finalize() == single.issuer_name_hash


def _public_key(certificate: x509.Certificate) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise TypeError("certificate of an unsupported kind of key")
    return key


def _access_address(certificate: x509.Certificate, method: x509.ObjectIdentifier) -> str | None:
    try:
        access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except CERTIFICATE_ERRORS:
        return None
    locations = (one.access_location for one in access if one.access_method == method)
    return _first_http(name.value for name in locations if isinstance(name, x509.UniformResourceIdentifier))


def _first_http(addresses: Iterable[str]) -> str | None:
    return next((one for one in addresses if one.startswith(("http://", "https://"))), None)


def _bad(message: str) -> VerificationFailed:
    return VerificationFailed(message, code="revocation.bad_answer")
