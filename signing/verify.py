"""Verification of any PAdES file by hand: no settings, no database, no opinion on who should have signed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime

from asn1crypto import core
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from conventions.canonical import Json, sha256_hex
from conventions.errors import VerificationFailed
from conventions.signatures import Indication, PadesLevel
from conventions.verification import FileVerification, VerifiedSignature, render_verification
from signing.chains import CERTIFICATE_ERRORS, TrustStore, parse_certificates
from signing.trust_files import as_pem
from signing.validation import FileAssessment, PyhankoReader

QC_STATEMENTS = ObjectIdentifier("1.3.6.1.5.5.7.1.3")  # RFC 3739, 3.2.6
QC_COMPLIANCE = "0.4.0.1862.1.1"  # ETSI EN 319 412-5, 4.2.1


class NoTrust(TrustStore):
    """Trusts nobody: what a file shows by itself is read, and no certificate leads anywhere."""

    def __init__(self) -> None:
        self.anchors = ()


class FileVerifier:
    """Verifies files against the same anchors."""

    def __init__(self, trust: Iterable[bytes] = ()) -> None:
        """Take the anchors, each file PEM (one or several) or DER.

        Raises:
            ConfigurationError: an anchor that is not a certificate.
        """
        anchors = [anchor for data in trust for anchor in parse_certificates(as_pem(data))]
        self._reader = PyhankoReader(TrustStore(anchors) if anchors else NoTrust(), {}, None)

    def verify(self, data: bytes, at: datetime) -> FileVerification:
        """Report on a file as of an instant, from the file's own material and the anchors alone."""
        sha256 = sha256_hex(data)
        try:
            found = asyncio.run(self._reader.assess(data, at))
        except VerificationFailed as error:
            return FileVerification(sha256, at, False, None, (), (), None, (str(error),))
        sealed = found.level is not PadesLevel.B_LTA or not found.seal_reasons
        return FileVerification(
            sha256=sha256,
            at=at,
            is_valid=found.passed and sealed,
            level=found.level,
            signatures=tuple(VerifiedSignature(one.finding, _qualified(one.certificate)) for one in found.signatures),
            timestamps=found.timestamps,
            verifiable_until=verifiable_until(found),
            reasons=tuple(_reasons(found)),
            state_known_at=found.state_known_at,
        )


def verify_file(data: bytes, trust: Iterable[bytes], at: datetime) -> dict[str, Json]:
    """Report on one file; the keys are those of ``contreseing verify --json`` but ``file``.

    ``qualified`` is false when the certificate does not claim it, and null when it does: only a trusted list could tell.

    Raises:
        ConfigurationError: an anchor that is not a certificate.
    """
    return dict(render_verification(FileVerifier(trust).verify(data, at)))


def verifiable_until(found: FileAssessment) -> datetime | None:
    """Return when the file needs a new archive time-stamp at the latest: the end of the certificate that guards it last.

    For B-LTA that is the last time-stamp's; below, the first of the signers' certificates to end. None without a signature.
    """
    if found.archive_certificate is not None and found.level is PadesLevel.B_LTA:
        return found.archive_certificate.not_valid_after_utc
    return min((one.certificate.not_valid_after_utc for one in found.signatures), default=None)


def _reasons(found: FileAssessment) -> list[str]:
    if not found.signatures:
        return ["no signature"]
    reasons = [f"{one.finding.field}: {reason}" for one in found.signatures for reason in one.finding.reasons]
    reasons += [f"{one.field}: {reason}" for one in found.timestamps for reason in one.reasons]
    undecided = (one for one in found.timestamps if one.indication is not Indication.TOTAL_PASSED and not one.reasons)
    reasons += [f"{one.field}: the {one.kind} is {one.indication.value}" for one in undecided]
    if found.level is PadesLevel.B_LTA:
        reasons += found.seal_reasons
    return reasons


def _qualified(certificate: x509.Certificate) -> bool | None:
    """Return False when the certificate does not even claim to be qualified, None when it does."""
    try:
        extension = certificate.extensions.get_extension_for_oid(QC_STATEMENTS).value
        der = extension.value if isinstance(extension, x509.UnrecognizedExtension) else b""
        statements = core.SequenceOf.load(der, spec=core.Sequence)
        claimed = any(statement[0].dotted == QC_COMPLIANCE for statement in statements)
    except (*CERTIFICATE_ERRORS, KeyError, AttributeError):
        return False
    return None if claimed else False
