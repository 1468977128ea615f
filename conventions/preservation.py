"""How long a kept file can be verified, and when its archive time-stamp is renewed.

A file is verifiable as long as the certificate of its last time-stamp lives. It is stamped again when that stamp reaches an
age, and in any case well before that certificate ends; each renewal is a new object of the archive, the former ones stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from conventions.agreements import Agreement, Fact, FactKind

RENEWED_BEFORE_END = timedelta(days=180)
RENEWAL_KIND = "restamped"
"""Kind of a renewal in the archive, followed by its number."""


@dataclass(frozen=True)
class RestampedFile:
    """A file with one more archive time-stamp: PDF bytes, ``genTime`` of that stamp, the end of its authority's certificate."""

    data: bytes
    stamped_at: datetime
    verifiable_until: datetime


def kept_file(agreement: Agreement) -> Fact | None:
    """Return the fact of the file that stands for the agreement in the archive: the last renewal, else the one archived first."""
    return agreement.fact(FactKind.RESTAMPED) or agreement.fact(FactKind.ARCHIVED)


def verifiable_until(kept: Fact) -> datetime | None:
    """Return until when a kept file can be verified, if that was recorded with it."""
    return kept.instant("verifiable_until") if "verifiable_until" in kept.data else None


def is_restamp_due(agreement: Agreement, now: datetime, restamp_after: timedelta) -> bool:
    """Tell whether the archive time-stamp of an agreement's kept file is to be renewed, by its age and its end."""
    kept = kept_file(agreement)
    if kept is None:
        return False
    until = verifiable_until(kept)
    return now >= kept.at + restamp_after or (until is not None and now >= until - RENEWED_BEFORE_END)
