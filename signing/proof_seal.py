"""The seal of proofs: evidence files sealed as PAdES B-LTA, lists of bundles by a detached CMS and a time-stamp over it.

The key stays at the CA, which signs hashes for whoever holds the right; its certificate's policy is not the ceremonies'.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime

from cryptography import x509

from conventions.errors import ContreseingError
from conventions.kinds import SEAL_FIELD
from conventions.ports.documents import StampText
from conventions.ports.system import Clock
from conventions.signatures import SealedManifest, SignedFile
from signing.engine import Engine, Session, Task
from signing.gathering import KEPT_FOR
from signing.keys import max_signature_bytes, mechanism_of, public_key_of, verify_hash_signatures
from signing.pki_client import PkiClient
from signing.revisions import StampRenderer

SEAL_REASON = "Dossier établi par le système d'après son journal"
SEAL_NAME = "Cachet des preuves"
SEAL_CAPACITY = "posé par le système, sans l'intervention d'une personne"
RenderStamp = Callable[[StampText, float, float], bytes]
SEAL_LEVEL_TEXT = "Cachet électronique, horodaté"


class RemoteSeal:
    """The key of the seal, where the CA keeps it."""

    others: tuple[x509.Certificate, ...] = ()

    def __init__(self, certificate: x509.Certificate, pki: PkiClient) -> None:
        """Hold the certificate.

        Raises:
            ConfigurationError: a key that no signature of ours is made with.
        """
        self._key, self._pki = public_key_of(certificate), pki
        self.certificate = certificate
        self.mechanism = mechanism_of(self._key)
        self.max_signature_bytes = max_signature_bytes(self._key)

    async def sign_hashes(self, hashes_: Sequence[bytes]) -> list[bytes]:
        """Have hashes signed.

        Raises:
            UpstreamUnavailable, SigningFailed.
        """
        signatures = await self._pki.seal_proofs(hashes_)
        verify_hash_signatures(self._key, self.mechanism, hashes_, signatures)
        return signatures

    def destroy(self) -> None:
        """Leave the key where it is: it is not ours to drop."""


class ProofSealer:
    """Seals; the certificate and what proves its state are fetched once and kept for some minutes."""

    def __init__(self, pki: PkiClient, engine: Engine, render_stamp: RenderStamp, clock: Clock) -> None:
        self._pki, self._engine, self._render_stamp, self._clock = pki, engine, render_stamp, clock
        self._opened: tuple[Session, datetime] | None = None
        self._opening = asyncio.Lock()

    async def seal_content(self, content: bytes) -> SealedManifest:
        """Seal bytes beside them, and time-stamp the seal.

        Raises:
            UpstreamUnavailable, SigningFailed.
        """
        session, digest = await self._session(), hashlib.sha256(content).digest()
        (signature,) = await session.signer.sign_hashes([session.cms.hash_to_sign(digest)])
        cms = session.cms.render(digest, signature)
        token = await self._engine.stamp(hashlib.sha256(cms).digest())
        return SealedManifest(content, cms, token.der, token.gen_time)

    async def seal_file(self, prepared: bytes) -> SignedFile:
        """Seal a PDF in its field ``SEAL_FIELD``.

        Raises:
            UpstreamUnavailable, SigningFailed.
        """
        (outcome,) = await self._engine.sign_all(await self._session(), [Task(prepared, SEAL_FIELD, SEAL_REASON, self._stamp)])
        if isinstance(outcome, ContreseingError):
            raise outcome
        return outcome

    async def _session(self) -> Session:
        async with self._opening:
            now = self._clock.now()
            if self._opened is None or now >= self._opened[1]:
                seal = RemoteSeal(await self._pki.proof_seal_certificate(), self._pki)
                self._opened = (await self._engine.open_session(seal), now + KEPT_FOR)
            return self._opened[0]

    def _stamp(self, at: datetime) -> StampRenderer:
        text = StampText(SEAL_NAME, SEAL_CAPACITY, SEAL_REASON, at.replace(microsecond=0), SEAL_LEVEL_TEXT)
        return lambda width_pt, height_pt: self._render_stamp(text, width_pt, height_pt)
