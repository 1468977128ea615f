"""Port of ``signing``: PDF bytes in, signed, time-stamped and validated PDF bytes out.

Nothing is ever issued below B-LTA: a signature, its time-stamp, its validation data and the document time-stamp that
covers them are one call and one result.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from conventions.signatures import (
    Countersignature,
    CountersignOutcome,
    ExpectedSigner,
    MemberSignature,
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

    def second_opinion(self, data: bytes, expected: Sequence[ExpectedSigner]) -> ValidationReport:
        """Validate as ``validate`` does, by a reader that shares no library with it and asks nothing of anybody outside.

        An invalid file is a report that says so, not an error.
        """
        ...

    def trust_anchors_pem(self) -> Mapping[str, bytes]:
        """Return the anchors as PEM by file name: ``root.pem``, ``members-ca.pem``, ``syndicate-ca.pem``."""
        ...
