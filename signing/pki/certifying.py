"""Certify by our CA a key that stays where it is (HSM, token, remote service), from its request; and revoke what was certified."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from conventions.errors import InputRefused, NotFound
from signing.chains import CERTIFICATE_ERRORS
from signing.keys import MIN_RSA_BITS
from signing.pki import policies
from signing.pki.certificates import SignerSubject, issue_signer
from signing.pki.directory import open_pki
from signing.pki.register import Register

LONGEST = 3 * policies.YEAR
"""Life of a key in a device, at most: the usual of qualified certificates for signatures."""
CURVES = (ec.SECP256R1, ec.SECP384R1)


class Role(StrEnum):
    """Who a lasting key signs for: the syndicate (its Vice-President) or a member."""

    SIGNATORY = "signatory"
    MEMBER = "member"


POLICIES = {Role.SIGNATORY: ("syndicate", policies.SYNDICATE_POLICY), Role.MEMBER: ("members", policies.MEMBERS_POLICY)}


@dataclass(frozen=True)
class Certified:
    """A certificate (PEM, followed by that of its CA), its serial number, and its end."""

    pem: bytes
    serial_number: int
    ends_at: datetime


def certify_key(
    folder: Path, passphrase: str, request: bytes, role: Role, subject: SignerSubject, lifetime: timedelta, now: datetime
) -> Certified:
    """Certify a key from its request (PKCS#10, PEM or DER), under the policy of a role; it is on the register before it is returned.

    The subject is the one given: the request proves that its maker holds the key, and says nothing else.

    Raises:
        InputRefused: not a request, one that its own key did not sign, or another kind of key (``pki.csr``); a life too long.
        ConfigurationError: the folder holds no PKI that can be opened.
    """
    if not timedelta(days=1) <= lifetime <= LONGEST:
        raise InputRefused(f"a life between a day and {LONGEST.days} days", code="pki.lifetime", most=LONGEST.days)
    key = _parse_request(request)
    pki = open_pki(folder, passphrase)
    name, policy = POLICIES[role]
    ca = {"syndicate": pki.syndicate, "members": pki.members}[name]
    certificate = issue_signer(ca, key, subject, policy, pki.base_url, now, lifetime)
    register = Register(folder / "register.sqlite")
    try:
        register.record(name, certificate, subject.reference, now)
    finally:
        register.close()
    pem = b"".join(one.public_bytes(Encoding.PEM) for one in (certificate, ca.certificate))
    return Certified(pem, certificate.serial_number, certificate.not_valid_after_utc)


def revoke_certificate(folder: Path, serial_number: int, now: datetime) -> None:
    """Revoke a signer's certificate: responder and list say it from then on; revoked twice, the first date stands.

    Raises:
        NotFound: no CA of the folder issued that serial number to a signer (``pki.serial``).
    """
    register = Register(folder / "register.sqlite")
    try:
        known = [register.revoke(name, serial_number, now) for name, _ in POLICIES.values()]
    finally:
        register.close()
    if not any(known):
        raise NotFound(f"no certificate {serial_number:x}", code="pki.serial")


def _parse_request(data: bytes) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    try:
        request = x509.load_pem_x509_csr(data) if b"-----BEGIN" in data else x509.load_der_x509_csr(data)
        proven, key = request.is_signature_valid, request.public_key()
    except CERTIFICATE_ERRORS as error:
        raise InputRefused("not a certification request", code="pki.csr") from error
    if not proven:
        raise InputRefused("a certification request that its own key did not sign", code="pki.csr")
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES):
        return key
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
        return key
    raise InputRefused("a key that is neither P-256, P-384 nor RSA of 2048 bits", code="pki.csr")
