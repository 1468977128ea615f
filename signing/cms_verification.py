"""The signature of a CMS, checked against its own certificate: RFC 5652, 5.4 and 5.6; RFC 5035 for what names the certificate."""

from __future__ import annotations

import hashlib

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from conventions.errors import VerificationFailed
from signing.chains import CERTIFICATE_ERRORS
from signing.cms_parsing import (
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SIGNING_CERTIFICATE,
    SIGNING_CERTIFICATE_V2,
    ParsedCms,
    parse_algorithm,
    parse_oid,
)
from signing.der import OCTET_STRING, SEQUENCE, read_elements, read_value

Sha = hashes.SHA1 | hashes.SHA256 | hashes.SHA384 | hashes.SHA512
DIGESTS: dict[str, type[hashes.SHA256 | hashes.SHA384 | hashes.SHA512]] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256,
    "2.16.840.1.101.3.4.2.2": hashes.SHA384,
    "2.16.840.1.101.3.4.2.3": hashes.SHA512,
}
RSASSA_PSS = "1.2.840.113549.1.1.10"


def digest_of(cms: ParsedCms) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512:
    """Return the digest of a signer.

    Raises:
        VerificationFailed: not SHA-2.
    """
    try:
        return DIGESTS[cms.digest_algorithm]()
    except KeyError as error:
        raise VerificationFailed("a signature whose digest is not SHA-2", code="cms.signature") from error


def verify_signer(cms: ParsedCms, content: bytes) -> None:
    """Check a signature over content held in memory.

    Raises:
        VerificationFailed: ``cms.signature``.
    """
    verify_signer_of_digest(cms, hashlib.new(digest_of(cms).name, content).digest())


def verify_signer_of_digest(cms: ParsedCms, content_digest: bytes) -> None:
    """Check a signature over content of that digest.

    1. The signed attributes state the content's type and this digest.
    2. They name the certificate that is taken for the signer's.
    3. The signature is by its key.

    Raises:
        VerificationFailed: ``cms.signature``.
    """
    try:
        (content_type,) = cms.signed_attributes[CONTENT_TYPE]
        (message_digest,) = cms.signed_attributes[MESSAGE_DIGEST]
        stated = parse_oid(content_type) == cms.content_type and read_value(message_digest, OCTET_STRING) == content_digest  # (1)
        named = _names_signer(cms)  # (2)
        _verify_raw(cms, digest_of(cms))  # (3)
    except (*CERTIFICATE_ERRORS, KeyError) as error:
        raise VerificationFailed("a signature that is wrong", code="cms.signature") from error
    if not (stated and named):
        raise VerificationFailed("a signature about something else", code="cms.signature")


def _names_signer(cms: ParsedCms) -> bool:
    """Compare the first certificate identified with the signer's (SHA-1 by its first version, SHA-256 by default since)."""
    if SIGNING_CERTIFICATE_V2 in cms.signed_attributes:
        (value,) = cms.signed_attributes[SIGNING_CERTIFICATE_V2]
        first = read_elements(read_elements(read_elements(value)[0])[0])
        stated = first[0][0] == SEQUENCE
        algorithm: Sha = DIGESTS[parse_algorithm(first[0])]() if stated else hashes.SHA256()
        digest = read_value(first[1] if stated else first[0], OCTET_STRING)
    else:
        (value,) = cms.signed_attributes[SIGNING_CERTIFICATE]
        digest = read_value(read_elements(read_elements(read_elements(value)[0])[0])[0], OCTET_STRING)
        algorithm = hashes.SHA1()  # noqa: S303 the one of RFC 2634
    return digest == cms.signer.fingerprint(algorithm)


def _verify_raw(cms: ParsedCms, digest: hashes.SHA256 | hashes.SHA384 | hashes.SHA512) -> None:
    key = cms.signer.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(cms.signature, cms.signed_attributes_der, ec.ECDSA(digest))
    elif isinstance(key, rsa.RSAPublicKey) and cms.signature_algorithm == RSASSA_PSS:
        key.verify(cms.signature, cms.signed_attributes_der, padding.PSS(padding.MGF1(digest), padding.PSS.AUTO), digest)
    elif isinstance(key, rsa.RSAPublicKey):
        key.verify(cms.signature, cms.signed_attributes_der, padding.PKCS1v15(), digest)
    else:
        raise InvalidSignature("an unsupported kind of key")
