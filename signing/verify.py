"""Verification of any PAdES file by hand: no settings, no database, no opinion on who should have signed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from conventions.canonical import Json, sha256_hex
from conventions.errors import VerificationFailed
from conventions.signatures import Indication, PadesLevel
from conventions.verification import FileVerification, render_verification
from signing.assessment import FileAssessment
from signing.chains import TrustStore
from signing.qualifying import Qualifier, ShownPaths
from signing.trust_files import NO_ENDS, Ends, as_pem, store_of
from signing.validation import PyhankoReader


class NoTrust(TrustStore):
    """Trusts nobody: what a file shows by itself is read, and no certificate leads anywhere."""

    def __init__(self) -> None:
        self.anchors, self.ends = (), {}


class FileVerifier:
    """Verifies files against the same anchors."""

    def __init__(self, trust: Iterable[bytes] = (), qualifier: Qualifier | None = None, *, ends: Ends = NO_ENDS) -> None:
        """Take the anchors, each file PEM (one or several) or DER, their ends, and who tells what is qualified.

        Raises:
            ConfigurationError: an anchor that is not a certificate.
        """
        anchors = b"\n".join(as_pem(data) for data in trust)
        self._reader = PyhankoReader(store_of(anchors, ends) if anchors else NoTrust(), {}, None)
        self._qualifier = qualifier or Qualifier()

    def verify(self, data: bytes, at: datetime) -> FileVerification:
        """Report on a file as of an instant, from the file's own material, the anchors, and trusted lists as they are today."""
        found, paths = self.read(data, at)
        return qualify(found, paths, self._qualifier)

    def read(self, data: bytes, at: datetime) -> tuple[FileVerification, ShownPaths]:
        """Report on a file without saying what is qualified, and give the paths by which that can be told."""
        sha256 = sha256_hex(data)
        try:
            found = asyncio.run(self._reader.assess(data, at))
        except VerificationFailed as error:
            return FileVerification(sha256, at, False, None, (), (), None, (str(error),)), ShownPaths((), ())
        sealed = found.level is not PadesLevel.B_LTA or not found.seal_reasons or found.maintained
        read = FileVerification(
            sha256=sha256,
            at=at,
            is_valid=found.passed and sealed,
            level=found.level,
            signatures=tuple(one.finding for one in found.signatures),
            timestamps=found.timestamps,
            verifiable_until=verifiable_until(found),
            reasons=tuple(_reasons(found)),
            state_known_at=found.state_known_at,
            maintained=found.maintained,
        )
        return read, found.paths


def qualify(found: FileVerification, paths: ShownPaths, qualifier: Qualifier) -> FileVerification:
    """Return the report with what trusted lists say, as they are now, of each signature and time-stamp."""
    return replace(
        found,
        signatures=qualifier.signatures(found.signatures, paths),
        timestamps=qualifier.timestamps(found.timestamps, paths),
    )


def verify_file(data: bytes, trust: Iterable[bytes], at: datetime) -> dict[str, Json]:
    """Report on one file; the keys are those of ``contreseing verify --json`` but ``file``.

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
    if found.level is PadesLevel.B_LTA and not found.maintained:
        reasons += found.seal_reasons
    return reasons
