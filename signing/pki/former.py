"""Former PKIs on disk: one folder each, with their anchors and the instant until which they vouch."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from conventions.errors import ConfigurationError
from conventions.french import PARIS, paris_date
from conventions.signatures import FormerAuthorities
from signing.pki.directory import ANCHOR_FILES
from signing.pki.policies import SYNDICATE_POLICY

FORMER_FILE = "former.toml"
SIGNATORY_CA = "signatory-ca.pem"
"""The CA of a signatory's lasting key that was not ours, then those above it; ``signatory_policy`` is what its certificates state."""
UNTIL, POLICY = "until", "signatory_policy"
KNOWN_KEYS = frozenset({UNTIL, POLICY})


@dataclass(frozen=True)
class FormerPki:
    """What a former PKI vouches for, and the policy of its signatory's lasting key."""

    authorities: FormerAuthorities
    signatory_policy: str = SYNDICATE_POLICY


def read_former(folder: Path | None, now: datetime) -> tuple[FormerPki, ...]:
    """Read the former PKIs of a folder, one in each folder of it; none without a folder.

    ``until`` is a date, counted to its end in Paris, or an instant with its offset; it is not after the end of today, because what
    vouches still is not former.

    Raises:
        ConfigurationError: ``configuration.former_pki``, ``configuration.former_until`` or ``configuration.former_to_come``.
    """
    try:
        found = [] if folder is None else sorted(one for one in folder.iterdir() if not one.name.startswith("."))
        return tuple(_read(one, now) for one in found)
    except OSError as error:
        name = Path(str(error.filename)).name
        raise ConfigurationError(f"{name} of a former PKI cannot be read", code="configuration.former_pki", name=name) from error


def _read(folder: Path, now: datetime) -> FormerPki:
    names = [name for name in (*ANCHOR_FILES, SIGNATORY_CA) if (folder / name).is_file()]
    lacking = [name for name in ANCHOR_FILES if name not in names]
    if not names or (lacking and len(lacking) < len(ANCHOR_FILES)):
        what = ", ".join(lacking)
        raise ConfigurationError(f"the former PKI {folder.name} lacks {what}", code="configuration.former_pki", name=folder.name)
    until = read_until(folder)
    if until > _end_of(paris_date(now)):
        said = f"the former PKI {folder.name} would vouch until {until.isoformat()}"
        raise ConfigurationError(said, code="configuration.former_to_come", name=folder.name)
    anchors = {name: (folder / name).read_bytes() for name in names}
    return FormerPki(FormerAuthorities(folder.name, anchors, until), str(_told(folder).get(POLICY, SYNDICATE_POLICY)))


def read_until(folder: Path) -> datetime:
    """Return the last instant for which a former PKI vouches, as its folder says.

    Raises:
        ConfigurationError: ``configuration.former_until``.
    """
    until = _instant(_told(folder)[UNTIL])
    if until is None:
        raise _without_end(folder, f"{UNTIL} is neither a date nor an instant with its offset")
    return until


def _told(folder: Path) -> Mapping[str, object]:
    try:
        told = tomllib.loads((folder / FORMER_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _without_end(folder, f"{FORMER_FILE}: {type(error).__name__}") from error
    if UNTIL not in told or told.keys() - KNOWN_KEYS:
        raise _without_end(folder, f"{FORMER_FILE} holds {', '.join(sorted(told)) or 'nothing'}")
    return told


def _without_end(folder: Path, why: str) -> ConfigurationError:
    return ConfigurationError(f"the former PKI {folder.name}: {why}", code="configuration.former_until", name=folder.name)


def _instant(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo is not None else None
    return _end_of(value) if isinstance(value, date) else None


def _end_of(day: date) -> datetime:
    """Return the last instant of a day in Paris."""
    return datetime.combine(day + timedelta(days=1), time(), PARIS).astimezone(UTC) - timedelta(microseconds=1)
