"""Whose key signs for the syndicate: a one-shot key that our CA certifies for a ceremony, or a lasting one that serves many.

A lasting key is asked for nothing before the ceremony was checked here as our CA checks it: its seal, its time, the person,
and that every document is listed.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from cryptography import x509

from conventions.errors import ConfigurationError, SigningFailed, UpstreamUnavailable, VerificationFailed
from conventions.ports.system import Clock
from conventions.signatures import Countersignature, SealedManifest, SignatureLevel, SignerIdentity
from signing.chains import is_issued_by, stated_policies
from signing.cms_parsing import parse_cms
from signing.csc import CscAccess, CscKey
from signing.identities import IssuerRules, assess_identity
from signing.keys import HashSigner, OneShotKey
from signing.outside import Outside
from signing.pkcs11 import Pkcs11Access, Pkcs11Key
from signing.pki.policies import SEAL_POLICY, SYNDICATE_POLICY
from signing.pki_client import PkiClient
from signing.qc_statements import claims_qualified_signature
from signing.sealed import parse_manifest, verify_listed, verify_sealed_manifest
from signing.timestamping import UNREADABLE, TokenRules

ASKED_AGAIN = timedelta(minutes=5)
"""Before the end of a remote key's certificate: its provider may have given it another, as it does where they are short-term."""


@dataclass(frozen=True)
class LastingKey:
    """Where the syndicate's lasting key is, and what is asked of it.

    ``access`` is None in a process without the right to it. ``ca`` issued its certificate under ``policy``, when that is not
    our own CA; ``above`` are the CAs above that one; all become trust anchors.
    """

    access: Pkcs11Access | CscAccess | None
    asked: SignatureLevel = SignatureLevel.SIMPLE
    ca: x509.Certificate | None = None
    above: tuple[x509.Certificate, ...] = ()
    policy: str = SYNDICATE_POLICY


class Signatory(Protocol):
    """Gives the key of a ceremony, and takes it back."""

    async def open(self, sealed: SealedManifest, signer: SignerIdentity, items: Sequence[Countersignature]) -> HashSigner:
        """Return the key that signs these documents of a sealed ceremony.

        Raises:
            UpstreamUnavailable: what holds or certifies it does not answer.
            SigningFailed: the ceremony does not hold, or does not authorise this person or these documents.
        """
        ...

    def release(self, key: HashSigner) -> None:
        """Take a key back; the ceremony needs it no more."""
        ...

    def close(self) -> None:
        """End what is open."""
        ...


class OneShotSignatory:
    """A new key for each ceremony; our CA checks the ceremony before it certifies."""

    def __init__(self, pki: PkiClient) -> None:
        self._pki = pki

    async def open(self, sealed: SealedManifest, signer: SignerIdentity, items: Sequence[Countersignature]) -> HashSigner:
        try:
            ceremony = parse_manifest(sealed.manifest).ceremony
        except VerificationFailed as error:
            raise SigningFailed("the manifest cannot be read", code=error.code) from error
        key = OneShotKey()
        return key.certified(await self._pki.issue_syndicate(key.render_request(), signer, ceremony, sealed, items))

    def release(self, key: HashSigner) -> None:
        key.destroy()

    def close(self) -> None:
        return


@dataclass(frozen=True)
class CeremonyRules:
    """By what a ceremony is checked: the CA of its seal, the rules of its time-stamp, those on the signers' certificates."""

    seal_ca: x509.Certificate
    tokens: TokenRules
    issuers: IssuerRules
    clock: Clock


class LastingSignatory:
    """A key in a device or at a provider, opened once and kept."""

    def __init__(self, lasting: LastingKey, rules: CeremonyRules, outside: Outside) -> None:
        """Open the key, where this process has the right to it; a provider that does not answer is asked again when needed.

        Raises:
            ConfigurationError: it cannot sign, or not at the level asked for.
        """
        self._lasting = lasting
        self._rules = rules
        self._outside = outside
        self._key: HashSigner | None = None
        if lasting.access is not None:
            with suppress(UpstreamUnavailable):
                outside.run(self._ready())

    async def _ready(self) -> HashSigner:
        access = self._lasting.access
        if access is None:
            raise SigningFailed("this process has no right to the signatory's key", code="signing.no_token")
        if isinstance(self._key, CscKey) and self._key.certificate.not_valid_after_utc - self._rules.clock.now() < ASKED_AGAIN:
            self._key = None  # a ceremony under way goes on with the one it has
        if self._key is None:
            key: HashSigner = Pkcs11Key(access) if isinstance(access, Pkcs11Access) else await CscKey.open(access, self._outside)
            try:
                check_level(self._lasting.asked, key.certificate)
            except ConfigurationError:
                key.destroy()
                raise
            self._key = key
        return self._key

    async def open(self, sealed: SealedManifest, signer: SignerIdentity, items: Sequence[Countersignature]) -> HashSigner:
        try:
            facts = verify_sealed_manifest(sealed, self._seal_of(sealed), self._rules.tokens, self._rules.clock.now())
            verify_listed(facts, ((item.reference, item.member_signed_sha256) for item in items))
            key = await self._ready()
        except (VerificationFailed, ConfigurationError) as error:
            raise SigningFailed(f"the ceremony cannot be signed: {error}", code=error.code, **error.details) from error
        person = signer.person
        asked = (signer.organisation, signer.siren, person.given_name, person.family_name)
        if asked != (facts.organisation, facts.siren, facts.given_name, facts.family_name):
            raise SigningFailed("the ceremony authorises another person", code="manifest.person")
        if reasons := assess_identity(key.certificate, signer, self._rules.issuers):
            raise SigningFailed(f"the key's certificate is not the signer's: {'; '.join(reasons)}", code="signing.identity")
        return key

    def release(self, key: HashSigner) -> None:
        """Keep it: it serves the next ceremony."""

    def close(self) -> None:
        key, self._key = self._key, None
        if key is not None:
            key.destroy()

    def _seal_of(self, sealed: SealedManifest) -> x509.Certificate:
        try:
            seal = parse_cms(sealed.cms).signer
        except UNREADABLE as error:
            raise VerificationFailed("the manifest's seal cannot be read", code="manifest.seal") from error
        if not is_issued_by(seal, self._rules.seal_ca) or SEAL_POLICY not in stated_policies(seal):
            raise VerificationFailed("another seal than the system's", code="manifest.seal")
        return seal


def check_level(asked: SignatureLevel, certificate: x509.Certificate | None) -> None:
    """Check that a key can give a level: ``certificate`` is a lasting key's, None stands for one-shot keys of our CA.

    A certificate that claims to be qualified is necessary, not sufficient: a report says *qualified* after the trusted lists.

    Raises:
        ConfigurationError: ``configuration.signature_level``.
    """
    if certificate is None:
        given = asked is SignatureLevel.SIMPLE
    else:
        given = asked is not SignatureLevel.QUALIFIED or claims_qualified_signature(certificate)
    if not given:
        raise ConfigurationError(
            f"the key cannot give a signature of level {asked}", code="configuration.signature_level", level=asked.value
        )
