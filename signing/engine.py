"""The signing engine: a signature, its time-stamp, its validation data and the archive time-stamp over them, as one result.

One certificate signs one document or thousands. What the documents share is fetched and encoded once; each then costs two
time-stamps and nothing else outside. A document succeeds or fails alone, and below B-LTA nothing leaves.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from conventions.errors import ContreseingError, SigningFailed, UpstreamUnavailable
from conventions.ports.system import Clock
from conventions.signatures import PadesLevel, SignedFile
from signing.authorities import TimestampAuthorities, TimestampAuthority
from signing.cms import CmsBuilder
from signing.evidence import Evidence
from signing.gathering import KEPT_FOR, Gatherer
from signing.keys import HashSigner
from signing.levels import level_of
from signing.reading import GrowingReader
from signing.revisions import (
    PendingRevision,
    SignatureText,
    StampRenderer,
    last_timestamp,
    next_timestamp_field,
    open_revision,
    prepare_signature,
    prepare_timestamp,
    stored_certificates,
)
from signing.security_store import store_content
from signing.timestamping import TimestampToken, is_timestamp_authority, token_certificates

PARIS = ZoneInfo("Europe/Paris")
SPARE_BYTES = 1_024
"""Room left above the size of a real token, because an authority's answers vary by some bytes."""
ATTEMPTS = 2
"""The second when an authority changed its certificate, or the size of its tokens, under way."""


@dataclass(frozen=True)
class AuthorityFacts:
    """What one of its tokens told of an authority: its certificate, that certificate's evidence, the size of its tokens."""

    evidence: Evidence
    token_bytes: int
    until: datetime

    @property
    def certificate(self) -> x509.Certificate:
        """Return the authority's certificate."""
        return self.evidence.chain[0]


@dataclass(frozen=True)
class Session:
    """One certificate at work: its signer, its CMS, its evidence."""

    signer: HashSigner
    cms: CmsBuilder
    evidence: Evidence

    @property
    def ends_at(self) -> datetime:
        """Return the certificate's end."""
        return self.signer.certificate.not_valid_after_utc

    @property
    def certificate_sha256(self) -> str:
        """Return the certificate's fingerprint, hexadecimal."""
        return self.signer.certificate.fingerprint(hashes.SHA256()).hex()


@dataclass(frozen=True)
class Task:
    """One document to sign: its bytes, the field, the reason written beside the CMS, the stamp to draw for an instant, if any."""

    data: bytes
    field: str
    reason: str
    stamp: Callable[[datetime], StampRenderer | None]


@dataclass(frozen=True)
class _Prepared:
    """A document with a hole of that size for its signature."""

    task: Task
    revision: PendingRevision
    reserved_bytes: int


Outcome = SignedFile | ContreseingError


class Engine:
    """Signs documents for whoever holds a session; runs on the private loop."""

    def __init__(self, authorities: TimestampAuthorities, gatherer: Gatherer, clock: Clock) -> None:
        self._authorities = authorities
        self._gatherer = gatherer
        self._clock = clock
        self._facts: dict[str, AuthorityFacts] = {}

    async def open_session(self, signer: HashSigner) -> Session:
        """Prove the certificate's state once for all the documents it will sign.

        Raises:
            UpstreamUnavailable, SigningFailed: it cannot be proved.
        """
        evidence = await self._gatherer.gather_for_signing(signer.certificate, signer.others)
        return Session(signer, CmsBuilder(signer.certificate, evidence.chain[1:-1], signer.mechanism), evidence)

    async def sign_all(self, session: Session, tasks: Sequence[Task]) -> list[Outcome]:
        """Sign some documents; each gets its file or its error, in order."""
        prepared = []
        for task in tasks:
            prepared.append(await self._prepare_or_error(session, task))
            await asyncio.sleep(0)  # what documents before these wait for may have come
        digests = [one.revision.digest for one in prepared if isinstance(one, _Prepared)]
        try:
            signatures = iter(await session.signer.sign_hashes([session.cms.hash_to_sign(digest) for digest in digests]))
        except ContreseingError as error:
            return [error if isinstance(one, _Prepared) else one for one in prepared]
        works = [self._finish_or_error(session, one, next(signatures)) if isinstance(one, _Prepared) else _given(one) for one in prepared]
        return list(await asyncio.gather(*works))

    async def restamp(self, data: bytes, needed: tuple[Evidence, ...] = ()) -> tuple[bytes, TimestampToken]:
        """Renew a file's protection: fresh validation data for the last archive stamp and what is needed beside, then another over all.

        Raises:
            UpstreamUnavailable, SigningFailed: nothing was made.
        """
        stamped, _, token = await self._archive_stamp(data, None, (*needed, *await self._evidence_of_stored(data)))
        return stamped, token

    async def stamp(self, digest: bytes) -> TimestampToken:
        """Get a token over a SHA-256 digest from the first authority that gives an acceptable one.

        Raises:
            UpstreamUnavailable: none does.
        """
        _, token = await self._stamp(digest)
        return token

    async def _prepare_or_error(self, session: Session, task: Task) -> _Prepared | ContreseingError:
        try:
            return await self._prepare(session, task)
        except ContreseingError as error:
            return error

    async def _finish_or_error(self, session: Session, prepared: _Prepared, signature: bytes) -> Outcome:
        try:
            return await self._finish(session, prepared, signature)
        except ContreseingError as error:
            return error

    async def _prepare(self, session: Session, task: Task) -> _Prepared:
        facts = await self._first_facts()
        at = self._clock.now().astimezone(PARIS)
        placeholder = session.cms.render(bytes(32), bytes(session.signer.max_signature_bytes), bytes(facts.token_bytes))
        reserved_bytes = len(placeholder) + SPARE_BYTES
        text = SignatureText(task.field, task.reason, at)
        revision = prepare_signature(open_revision(task.data), text, task.stamp(at), reserved_bytes)
        return _Prepared(task, revision, reserved_bytes)

    async def _finish(self, session: Session, prepared: _Prepared, signature: bytes) -> SignedFile:
        for _ in range(ATTEMPTS):
            authority, token = await self._stamp(hashlib.sha256(signature).digest())
            facts = await self._learn(authority, token)
            cms = session.cms.render(prepared.revision.digest, signature, token.der)
            if len(cms) <= prepared.reserved_bytes:
                break
            prepared = await self._prepare(session, prepared.task)
            (signature,) = await session.signer.sign_hashes([session.cms.hash_to_sign(prepared.revision.digest)])
        else:
            raise SigningFailed("the authority's tokens keep growing", code="signing.token_size")
        signed = prepared.revision.complete(cms)
        data, reader, _ = await self._archive_stamp(signed, prepared.revision.reader, (session.evidence, facts.evidence))
        level = level_of(data, prepared.task.field, reader)
        if level is not PadesLevel.B_LTA:
            raise SigningFailed(f"the file is {level}, not B-LTA", code="signing.level")
        return SignedFile(data, level, token.gen_time, session.certificate_sha256)

    async def _archive_stamp(
        self, data: bytes, before: GrowingReader | None, needed: tuple[Evidence, ...]
    ) -> tuple[bytes, GrowingReader, TimestampToken]:
        """Append the validation data and, in the same revision, a document time-stamp over all.

        The data hold what proves the signature, its time-stamp, the archive stamp before this one, and this one.
        """
        refusal: UpstreamUnavailable | None = None
        for authority in self._authorities.in_order():
            try:
                for _ in range(ATTEMPTS):
                    facts = await self._facts_of(authority)
                    writer = open_revision(data, before)
                    evidence = dict.fromkeys((*needed, facts.evidence, *await self._evidence_of_previous(writer.reader, data, facts)))
                    reserved_bytes = facts.token_bytes + SPARE_BYTES
                    pending = prepare_timestamp(writer, next_timestamp_field(writer.reader), store_content(*evidence), reserved_bytes)
                    token = await authority.stamp(pending.digest)
                    known = await self._learn(authority, token)
                    if known.certificate == facts.certificate and len(token.der) <= reserved_bytes:
                        return pending.complete(token.der), pending.reader, token
            except UpstreamUnavailable as error:
                refusal = error
        raise refusal or UpstreamUnavailable("no time-stamp authority is stable enough to archive", service="time-stamp authority")

    async def _stamp(self, digest: bytes) -> tuple[TimestampAuthority, TimestampToken]:
        refusal: UpstreamUnavailable | None = None
        for authority in self._authorities.in_order():
            try:
                return authority, await authority.stamp(digest)
            except UpstreamUnavailable as error:
                refusal = error
        raise refusal or UpstreamUnavailable("no time-stamp authority is configured", service="time-stamp authority")

    async def _first_facts(self) -> AuthorityFacts:
        """Return the facts of the authority that will most likely stamp."""
        refusal: UpstreamUnavailable | None = None
        for authority in self._authorities.in_order():
            if authority.breaker.is_open:
                continue
            try:
                return await self._facts_of(authority)
            except UpstreamUnavailable as error:
                refusal = error
        raise refusal or UpstreamUnavailable("every time-stamp authority is held back after failures", service="time-stamp authority")

    async def _facts_of(self, authority: TimestampAuthority) -> AuthorityFacts:
        """Return what is known of an authority, from one token over random bytes when nothing is."""
        known = self._facts.get(authority.name)
        if known is not None and self._clock.now() < known.until:
            return known
        return await self._learn(authority, await authority.stamp(secrets.token_bytes(32)), renew=True)

    async def _learn(self, authority: TimestampAuthority, token: TimestampToken, *, renew: bool = False) -> AuthorityFacts:
        known = self._facts.get(authority.name)
        if not renew and known is not None and known.certificate == token.certificate:
            if len(token.der) <= known.token_bytes:
                return known
            facts = AuthorityFacts(known.evidence, len(token.der), known.until)
        else:
            evidence = await self._gatherer.gather(token.certificate, token.others)
            facts = AuthorityFacts(evidence, len(token.der), self._clock.now() + KEPT_FOR)
        self._facts[authority.name] = facts
        return facts

    async def _evidence_of_stored(self, data: bytes) -> tuple[Evidence, ...]:
        """Prove anew the state of every authority whose stamp the file holds, as far as each still lives and answers.

        A validator that finds an older stamp's certificate alive wants a fresh answer about it, and does not look at the stamps
        that cover it. Where there is none to be had any more, those later stamps are what counts.
        """
        found, now = [], self._clock.now()
        certificates = stored_certificates(open_revision(data).reader)
        for certificate in certificates:
            if is_timestamp_authority(certificate) and now < certificate.not_valid_after_utc:
                with suppress(UpstreamUnavailable, SigningFailed):
                    found.append(await self._gatherer.gather(certificate, certificates))
        return tuple(found)

    async def _evidence_of_previous(self, reader: GrowingReader, data: bytes, facts: AuthorityFacts) -> tuple[Evidence, ...]:
        """Prove the state of the authority of the archive stamp before, when it is not the one at work."""
        token = last_timestamp(reader, data)
        if token is None:
            return ()
        certificate, others = token_certificates(token)
        return () if certificate == facts.certificate else (await self._gatherer.gather(certificate, others),)


async def _given(outcome: ContreseingError) -> Outcome:
    return outcome
