"""What a reader finds in a signed file, whoever should have signed it, and the certification paths that the file shows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from conventions.signatures import Indication, PadesLevel, SignatureFinding, TimestampFinding
from signing.chains import CERTIFICATE_ERRORS, load_certificate
from signing.cms_parsing import SIGNATURE_TIMESTAMP_OID, parse_cms
from signing.der import strip_padding
from signing.findings import LATER_MAY_PASS, signer_certificate
from signing.qualifying import ShownPaths, path_of


@dataclass(frozen=True)
class AssessedSignature:
    """One signature: what was found, and the certificate that made it."""

    finding: SignatureFinding
    certificate: x509.Certificate
    timestamps: tuple[TimestampFinding, ...]
    archive_proven: bool
    proven_at: datetime
    """The time that a time-stamp proves; the instant of validation without one: what a signature says of itself proves nothing."""


@dataclass(frozen=True)
class FileAssessment:
    """What the reader finds in a file, whoever should have signed it.

    ``seal_reasons`` say why the file is not sealed by a last time-stamp; ``archive_certificate`` is that time-stamp's;
    ``written_as_ours`` says that after the first signature there is nothing but what this system writes.
    """

    signatures: tuple[AssessedSignature, ...]
    timestamps: tuple[TimestampFinding, ...]
    level: PadesLevel | None
    seal_reasons: tuple[str, ...]
    written_as_ours: bool
    data_sha256: str
    archive_certificate: x509.Certificate | None
    paths: ShownPaths
    maintained: bool = False
    """Nothing but validation data follows the last time-stamp; looked for only where a file is read by hand."""
    state_known_at: datetime | None = None
    """The instant as of which it was judged, when that is before the one asked about: nothing later was known of the authorities."""

    @property
    def passed(self) -> bool:
        """Tell whether there is a signature, and every signature and time-stamp passed."""
        signed = all(one.finding.indication is Indication.TOTAL_PASSED for one in self.signatures)
        return bool(self.signatures) and signed and all(one.indication is Indication.TOTAL_PASSED for one in self.timestamps)

    @property
    def may_pass_later(self) -> bool:
        """Tell whether fresh revocation data could turn what did not pass."""
        undecided = any(one.indication is Indication.INDETERMINATE and not one.reasons for one in self.timestamps)
        return undecided or any(one.finding.sub_indication in LATER_MAY_PASS for one in self.signatures)

    def protected_since(self, now: datetime) -> datetime | None:
        """Return the time of the archive time-stamp that ends the file, when its certificate lives at an instant after it."""
        last = self.timestamps[-1] if self.timestamps and (self.maintained or not self.seal_reasons) else None
        if last is None or self.archive_certificate is None or self.level is not PadesLevel.B_LTA:
            return None
        return last.at if last.at < now <= self.archive_certificate.not_valid_after_utc else None


def read_paths(
    signatures: Sequence[EmbeddedPdfSignature], archive_stamps: Sequence[EmbeddedPdfSignature], known: Iterable[x509.Certificate]
) -> ShownPaths:
    """Return the path of each signer, then of each unit of time-stamps: those of signatures first, as their findings are.

    ``known``: certificates that stand beside the signatures, in the file's store or among the anchors.
    """
    tokens = [parse_cms(der) for one in signatures for der in _tokens(one)]
    pool = [*known, *(certificate for token in tokens for certificate in token.certificates)]
    pool += [certificate for one in (*signatures, *archive_stamps) for certificate in _beside(one)]
    distinct = tuple(dict.fromkeys(pool))
    signers = (signer_certificate(one) for one in signatures)
    stampers = (*(token.signer for token in tokens), *(signer_certificate(one) for one in archive_stamps))
    return ShownPaths(tuple(path_of(one, distinct) for one in signers), tuple(path_of(one, distinct) for one in stampers))


def _tokens(embedded: EmbeddedPdfSignature) -> Sequence[bytes]:
    return parse_cms(strip_padding(embedded.pkcs7_content)).unsigned_attributes.get(SIGNATURE_TIMESTAMP_OID, ())


def _beside(embedded: EmbeddedPdfSignature) -> Iterator[x509.Certificate]:
    for one in embedded.other_embedded_certs:
        try:
            yield load_certificate(one.dump())
        except CERTIFICATE_ERRORS:  # it leads nowhere
            continue
