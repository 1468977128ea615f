"""When an agreement takes effect, and since when its services run."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime

from conventions.agreements import ACKNOWLEDGED, Agreement, FactKind
from conventions.errors import RuleRefused
from conventions.french import paris_date
from conventions.ports.registry import Transaction


def effect_on(tx: Transaction, agreement: Agreement, notified_at: datetime) -> date:
    """Return the day of effect: the one that its own pages set, else the later of the programme's start and the notification.

    A programme whose wording has a retroactive clause makes its agreements effective from its start.
    """
    prepared = agreement.fact(FactKind.PREPARED)
    if prepared is not None and "effective_on" in prepared.data:
        return date.fromisoformat(prepared.text("effective_on"))
    programme = tx.programme(agreement.programme_id)
    return programme.starts_on if programme.retroactive_effect else max(programme.starts_on, paris_date(notified_at))


def effective_on(tx: Transaction, agreement: Agreement) -> date:
    """Return the day of effect of an agreement whose copy its member has received.

    Raises:
        RuleRefused: the member has not received it yet.
    """
    notified = agreement.fact(FactKind.NOTIFIED)
    if notified is None:
        raise RuleRefused(f"{agreement.reference} was not notified yet", code="parent.not_notified", parent=agreement.reference)
    return effect_on(tx, agreement, notified.at)


def in_service_on(agreement: Agreement, codes: Collection[str] = ()) -> date:
    """Return the day (Paris) on which the first of these services went into service; of all, where none is named.

    Raises:
        RuleRefused: none did.
    """
    days = [
        paris_date(fact.at)
        for fact in agreement.facts
        if fact.kind is FactKind.ORDER_SETTLED and fact.data["outcome"] == ACKNOWLEDGED and (not codes or fact.data["service"] in codes)
    ]
    if not days:
        raise RuleRefused(f"no service of {agreement.reference} is on", code="parent.no_service", parent=agreement.reference)
    return min(days)
