"""How long an agreement is kept, in the three settings agreed with the departmental archives, counted from its programme's last day.

The administrative life (*durée d’utilité administrative*) is how long the syndicate needs it; the lock is how long nobody can
delete it; the final fate (*sort final*) is what becomes of it then. They are written in the facts of each agreement when its
first file goes under lock, so that settings changed later do not change what was promised for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from enum import StrEnum

from conventions.agreements import Agreement, FactKind
from conventions.canonical import Json
from conventions.programmes import Programme


class FinalFate(StrEnum):
    """What becomes of an agreement once its administrative life is over: kept for ever by the archives, sorted, or destroyed."""

    KEEP = "keep"
    SORT = "sort"
    DESTROY = "destroy"


@dataclass(frozen=True)
class Retention:
    """Last day of the administrative life, end of the lock (aware UTC), final fate."""

    administrative_until: date
    lock_until: datetime
    final_fate: FinalFate


def years_after(day: date, years: int) -> date:
    """Return the same day that many years later; 28 February for 29 February, whatever the year."""
    return date(day.year + years, day.month, min(day.day, 28) if day.month == 2 else day.day)  # noqa: PLR2004 29 February


def retain_until(programme: Programme, lock_years: int) -> datetime:
    """Return the end of the lock: that many years after the programme's last day (aware UTC)."""
    return datetime.combine(years_after(programme.ends_on, lock_years), time(23, 59, 59), UTC)


def settled_retention(programme: Programme, administrative_years: int, lock_years: int, final_fate: FinalFate) -> Retention:
    """Compute the retention of an agreement of a programme from the settings of today."""
    administrative_until = years_after(programme.ends_on, administrative_years)
    return Retention(administrative_until, retain_until(programme, lock_years), final_fate)


def retention_data(retention: Retention) -> dict[str, Json]:
    """Return the retention as the facts ``member_file_kept`` and ``archived`` hold it."""
    return {
        "administrative_until": retention.administrative_until.isoformat(),
        "retain_until": retention.lock_until.isoformat(),
        "final_fate": retention.final_fate.value,
    }


def retention_of(agreement: Agreement) -> Retention | None:
    """Return what was written when the agreement's files went under lock, the last time counts; None when nothing was."""
    written = [fact.data for fact in agreement.facts if fact.kind in {FactKind.MEMBER_FILE_KEPT, FactKind.ARCHIVED}]
    return next((_parsed(data) for data in reversed(written) if "final_fate" in data), None)


def _parsed(data: Mapping[str, Json]) -> Retention:
    until, locked = date.fromisoformat(str(data["administrative_until"])), datetime.fromisoformat(str(data["retain_until"]))
    return Retention(until, locked, FinalFate(str(data["final_fate"])))
