"""What agreements are found by: words of names whatever their accents, kind, status now, dates, amount, service.

A status depends on the clock, so that a row to be found by it holds the periods over which each of its statuses holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from conventions.agreements import Agreement, FactKind, service_codes
from conventions.french import PARIS
from conventions.kinds import Kind
from conventions.members import Member
from conventions.people import folded
from conventions.status import Status, status_of

MOST_WORDS = 8
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
END = datetime(9999, 12, 31, tzinfo=UTC)
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Wanted:
    """What is looked for; what is None is not looked at. ``text`` is words of names, a reference, a SIREN or a SIRET.

    Days are of the member's signature, both included, in Paris; euros are a year's, both included. ``to_handle``: what waits for an agent
    alone, as ``conventions.standing`` says.
    """

    text: str = ""
    campaign_id: str | None = None
    kind: Kind | None = None
    status: Status | None = None
    signed_from: date | None = None
    signed_until: date | None = None
    least_eur: int | None = None
    most_eur: int | None = None
    service: str | None = None
    to_handle: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The words looked for, folded; a SIRET typed in groups is one."""
        bare = folded(self.text)
        digits = bare.replace(" ", "")
        return (digits,) if digits.isdigit() else tuple(bare.split()[:MOST_WORDS])

    @property
    def signed_between(self) -> tuple[datetime, datetime]:
        """First instant included, and first one beyond."""
        first = _midnight(self.signed_from) if self.signed_from is not None else BEGINNING
        return first, _midnight(self.signed_until + timedelta(days=1)) if self.signed_until is not None else END

    @property
    def is_about_signature(self) -> bool:
        """Tell whether unsigned agreements are left out."""
        return self.signed_from is not None or self.signed_until is not None


@dataclass(frozen=True)
class Period:
    """A status and when it holds: from an instant until another, which is not included."""

    status: Status
    from_at: datetime
    until_at: datetime


@dataclass(frozen=True)
class SearchRow:
    """An agreement as it is found; ``services`` are the codes of those that were ordered."""

    reference: str
    text: str
    kind: Kind
    campaign_id: str
    contribution_eur: int
    services: tuple[str, ...]
    signed_at: datetime | None
    periods: tuple[Period, ...]


def search_row(agreement: Agreement, member: Member) -> SearchRow:
    """Make the row by which an agreement is found."""
    people = [member.representative.full_name, *([member.referent.person.full_name] if member.referent is not None else [])]
    signed = [fact for fact in agreement.facts if fact.kind is FactKind.MEMBER_SIGNED]
    ordered = agreement.fact(FactKind.ORDERED)
    return SearchRow(
        reference=agreement.reference,
        text=" ".join((agreement.reference.replace("-", ""), member.siret, *map(folded, (agreement.reference, member.name, *people)))),
        kind=agreement.kind,
        campaign_id=agreement.campaign_id,
        contribution_eur=member.contribution_eur,
        services=service_codes(ordered) if ordered is not None else (),
        signed_at=signed[-1].at if signed else None,
        periods=status_periods(agreement),
    )


def status_periods(agreement: Agreement) -> tuple[Period, ...]:
    """Say which status holds when, the facts staying as they are: only deadlines, a last day and the programme's end change it."""
    limits = set[datetime]()
    for kind, name in ((FactKind.AUTHORISED, "expires_at"), (FactKind.INVITED, "deadline")):
        fact = agreement.fact(kind)
        if fact is not None:
            limits.add(fact.instant(name).astimezone(UTC) + _TICK)
    drafted = agreement.fact(FactKind.DRAFTED)
    if drafted is not None:
        limits.add(_midnight(date.fromisoformat(drafted.text("programme_ends_on")) + timedelta(days=1)))
    terminated = agreement.fact(FactKind.TERMINATED)
    if terminated is not None:
        limits.add(_midnight(date.fromisoformat(terminated.text("on")) + timedelta(days=1)))
    begins = [BEGINNING, *sorted(limits)]
    return tuple(
        Period(status_of(agreement, from_at), from_at, until_at) for from_at, until_at in zip(begins, [*begins[1:], END], strict=True)
    )


def is_found(row: SearchRow, wanted: Wanted, now: datetime, *, is_to_handle: bool = False) -> bool:
    """Tell whether an agreement is one of those wanted; ``is_to_handle`` is its standing's, which the row does not hold."""
    first, beyond = wanted.signed_between
    return all(
        (
            all(word in row.text for word in wanted.words),
            wanted.campaign_id in {None, row.campaign_id},
            wanted.kind in {None, row.kind},
            wanted.status is None or any(p.status is wanted.status and p.from_at <= now < p.until_at for p in row.periods),
            not wanted.is_about_signature or (row.signed_at is not None and first <= row.signed_at < beyond),
            wanted.least_eur is None or row.contribution_eur >= wanted.least_eur,
            wanted.most_eur is None or row.contribution_eur <= wanted.most_eur,
            wanted.service is None or wanted.service in row.services,
            is_to_handle or not wanted.to_handle,
        )
    )


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), PARIS).astimezone(UTC)
