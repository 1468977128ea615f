"""What the document commits its member to, in one sentence: mails and pages say it before a code is asked for."""

from __future__ import annotations

from collections.abc import Mapping

from conventions.canonical import Json
from conventions.french import format_cents, format_date, format_euros
from conventions.kinds import Kind
from conventions.particulars import Acknowledgement, Amendment, Order, Termination
from conventions.terms import Terms


def amount_of(terms: Terms) -> str:
    """Say a convention's contribution, an order's amount, the day from which an amendment holds, or on which services end."""
    match terms.particulars:
        case Order() as order:
            return f"Montant de la commande\u00a0: {format_cents(order.total_cents)}, hors taxes"
        case Amendment(_, _, _, effective_on):
            return f"À compter du {format_date(effective_on)}"
        case Termination(_, _, _, dates) | Acknowledgement(_, _, _, _, dates, _):
            return f"Fin des services\u00a0: {format_date(dates.ends_on)}"
        case _:
            return "Contribution\u00a0: aucune" if terms.kind is Kind.CHARTER else contribution_amount(terms.member.contribution_eur)


def said_amount(prepared: Mapping[str, Json]) -> str:
    """Return the sentence that a ``prepared`` fact holds; of a contribution, where it was recorded before there was one."""
    said = prepared.get("amount")
    return str(said) if said is not None else contribution_amount(int(str(prepared["contribution_eur"])))


def contribution_amount(contribution_eur: int) -> str:
    """Say a yearly contribution."""
    return f"Contribution\u00a0: {format_euros(contribution_eur)} par an, hors taxes"
