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
