"""What an agreement other than a convention says of its own: what it depends on, its lines, its changes, its dates."""

from __future__ import annotations

import calendar
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from conventions.canonical import Json
from conventions.kinds import Kind

NOTICE_MONTHS = 2
"""Length of the notice that ends an agreement (convention, article 5)."""


@dataclass(frozen=True)
class SignedAgreement:
    """An agreement that another one names: its title, the member that signed it, the SHA-256 of its file, its effect date."""

    kind: Kind
    reference: str
    title: str
    member: str
    sha256: str
    effective_on: date

    def data(self) -> Mapping[str, Json]:
        """Return it as embedded data."""
        return {
            "kind": self.kind.value,
            "reference": self.reference,
            "member": self.member,
            "sha256": self.sha256,
            "effective_on": self.effective_on.isoformat(),
        }


@dataclass(frozen=True)
class Charter:
    """A commune, CCAS or CIAS accepts the conditions of use, under the convention of its EPCI (``parent``)."""

    parent: SignedAgreement

    def data(self) -> Mapping[str, Json]:
        """Return it as embedded data."""
        return {"parent": self.parent.data()}


@dataclass(frozen=True)
class OrderLine:
    """A complementary service ordered; ``unit`` is what one is called, prices are in cents excluding tax."""

    code: str
    name: str
    unit: str
    quantity: int
    unit_price_cents: int

    @property
    def total_cents(self) -> int:
        """Price of the line, in cents excluding tax."""
        return self.quantity * self.unit_price_cents


@dataclass(frozen=True)
class Order:
    """Complementary services ordered; ``tax_statement`` is the sentence on VAT that the syndicate's accountant set."""

    parent: SignedAgreement
    lines: tuple[OrderLine, ...]
    tax_statement: str

    @property
    def total_cents(self) -> int:
        """Price of the order, in cents excluding tax."""
        return sum(line.total_cents for line in self.lines)

    def data(self) -> Mapping[str, Json]:
        """Return it as embedded data."""
        lines: list[Json] = [
            {
                "code": line.code,
                "name": line.name,
                "unit": line.unit,
                "quantity": line.quantity,
                "unit_price_cents": line.unit_price_cents,
                "total_cents": line.total_cents,
            }
            for line in self.lines
        ]
        order: Mapping[str, Json] = {"lines": lines, "total_cents": self.total_cents, "tax_statement": self.tax_statement}
        return {"parent": self.parent.data(), "order": order}


@dataclass(frozen=True)
class Change:
    """One thing that an amendment changes: what it is, what it said, what it says from now on."""

    subject: str
    before: str
    after: str


@dataclass(frozen=True)
class Amendment:
    """The ``number``-th amendment of ``parent``; its changes hold from ``effective_on``."""

    parent: SignedAgreement
    number: int
    changes: tuple[Change, ...]
    effective_on: date

    def data(self) -> Mapping[str, Json]:
        """Return it as embedded data."""
        changes: list[Json] = [{"subject": change.subject, "before": change.before, "after": change.after} for change in self.changes]
        amendment: Mapping[str, Json] = {"number": self.number, "effective_on": self.effective_on.isoformat(), "changes": changes}
        return {"parent": self.parent.data(), "amendment": amendment}


@dataclass(frozen=True)
class NoticeDates:
    """Dates of a termination: receipt, first and last day of the notice, day up to which the contribution is due."""

    received_on: date
    starts_on: date
    ends_on: date
    due_until: date

    @property
    def is_due_beyond_the_end(self) -> bool:
        """Tell whether the contribution outlives the services, because the first year was not over."""
        return self.due_until > self.ends_on

    def data(self) -> Mapping[str, Json]:
        """Return them as embedded data."""
        return {
            "notice_starts_on": self.starts_on.isoformat(),
            "ends_on": self.ends_on.isoformat(),
            "contribution_due_until": self.due_until.isoformat(),
        }


def notice_dates(received_on: date, in_service_on: date, term_on: date) -> NoticeDates:
    """Compute the dates of a termination received that day.

    The notice runs for two months from the 1st of the month after the receipt, and never beyond the programme's term
    (``term_on``). Where it ends before the anniversary of going into service, the contribution stays due until then.
    """
    starts_on = _first_of_month(received_on, 1)
    ends_on = min(_first_of_month(received_on, 1 + NOTICE_MONTHS) - timedelta(days=1), term_on)
    return NoticeDates(received_on, starts_on, ends_on, min(max(ends_on, first_anniversary(in_service_on)), term_on))


def last_day_of_month(day: date) -> date:
    """Return the last day of a day's month."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def first_anniversary(day: date) -> date:
    """Return the same day a year later; 28 February for a 29 February."""
    if (day.month, day.day) == (2, 29):
        return date(day.year + 1, 2, 28)
    return day.replace(year=day.year + 1)


def _first_of_month(day: date, months_later: int) -> date:
    months = day.month - 1 + months_later
    return date(day.year + months // 12, months % 12 + 1, 1)


@dataclass(frozen=True)
class EndedService:
    """A service that a termination ends."""

    code: str
    name: str


@dataclass(frozen=True)
class Termination:
    """A member's notice: it ends ``services``, or the whole of ``parent`` when there are none.

    ``dates`` are those that hold if the syndicate receives the notice within the month of its preparation.
    """

    parent: SignedAgreement
    services: tuple[EndedService, ...]
    in_service_on: date
    dates: NoticeDates

    def data(self) -> Mapping[str, Json]:
        """Return it as embedded data."""
        termination: Mapping[str, Json] = {
            "services": _services(self.services),
            "in_service_on": self.in_service_on.isoformat(),
            "received_by": last_day_of_month(self.dates.received_on).isoformat(),
            **self.dates.data(),
        }
        return {"parent": self.parent.data(), "termination": termination}


@dataclass(frozen=True)
class Acknowledgement:
    """The syndicate's answer to a notice: its dates, and the bodies of an EPCI's territory whose access ends with it."""

    parent: SignedAgreement
    notice: SignedAgreement
    services: tuple[EndedService, ...]
    in_service_on: date
    dates: NoticeDates
    territory: tuple[str, ...] = ()

    def data(self) -> Mapping[str, Json]:
        """Return it as embedded data."""
        acknowledgement: Mapping[str, Json] = {
            "notice": self.notice.data(),
            "services": _services(self.services),
            "in_service_on": self.in_service_on.isoformat(),
            "received_on": self.dates.received_on.isoformat(),
            **self.dates.data(),
            "territory": list(self.territory),
        }
        return {"parent": self.parent.data(), "acknowledgement": acknowledgement}


def _services(services: tuple[EndedService, ...]) -> list[Json]:
    return [{"code": service.code, "name": service.name} for service in services]


Particulars = Charter | Order | Amendment | Termination | Acknowledgement

PARTICULARS_OF: Mapping[Kind, type[Particulars]] = {
    Kind.CHARTER: Charter,
    Kind.ORDER_FORM: Order,
    Kind.AMENDMENT: Amendment,
    Kind.TERMINATION_NOTICE: Termination,
    Kind.ACKNOWLEDGEMENT: Acknowledgement,
}
"""What each kind says of its own; a convention, nothing."""
