"""The port of signing on the embedded PKI or one like it: one-shot certificates, PAdES B-LTA, validation."""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from conventions.canonical import sha256_hex
from conventions.errors import ConfigurationError, ContreseingError, EvidenceBroken, VerificationFailed
from conventions.kinds import MEMBER_FIELD, SYNDICATE_FIELD
from conventions.ports.documents import StampText
from conventions.ports.system import Clock
from conventions.preservation import RestampedFile
from conventions.signatures import (
    CompletedUpload,
    Countersignature,
    CountersignOutcome,
    ExpectedSigner,
    FormerAuthorities,
    MemberSignature,
    OwnCertificate,
    ProofMaterial,
    SealedManifest,
    SignedFile,
    SignerIdentity,
    ValidationReport,
)
from signing.authorities import IN_FLIGHT, Counters, TimestampAuthorities
from signing.believed import believe
from signing.chains import render_pem
from signing.dss_service import DssReader
from signing.engine import Engine, Outcome, Session, Task
from signing.gathering import Gatherer
from signing.keys import HashSigner, OneShotKey
from signing.material import read_proof_material
from signing.names import PersonExpected, stated_sirens
from signing.outside import HttpTimeouts, Outside
from signing.pki.former import FormerPki
from signing.pki_client import PkiClient, PkiTokens
from signing.proof_seal import ProofSealer
from signing.qualifying import Qualifier
from signing.raising import UploadRaiser
from signing.restamping import Restamper, verifiable_until
from signing.revisions import StampRenderer
from signing.second_reader import SecondReader
from signing.signatories import CeremonyRules, LastingKey, LastingSignatory, OneShotSignatory, Signatory
from signing.timestamping import TokenRules
from signing.upload_process import UploadQuestion, judge_upload
from signing.validation import PyhankoReader

LEVEL_TEXT = "Signature électronique simple, horodatée"
"""What a link, a code and a one-shot certificate are worth (Regulation (EU) 910/2014, article 3, 10); never more is claimed."""
LASTING_LEVEL_TEXT = "Signature électronique, horodatée"
"""Of a key in a device or at a provider: what its certificate is worth is for a report to say, after the trusted lists."""
CHUNK = 32
CHUNKS_AHEAD = 1
"""Chunks begun beyond the one whose outcomes are taken: a chunk is read and prepared while the one before waits for its time-stamps."""
RENEW_BEFORE = timedelta(minutes=2)
RenderStamp = Callable[[StampText, float, float], bytes]


@dataclass(frozen=True)
class _Begun:
    """A chunk being signed: its items, what could not be read of them (or None), and the outcomes of the others to come."""

    items: Sequence[Countersignature]
    failures: Sequence[ContreseingError | None]
    signed: Future[list[Outcome]]

    def outcomes(self) -> Iterator[CountersignOutcome]:
        """Wait for the chunk and give each item's outcome, in order."""
        signed = iter(self.signed.result())
        for item, failure in zip(self.items, self.failures, strict=True):
            yield _outcome(item, next(signed) if failure is None else failure)


class PadesSigning:
    """Signs and validates; safe from several threads. ``close`` ends its connections."""

    def __init__(
        self,
        *,
        pki_url: str,
        tokens: PkiTokens,
        anchors_pem: Mapping[str, bytes],
        tsa_urls: Sequence[str],
        render_stamp: RenderStamp,
        clock: Clock,
        timeouts: HttpTimeouts | None = None,
        tsa_policies: frozenset[str] = frozenset(),
        tsa_in_flight: int = IN_FLIGHT,
        lasting_key: LastingKey | None = None,
        upload_anchors_pem: Sequence[bytes] = (),
        tsa_anchors_pem: Sequence[bytes] = (),
        former: Sequence[FormerPki] = (),
        upload_without_siren: bool = False,
        level_text: str = LEVEL_TEXT,
        qualifier: Qualifier | None = None,
        third_reader: DssReader | None = None,
    ) -> None:
        """Prepare; nothing is asked of anybody yet.

        Raises:
            ConfigurationError: an anchor lacks or is unreadable, a former PKI is that of today, or no time-stamp authority is named.
        """
        believed = believe(anchors_pem, lasting_key, former=former, uploads_pem=upload_anchors_pem, stamps_pem=tsa_anchors_pem)
        trust, stamp_trust = believed.trust, believed.stamp_trust
        self._anchors_pem = believed.anchors_pem
        self._former = tuple(one.authorities for one in former)
        self._clock = clock
        self._render_stamp = render_stamp
        self._level_text = self._syndicate_level_text = level_text
        self._outside = Outside(timeouts or HttpTimeouts())
        rules = TokenRules(stamp_trust, tsa_policies)
        self._authorities = TimestampAuthorities.at(tsa_urls, self._outside, rules, clock, in_flight=tsa_in_flight)
        gatherer = Gatherer(self._outside, stamp_trust, clock)  # it proves a state; who may sign is judged by the readers
        self._engine = Engine(self._authorities, gatherer, clock)
        self._upload_anchors_pem = [render_pem([one]) for one in believed.accepted]
        self._upload_without_siren = upload_without_siren
        self._raiser = UploadRaiser(self._engine, gatherer, stamp_trust)
        self._pki = PkiClient(pki_url, tokens, self._outside)
        self._proof_sealer = ProofSealer(self._pki, self._engine, render_stamp, clock)
        self._signatory: Signatory = OneShotSignatory(self._pki)
        if lasting_key is not None:
            self._signatory = self._open_lasting(lasting_key, CeremonyRules(believed.syndicate_ca, rules, believed.present, clock))
            self._syndicate_level_text = LASTING_LEVEL_TEXT
        self._reader = PyhankoReader(trust, believed.issuers, gatherer, qualifier, stamp_trust)
        self._second_reader = SecondReader(trust, believed.issuers, stamp_trust)
        self._third_reader = third_reader
        self._restamper = Restamper(self._engine, self._reader, clock)

    def _open_lasting(self, lasting_key: LastingKey, rules: CeremonyRules) -> LastingSignatory:
        try:
            return LastingSignatory(lasting_key, rules, self._outside)
        except ConfigurationError:
            self._outside.close()
            raise

    def close(self) -> None:
        """End the connections, and the session of a lasting key; a later call opens them again."""
        self._signatory.close()
        self._outside.close()
        if self._third_reader is not None:
            self._third_reader.close()

    def timestamp_counters(self) -> Mapping[str, Counters]:
        """Return what each authority was asked and gave since the start."""
        return self._authorities.counters()

    def sign_for_member(self, prepared: bytes, request: MemberSignature) -> SignedFile:
        """See the port."""
        if sha256_hex(prepared) != request.document_sha256:
            raise EvidenceBroken(f"{request.reference}: the prepared bytes are not those that were shown", code="evidence.prepared")
        return self._outside.run(self._sign_for_member(prepared, request))

    async def _sign_for_member(self, prepared: bytes, request: MemberSignature) -> SignedFile:
        key = OneShotKey()
        certificate = await self._pki.issue_member(key.render_request(), request.signer, request.reference)
        signer = key.certified(certificate)
        try:
            session = await self._engine.open_session(signer)
            stamp = self._stamps(request.signer, request.formula, self._level_text)
            (outcome,) = await self._engine.sign_all(session, [Task(prepared, MEMBER_FIELD, request.reason, stamp)])
        finally:
            signer.destroy()
        if isinstance(outcome, ContreseingError):
            raise outcome
        return outcome

    def complete_upload(self, prepared: bytes, uploaded: bytes, signer: SignerIdentity) -> CompletedUpload:
        """See the port."""
        if not self._upload_anchors_pem:
            raise VerificationFailed("no authority is accepted for files signed elsewhere", code="upload.untrusted")
        person = PersonExpected(signer.person.full_name, signer.siren, self._upload_without_siren)
        question = UploadQuestion(prepared, uploaded, MEMBER_FIELD, person, self._upload_anchors_pem, self._clock.now())
        checked = judge_upload(question)
        signed = self._outside.run(self._raiser.complete(uploaded, checked))
        expected = [ExpectedSigner(signer, MEMBER_FIELD, signed.certificate_sha256)]
        reports = (self.validate(signed.data, expected), self.second_opinion(signed.data, expected))
        if refusals := [f"{one.reader}: {'; '.join(one.reasons)}" for one in reports if not one.valid]:
            raise VerificationFailed(" / ".join(refusals), code="upload.readers")
        own = checked.certificates[0]
        certificate = OwnCertificate(
            own.subject.rfc4514_string(), own.issuer.rfc4514_string(), f"{own.serial_number:x}", states_siren=bool(stated_sirens(own))
        )
        return CompletedUpload(signed, certificate)

    def seal_manifest(self, manifest: bytes) -> SealedManifest:
        """See the port."""
        return self._outside.run(self._seal_manifest(manifest))

    async def _seal_manifest(self, manifest: bytes) -> SealedManifest:
        cms = await self._pki.seal(manifest)
        token = await self._engine.stamp(hashlib.sha256(cms).digest())
        return SealedManifest(manifest, cms, token.der, token.gen_time)

    def countersign(
        self,
        sealed: SealedManifest,
        signer: SignerIdentity,
        formula: str,
        items: Sequence[Countersignature],
        read: Callable[[Countersignature], bytes],
    ) -> Iterator[CountersignOutcome]:
        """See the port; the certificate is asked for at once, the documents are signed as the outcomes are taken, and one chunk ahead."""
        if not items:
            return iter(())
        opened = self._outside.run(self._open_ceremony(sealed, signer, items))
        return self._countersigned(opened, sealed, signer, formula, items, read)

    async def _open_ceremony(
        self, sealed: SealedManifest, signer: SignerIdentity, items: Sequence[Countersignature]
    ) -> tuple[HashSigner, Session]:
        held = await self._signatory.open(sealed, signer, items)
        try:
            return held, await self._engine.open_session(held)
        except BaseException:
            self._signatory.release(held)
            raise

    def _countersigned(
        self,
        opened: tuple[HashSigner, Session],
        sealed: SealedManifest,
        signer: SignerIdentity,
        formula: str,
        items: Sequence[Countersignature],
        read: Callable[[Countersignature], bytes],
    ) -> Iterator[CountersignOutcome]:
        held, session = opened
        stamp = self._stamps(signer, formula, self._syndicate_level_text)
        begun = deque[_Begun]()
        try:
            for start in range(0, len(items), CHUNK):
                chunk = items[start : start + CHUNK]
                if session.ends_at - self._clock.now() < RENEW_BEFORE:
                    while begun:
                        yield from begun.popleft().outcomes()
                    self._signatory.release(held)
                    held, session = self._outside.run(self._open_ceremony(sealed, signer, items[start:]))
                loaded = [_read(item, read) for item in chunk]
                tasks = [Task(data, SYNDICATE_FIELD, formula, stamp) for data in loaded if isinstance(data, bytes)]
                failures = [None if isinstance(data, bytes) else data for data in loaded]
                begun.append(_Begun(chunk, failures, self._outside.start(self._engine.sign_all(session, tasks))))
                if len(begun) > CHUNKS_AHEAD:
                    yield from begun.popleft().outcomes()
            while begun:
                yield from begun.popleft().outcomes()
        finally:
            for one in begun:
                one.signed.cancel()
            self._signatory.release(held)

    def validate(self, data: bytes, expected: Sequence[ExpectedSigner]) -> ValidationReport:
        """See the port."""
        return self._outside.run(self._reader.validate(data, expected, self._clock.now()))

    def second_opinion(self, data: bytes, expected: Sequence[ExpectedSigner]) -> ValidationReport:
        """See the port."""
        return self._second_reader.validate(data, expected, self._clock.now())

    def third_opinion(self, data: bytes, expected: Sequence[ExpectedSigner]) -> ValidationReport:
        """See the port."""
        if self._third_reader is None:
            raise ConfigurationError("no third reader is set", code="configuration.dss")
        return self._third_reader.validate(data, expected)

    def restamp(self, data: bytes) -> RestampedFile:
        """See the port."""
        return self._outside.run(self._restamper.restamp(data))

    def verifiable_until(self, data: bytes) -> datetime:
        """See the port."""
        return verifiable_until(data)

    def seal_proof(self, content: bytes) -> SealedManifest:
        """See the port."""
        return self._outside.run(self._proof_sealer.seal_content(content))

    def seal_evidence(self, prepared: bytes) -> SignedFile:
        """See the port."""
        return self._outside.run(self._proof_sealer.seal_file(prepared))

    def proof_material(self, data: bytes) -> ProofMaterial:
        """See the port."""
        return read_proof_material(data, self._upload_anchors_pem)

    def trust_anchors_pem(self) -> Mapping[str, bytes]:
        """See the port."""
        return dict(self._anchors_pem)

    def former_authorities(self) -> Sequence[FormerAuthorities]:
        """See the port."""
        return self._former

    def _stamps(self, signer: SignerIdentity, formula: str, level_text: str = LEVEL_TEXT) -> Callable[[datetime], StampRenderer]:
        """Return the drawing of the visible stamp at an instant; one drawing serves all documents signed in the same second."""

        @lru_cache(maxsize=4)
        def draw(at: datetime, width_pt: float, height_pt: float) -> bytes:
            text = StampText(signer.person.full_name, signer.person.capacity, formula, at, level_text)
            return self._render_stamp(text, width_pt, height_pt)

        def at_instant(at: datetime) -> StampRenderer:
            second = at.replace(microsecond=0)
            return lambda width_pt, height_pt: draw(second, width_pt, height_pt)

        return at_instant


def _read(item: Countersignature, read: Callable[[Countersignature], bytes]) -> bytes | ContreseingError:
    try:
        data = read(item)
    except ContreseingError as error:
        return error
    if sha256_hex(data) != item.member_signed_sha256:
        return EvidenceBroken(f"{item.reference}: the stored bytes are not those that were authorised", code="evidence.member_signed")
    return data


def _outcome(item: Countersignature, outcome: Outcome) -> CountersignOutcome:
    if isinstance(outcome, SignedFile):
        return CountersignOutcome(item.reference, outcome)
    return CountersignOutcome(item.reference, None, outcome.code, str(outcome), outcome.retryable)
