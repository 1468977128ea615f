"""Signing in memory: a signature is a line that names its field, signer and digest; validation reads the lines back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.errors import ContreseingError, EvidenceBroken, SigningFailed, UpstreamUnavailable, VerificationFailed
from conventions.kinds import MEMBER_FIELD, SYNDICATE_FIELD
from conventions.preservation import RestampedFile
from conventions.signatures import (
    CompletedUpload,
    Countersignature,
    CountersignOutcome,
    ExpectedSigner,
    FormerAuthorities,
    Indication,
    MemberSignature,
    OwnCertificate,
    PadesLevel,
    ProofMaterial,
    SealedManifest,
    SignatureFinding,
    SignedFile,
    SignerIdentity,
    ValidationReport,
)
from tests.fakes.registry import FakeRegistry, refuse_inside_transaction
from tests.fakes.system import FakeClock

NO_SIREN = b"no siren"
"""What an uploaded file holds whose certificate names no organisation."""


class FakeSigning:
    """Signs at the clock's time. ``failure`` is raised by every call; ``failures`` by reference fail one document of a batch.

    ``refuses``, ``second_refuses`` and ``third_refuses`` are digests that one reader alone refuses; ``misreads`` makes a reader
    (by its name) see other embedded data than there are.
    """

    def __init__(self, clock: FakeClock, registry: FakeRegistry | None = None) -> None:
        self.clock = clock
        self.failure: ContreseingError | None = None
        self.failures: dict[str, ContreseingError] = {}
        self.refuses: set[str] = set()
        self.second_refuses: set[str] = set()
        self.third_refuses: set[str] = set()
        self.third_is_down = False
        self.misreads: dict[str, str] = {}
        self.former: tuple[FormerAuthorities, ...] = ()
        self.signatures_made = 0
        self.seals_made = 0
        self.restamps_made = 0
        self.stamps_last = timedelta(days=5 * 365)
        self.on_sign: Callable[[], object] = lambda: None
        self._registry = registry

    def _call(self) -> None:
        refuse_inside_transaction(self._registry)
        if self.failure is not None:
            raise self.failure

    def sign_for_member(self, prepared: bytes, request: MemberSignature) -> SignedFile:
        self._call()
        if sha256_hex(prepared) != request.document_sha256:
            raise EvidenceBroken("not the bytes that were shown", code="evidence.digest")
        return self._signed(prepared, MEMBER_FIELD, request.signer)

    def complete_upload(self, prepared: bytes, uploaded: bytes, signer: SignerIdentity) -> CompletedUpload:
        self._call()
        if not uploaded.startswith(prepared):
            raise VerificationFailed("not the prepared file", code="upload.not_ours")
        certificate = OwnCertificate("CN=Personne", "CN=Autorité", "2a", states_siren=NO_SIREN not in uploaded)
        return CompletedUpload(self._signed(prepared, MEMBER_FIELD, signer), certificate)

    def seal_manifest(self, manifest: bytes) -> SealedManifest:
        self._call()
        return SealedManifest(manifest, b"cms " + sha256_hex(manifest).encode(), b"tst " + sha256_hex(manifest).encode(), self.clock.now())

    def countersign(
        self,
        sealed: SealedManifest,
        signer: SignerIdentity,
        formula: str,
        items: Sequence[Countersignature],
        read: Callable[[Countersignature], bytes],
    ) -> Iterator[CountersignOutcome]:
        self._call()
        listed = {item["member_signed_sha256"] for item in json.loads(sealed.manifest)["items"]}
        if any(item.member_signed_sha256 not in listed for item in items):
            raise SigningFailed("a document is not in the manifest", code="signing.not_authorised")
        for item in items:
            refuse_inside_transaction(self._registry)
            failure = self.failures.get(item.reference)
            if failure is not None:
                yield CountersignOutcome(item.reference, None, failure.code, str(failure), failure.retryable)
                continue
            try:
                data = read(item)
            except ContreseingError as error:
                yield CountersignOutcome(item.reference, None, error.code, str(error), error.retryable)
            else:
                yield CountersignOutcome(item.reference, self._signed(data, SYNDICATE_FIELD, signer))

    def validate(self, data: bytes, expected: Sequence[ExpectedSigner]) -> ValidationReport:
        self._call()
        return self._read("fake", data, expected, self.refuses)

    def second_opinion(self, data: bytes, expected: Sequence[ExpectedSigner]) -> ValidationReport:
        refuse_inside_transaction(self._registry)
        return self._read("fake-second", data, expected, self.second_refuses)

    def third_opinion(self, data: bytes, expected: Sequence[ExpectedSigner]) -> ValidationReport:
        refuse_inside_transaction(self._registry)
        if self.third_is_down:
            raise UpstreamUnavailable("the third reader does not answer", service="EU DSS")
        return replace(self._read("fake-third", data, expected, self.third_refuses), data_sha256=None)

    def _read(self, reader: str, data: bytes, expected: Sequence[ExpectedSigner], refuses: set[str]) -> ValidationReport:
        found = [json.loads(line) for line in data.split(b"\n")[2:] if line and line[:1] != b"%"]
        wanted = [
            {"field": e.field, "name": e.identity.person.full_name, "organisation": e.identity.organization_identifier} for e in expected
        ]
        said = [{key: line[key] for key in ("field", "name", "organisation")} for line in found]
        is_valid = said == wanted and sha256_hex(data) not in refuses
        return ValidationReport(
            reader=reader,
            sha256=sha256_hex(data),
            validated_at=self.clock.now(),
            valid=is_valid,
            level=PadesLevel.B_LTA,
            signatures=tuple(
                SignatureFinding(
                    str(line["field"]),
                    str(line["name"]),
                    str(line["organisation"]),
                    self.clock.now(),
                    Indication.TOTAL_PASSED,
                    "",
                    PadesLevel.B_LTA,
                )
                for line in found
            ),
            timestamps=(),
            data_sha256=self.misreads.get(reader, sha256_hex(data.split(b"\n")[1])),
            reasons=() if is_valid else ("signers differ",),
        )

    def restamp(self, data: bytes) -> RestampedFile:
        """Add a time-stamp: a line of the last revision, that reading a file leaves out."""
        self._call()
        if sha256_hex(data) in self.refuses:
            raise VerificationFailed("the file is not valid", code="verification.before_restamp")
        self.restamps_made += 1
        stamp: dict[str, Json] = {"stamped_at": self.clock.now().isoformat(), "number": self.restamps_made}
        return RestampedFile(data + b"%" + render_canonical(stamp) + b"\n", self.clock.now(), self.verifiable_until(data))

    def verifiable_until(self, data: bytes) -> datetime:
        refuse_inside_transaction(self._registry)
        return self.clock.now() + self.stamps_last

    def seal_proof(self, content: bytes) -> SealedManifest:
        self.seals_made += 1
        return self.seal_manifest(content)

    def seal_evidence(self, prepared: bytes) -> SignedFile:
        self._call()
        return SignedFile(prepared + b"sealed\n", PadesLevel.B_LTA, self.clock.now(), sha256_hex(b"seal"))

    def proof_material(self, data: bytes) -> ProofMaterial:
        self._call()
        return ProofMaterial((b"certificate", b"root"), (b"answer",), (b"list",), (("Horodatage_01", b"tst " + sha256_hex(data).encode()),))

    def trust_anchors_pem(self) -> Mapping[str, bytes]:
        return {"root.pem": b"-----BEGIN CERTIFICATE-----\ncm9vdA==\n-----END CERTIFICATE-----\n"}

    def former_authorities(self) -> Sequence[FormerAuthorities]:
        return self.former

    def _signed(self, data: bytes, field: str, signer: SignerIdentity) -> SignedFile:
        self.signatures_made += 1
        self.on_sign()
        line: dict[str, Json] = {
            "field": field,
            "name": signer.person.full_name,
            "organisation": signer.organization_identifier,
            "number": self.signatures_made,
            "over": sha256_hex(data),
        }
        return SignedFile(data + render_canonical(line) + b"\n", PadesLevel.B_LTA, self.clock.now(), sha256_hex(render_canonical(line)))
