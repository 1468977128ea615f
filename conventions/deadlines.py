"""Until when an agreement may be signed: its campaign's deadline, or the last one that an agent set for it alone."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

from conventions.agreements import Agreement, Campaign, Fact, FactKind
from conventions.canonical import Json
from conventions.errors import RuleRefused
from conventions.french import PARIS, paris_date
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.programmes import Programme
from conventions.recording import record_fact

LAST_MOMENT = time(23, 59, 59)


def last_moment_of(day: date) -> datetime:
    """Return the last instant of a day in Paris, until which whoever has that day to sign may do so."""
    return datetime.combine(day, LAST_MOMENT, PARIS).astimezone(UTC)


def deadline_of(agreement: Agreement, campaign: Campaign) -> datetime:
    """Return the last instant at which the member may sign, whatever the version for which it was set."""
    own = [fact for fact in agreement.facts if fact.kind is FactKind.DEADLINE_SET]
    return own[-1].instant("deadline") if own else campaign.deadline


def check_deadline(programme: Programme, deadline: datetime, now: datetime) -> None:
    """Refuse a deadline that is past or after the programme's end.

    Raises:
        RuleRefused: ``campaign.deadline``.
    """
    if deadline <= now or paris_date(deadline) > programme.ends_on:
        raise RuleRefused("the deadline is past or after the programme's end", code="campaign.deadline")


def record_deadline(ports: Ports, tx: Transaction, agreement: Agreement, deadline: datetime, by: str) -> Agreement:
    """Add the fact ``deadline_set`` to the current version, in the caller's transaction; return the agreement as it is then."""
    number = 1 + sum(fact.kind is FactKind.DEADLINE_SET for fact in agreement.facts)
    data: dict[str, Json] = {"number": number, "deadline": deadline.isoformat(), "by": by}
    record_fact(ports, tx, agreement, Fact(FactKind.DEADLINE_SET, ports.clock.now(), agreement.version, data))
    return tx.agreement(agreement.reference, lock=True)
