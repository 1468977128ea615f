"""What anybody finds in a signed file by hand, whoever should have signed it; and how it is published as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from conventions.canonical import Json
from conventions.qualification import NO_LIST, Qualification
from conventions.signatures import PadesLevel, SignatureFinding, TimestampFinding


@dataclass(frozen=True)
class FileVerification:
    """What one file shows as of ``at``: valid if every signature and time-stamp passed, at the level that the file shows.

    ``maintained``: nothing but validation data follows the last time-stamp. With ``state_known_at`` it was judged as of that
    instant, the last of which the file proves the authorities' state.
    """

    sha256: str
    at: datetime
    is_valid: bool
    level: PadesLevel | None
    signatures: tuple[SignatureFinding, ...]
    timestamps: tuple[TimestampFinding, ...]
    verifiable_until: datetime | None
    reasons: tuple[str, ...]
    state_known_at: datetime | None = None
    maintained: bool = False


def render_verification(found: FileVerification) -> Mapping[str, Json]:
    """Return the entries of ``contreseing verify --json``, but ``file``."""
    return {
        "valid": found.is_valid,
        "level": _level(found.level),
        "signatures": [
            {
                "field": one.field,
                "signer": one.signer,
                "signed_at": one.signed_at.isoformat(),
                "indication": one.indication.value,
                "sub_indication": one.sub_indication,
                "level": _level(one.level),
                "qualified": qualification_of(one).is_qualified,
            }
            for one in found.signatures
        ],
        "timestamps": [
            {"kind": one.kind, "authority": one.authority, "at": one.at.isoformat(), "indication": one.indication.value}
            for one in found.timestamps
        ],
        "verifiable_until": None if found.verifiable_until is None else found.verifiable_until.isoformat(),
        "reasons": list(found.reasons),
    }


def qualification_of(finding: SignatureFinding | TimestampFinding) -> Qualification:
    """Return what was answered of it; that no list was at hand, when the reader did not look."""
    return finding.qualification or NO_LIST


def _level(level: PadesLevel | None) -> str | None:
    return None if level is None else level.value
