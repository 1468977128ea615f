"""Keys that sign hashes: one port for a key in memory, a token or a remote service."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from conventions.errors import ConfigurationError, SigningFailed
from signing.cms import Mechanism

SHA256_BYTES = 32
PSS = padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=SHA256_BYTES)
MIN_RSA_BITS = 2_048
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


class HashSigner(Protocol):
    """Signs SHA-256 hashes, several in one call; ``others`` are certificates that lead to a trust anchor, if it brings any."""

    @property
    def certificate(self) -> x509.Certificate: ...
    @property
    def others(self) -> tuple[x509.Certificate, ...]: ...
    @property
    def mechanism(self) -> Mechanism: ...
    @property
    def max_signature_bytes(self) -> int: ...

    async def sign_hashes(self, hashes_: Sequence[bytes]) -> list[bytes]:
        """Sign each hash, in order.

        Raises:
            UpstreamUnavailable: a token or a remote service does not answer.
            SigningFailed: it refuses, or what it gives is not a signature by the certificate's key.
        """
        ...

    def destroy(self) -> None:
        """Give the key up: a key in memory is dropped, a token's or a service's session ends; nothing is signed after."""
        ...


class OneShotKey:
    """A P-256 key that lives in memory for one signing session; it costs 0.05 ms, RSA-3072 costs 147."""

    def __init__(self) -> None:
        self._key: ec.EllipticCurvePrivateKey | None = ec.generate_private_key(ec.SECP256R1())

    def render_request(self) -> bytes:
        """Prove possession of the key: a certification request (RFC 2986), DER, whose subject says nothing."""
        builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
        return builder.sign(self._held(), hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def certified(self, certificate: x509.Certificate) -> HeldKey:
        """Join the key and its certificate.

        Raises:
            SigningFailed: the certificate is for another key.
        """
        key = self._held()
        if certificate.public_key() != key.public_key():
            raise SigningFailed("the CA certified another key", code="signing.certificate")
        return HeldKey(key, certificate)

    def _held(self) -> ec.EllipticCurvePrivateKey:
        if self._key is None:
            raise SigningFailed("the one-shot key was destroyed", code="signing.key_destroyed")
        return self._key


class HeldKey:
    """A private key in memory with its certificate: one-shot, or read from a file for an operator."""

    def __init__(self, key: PrivateKey, certificate: x509.Certificate, others: tuple[x509.Certificate, ...] = ()) -> None:
        self._key: PrivateKey | None = key
        self.certificate = certificate
        self.others = others
        self.mechanism = mechanism_of(key.public_key())
        self.max_signature_bytes = max_signature_bytes(key.public_key())

    async def sign_hashes(self, hashes_: Sequence[bytes]) -> list[bytes]:
        if self._key is None:
            raise SigningFailed("the key was destroyed", code="signing.key_destroyed")
        digest = Prehashed(hashes.SHA256())
        if isinstance(self._key, rsa.RSAPrivateKey):
            return [self._key.sign(one, PSS, digest) for one in hashes_]
        return [self._key.sign(one, ec.ECDSA(digest)) for one in hashes_]

    def destroy(self) -> None:
        """Drop the key: nothing else holds it."""
        self._key = None


def public_key_of(certificate: x509.Certificate) -> PublicKey:
    """Return a signer's public key.

    Raises:
        ConfigurationError: neither an elliptic curve key nor an RSA key of 2,048 bits at least.
    """
    try:
        key = certificate.public_key()
    except ValueError as error:
        raise ConfigurationError("the certificate's key cannot be read", code="configuration.key_kind") from error
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < MIN_RSA_BITS:
        raise ConfigurationError("an RSA key shorter than 2,048 bits", code="configuration.key_kind")
    if not isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
        raise ConfigurationError("a key that is neither elliptic curve nor RSA", code="configuration.key_kind")
    return key


def mechanism_of(key: PublicKey, *, has_pss: bool = True) -> Mechanism:
    """Return how a key signs; RSA by PSS wherever the device can: PKCS#1 v1.5 draws a warning of EU DSS from 2029 on."""
    if isinstance(key, rsa.RSAPublicKey):
        return Mechanism.RSA_PSS_SHA256 if has_pss else Mechanism.RSA_PKCS1_SHA256
    return Mechanism.ECDSA_SHA256


def max_signature_bytes(key: PublicKey) -> int:
    """Return the size of the largest signature: of an RSA modulus, or of an ECDSA-Sig-Value in DER (RFC 3279, 2.2.3)."""
    size = (key.key_size + 7) // 8
    return size if isinstance(key, rsa.RSAPublicKey) else 2 * (size + 3) + 3


def verify_hash_signatures(key: PublicKey, mechanism: Mechanism, hashes_: Sequence[bytes], signatures: Sequence[bytes]) -> None:
    """Check what a token or a service gave: as many signatures as hashes, each over its own, by the certificate's key.

    Raises:
        SigningFailed: ``signing.wrong_signature``.
    """
    if len(hashes_) != len(signatures):
        raise SigningFailed(f"{len(signatures)} signatures for {len(hashes_)} hashes", code="signing.wrong_signature")
    digest = Prehashed(hashes.SHA256())
    try:
        for one, signature in zip(hashes_, signatures, strict=True):
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(signature, one, PSS if mechanism is Mechanism.RSA_PSS_SHA256 else padding.PKCS1v15(), digest)
            else:
                key.verify(signature, one, ec.ECDSA(digest))
    except (InvalidSignature, ValueError) as error:
        raise SigningFailed("a signature that the certificate's key does not verify", code="signing.wrong_signature") from error
