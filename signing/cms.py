"""CMS signatures as PAdES wants them (EN 319 142-1, 5.3, and CAdES, EN 319 122-1): detached, SHA-256, ECDSA or RSA.

Signed attributes: content type, message digest, signing-certificate-v2; no signing time, because PAdES has ``/M``. What
does not change from one document to the next is encoded once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from enum import Enum

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from signing.der import (
    INTEGER,
    NULL,
    render_explicit,
    render_integer,
    render_octets,
    render_oid,
    render_sequence,
    render_set_of,
    render_tlv,
)

DATA = render_oid("1.2.840.113549.1.7.1")
SIGNED_DATA = render_oid("1.2.840.113549.1.7.2")
CONTENT_TYPE = render_oid("1.2.840.113549.1.9.3")
MESSAGE_DIGEST = render_oid("1.2.840.113549.1.9.4")
SIGNING_CERTIFICATE_V2 = render_oid("1.2.840.113549.1.9.16.2.47")
SIGNATURE_TIMESTAMP_DER = render_oid("1.2.840.113549.1.9.16.2.14")
SHA256 = render_oid("2.16.840.1.101.3.4.2.1")
SHA256_ALGORITHM = render_sequence(SHA256)
MGF1 = render_oid("1.2.840.113549.1.1.8")
VERSION_1 = render_integer(1)


class Mechanism(Enum):
    """How a SHA-256 digest of signed attributes is signed; the value is the DER AlgorithmIdentifier."""

    ECDSA_SHA256 = render_sequence(render_oid("1.2.840.10045.4.3.2"))
    RSA_PSS_SHA256 = render_sequence(
        render_oid("1.2.840.113549.1.1.10"),
        render_sequence(
            render_explicit(0, SHA256_ALGORITHM),
            render_explicit(1, render_sequence(MGF1, SHA256_ALGORITHM)),
            render_explicit(2, render_tlv(INTEGER, b"\x20")),
        ),
    )
    RSA_PKCS1_SHA256 = render_sequence(render_oid("1.2.840.113549.1.1.11"), render_tlv(NULL))


class CmsBuilder:
    """Builds the CMS of one signer's certificate, document after document."""

    def __init__(self, certificate: x509.Certificate, issuers: Sequence[x509.Certificate], mechanism: Mechanism) -> None:
        der = certificate.public_bytes(serialization.Encoding.DER)
        chain = [der, *(issuer.public_bytes(serialization.Encoding.DER) for issuer in issuers)]
        self._mechanism = mechanism
        self._signer_id = render_sequence(certificate.issuer.public_bytes(), render_integer(certificate.serial_number))
        self._head = VERSION_1 + render_set_of(SHA256_ALGORITHM) + render_sequence(DATA) + render_explicit(0, *sorted(chain))
        self._content_type = render_sequence(CONTENT_TYPE, render_set_of(DATA))
        certificate_digest = render_octets(hashlib.sha256(der).digest())
        self._signing_certificate = render_sequence(
            SIGNING_CERTIFICATE_V2, render_set_of(render_sequence(render_sequence(render_sequence(certificate_digest))))
        )

    def _attributes(self, document_digest: bytes) -> bytes:
        digest = render_sequence(MESSAGE_DIGEST, render_set_of(render_octets(document_digest)))
        return b"".join(sorted([self._content_type, digest, self._signing_certificate]))

    def render_signed_attributes(self, document_digest: bytes) -> bytes:
        """Return the signed attributes as they are hashed (RFC 5652, 5.4), DER."""
        return render_set_of(self._attributes(document_digest))

    def hash_to_sign(self, document_digest: bytes) -> bytes:
        """Return the SHA-256 of the signed attributes: what the key signs."""
        return hashlib.sha256(self.render_signed_attributes(document_digest)).digest()

    def render(self, document_digest: bytes, signature: bytes, timestamp_token: bytes | None = None) -> bytes:
        """Assemble a ContentInfo, DER; with a token it becomes B-T (EN 319 122-1, 5.3)."""
        unsigned = b""
        if timestamp_token is not None:
            unsigned = render_explicit(1, render_sequence(SIGNATURE_TIMESTAMP_DER, render_set_of(timestamp_token)))
        signer = render_sequence(
            VERSION_1,
            self._signer_id,
            SHA256_ALGORITHM,
            render_explicit(0, self._attributes(document_digest)),
            self._mechanism.value,
            render_octets(signature),
            unsigned,
        )
        return render_sequence(SIGNED_DATA, render_explicit(0, render_sequence(self._head, render_set_of(signer))))
