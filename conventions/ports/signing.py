"""Port of ``signing``: PDF bytes in, signed, time-stamped and validated PDF bytes out.

Nothing is ever issued below B-LTA: a signature, its time-stamp, its validation data and the document time-stamp that
covers them are one call and one result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from conventions.preservation import RestampedFile
from conventions.signatures import (
    CompletedUpload,
    Countersignature,
    CountersignOutcome,
    ExpectedSigner,
    FormerAuthorities,
    MemberSignature,
    ProofMaterial,
    SealedManifest,
    SignedFile,
    SignerIdentity,
    ValidationReport,
)


class Signing(Protocol):
    """Signs and validates."""

    def sign_for_member(self, prepared: bytes, request: MemberSignature) -> SignedFile:
        """Sign ``Signature_Membre`` with a one-shot certificate of the members' CA, then ``Horodatage_01``.

        Raises:
            EvidenceBroken: the bytes are not those of ``request.document_sha256``.
            UpstreamUnavailable: CA, OCSP, CRL or time-stamp authority does not answer.
            SigningFailed: anything else; nothing was issued.
        """
        ...

    def complete_upload(self, prepared: bytes, uploaded: bytes, signer: SignerIdentity) -> CompletedUpload:
        """Accept a prepared file that the member signed elsewhere, in ``Signature_Membre``, and raise it to B-LTA at once.

        Raises:
            VerificationFailed: ``upload.<what>``: the file is refused, and its sentence says what to do next.
            UpstreamUnavailable: CA, OCSP, CRL or time-stamp authority does not answer.
            SigningFailed: anything else; nothing was issued.
        """
        ...

    def seal_manifest(self, manifest: bytes) -> SealedManifest:
        """Bind a ceremony's manifest (canonical JSON) with the system's seal and a time-stamp.

        Raises:
            UpstreamUnavailable, SigningFailed.
        """
        ...

    def countersign(
        self,
        sealed: SealedManifest,
        signer: SignerIdentity,
        formula: str,
        items: Sequence[Countersignature],
        read: Callable[[Countersignature], bytes],
    ) -> Iterator[CountersignOutcome]:
        """Countersign in one batch under one certificate; yields one outcome a document as each is complete.

        The certificate comes from a call to the syndicate's CA that checks the sealed manifest: its seal, its time, and
        that every item is listed there. ``read`` gives the member-signed bytes and is called outside any transaction.

        Raises:
            UpstreamUnavailable, SigningFailed: before the first document, when the certificate cannot be had.
        """
        ...

    def validate(self, data: bytes, expected: Sequence[ExpectedSigner]) -> ValidationReport:
        """Validate a file and compare its signers with those expected (field, person, organisation, CA and policy).

        An invalid file is a report that says so, not an error.

        Raises:
            UpstreamUnavailable: nothing could be decided because something outside is down.
        """
        ...

    def seal_proof(self, content: bytes) -> SealedManifest:
        """Bind what proves (the list of a bundle's files) with the system's seal and a time-stamp; never a ceremony's manifest.

        Raises:
            UpstreamUnavailable, SigningFailed.
        """
        ...

    def seal_evidence(self, prepared: bytes) -> SignedFile:
        """Seal an evidence file in its field ``SEAL_FIELD``: PAdES B-LTA, by the seal of proofs.

        Raises:
            UpstreamUnavailable, SigningFailed.
        """
        ...

    def proof_material(self, data: bytes) -> ProofMaterial:
        """Take out of a signed file what it is validated by; nothing is judged.

        Raises:
            EvidenceBroken: not a file that we signed.
        """
        ...

    def second_opinion(self, data: bytes, expected: Sequence[ExpectedSigner]) -> ValidationReport:
        """Validate as ``validate`` does, by a reader that shares no library with it and asks nothing of anybody outside.

        An invalid file is a report that says so, not an error.
        """
        ...

    def third_opinion(self, data: bytes, expected: Sequence[ExpectedSigner]) -> ValidationReport:
        """Validate as ``validate`` does, by a service that shares nothing with the two others; asked where the rules say so.

        An invalid file is a report that says so, not an error. It does not look at the embedded data.

        Raises:
            UpstreamUnavailable: the service does not answer, or not as it should; nothing was decided.
            ConfigurationError: no such service is set.
        """
        ...

    def restamp(self, data: bytes) -> RestampedFile:
        """Renew the archive time-stamp of a file: the same bytes, fresh validation data, and one more time-stamp over all.

        Raises:
            VerificationFailed: the file is not valid as it is; its protection must not be renewed over a fault.
            UpstreamUnavailable, SigningFailed: nothing was made.
        """
        ...

    def verifiable_until(self, data: bytes) -> datetime:
        """Return the end of the certificate of a file's last time-stamp: until then the file can be verified as it is.

        Raises:
            VerificationFailed: the file does not end with a time-stamp that can be read.
        """
        ...

    def trust_anchors_pem(self) -> Mapping[str, bytes]:
        """Return the anchors as PEM by file name: ``root.pem``, ``members-ca.pem``, ``syndicate-ca.pem``."""
        ...

    def former_authorities(self) -> Sequence[FormerAuthorities]:
        """Return the PKIs that came before: what was signed until their end is valid, what they certify later is not."""
        ...
