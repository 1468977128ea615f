"""What may be corrected of what a member is and owes: its name, SIRET, category, territory and amount.

Rules, in the order in which they run:

1. a SIRET is one member's; a territory is that of a registered EPCI; what other members lie on stays an EPCI;
2. another category or territory: no agreement of the member that is under way or in force is of a kind for the former one alone;
3. another name, SIRET or amount: the convention in force is amended first, by an amendment that writes the new value and has taken
   effect; a charter is not amended, it ends and a new one is signed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from conventions.agreements import Agreement, FactKind
from conventions.asked import AmendmentAsked, asked_of
from conventions.errors import InputRefused, Problem, RuleRefused
from conventions.french import paris_date
from conventions.guards import CATEGORIES_OF
from conventions.kinds import Kind
from conventions.members import Member
from conventions.people import folded
from conventions.ports.registry import Transaction
from conventions.scale import Category, Scale
from conventions.status import FINAL, status_of

AGREED = ("name", "siret", "contribution_eur")
"""What a convention or a charter says of its member, once and for all."""


def scale_for(tx: Transaction, member: Member, now: datetime) -> Scale:
    """Return the scale by which a member's amount is judged.

    It is that of the programme of its last agreement under way or in force; without one, of the last programme that has begun.
    """
    standing = [one for one in tx.agreements_of_members([member.id]) if status_of(one, now) not in FINAL]
    if standing:
        return tx.programme(standing[-1].programme_id).scale
    today = paris_date(now)
    return max(tx.programmes(), key=lambda programme: (programme.starts_on <= today, programme.starts_on)).scale


def on_territory_of(members: Iterable[Member], epci: Member) -> list[Member]:
    """List the members that lie on the territory of an EPCI."""
    return [member for member in members if member.territory == epci.siret]


def check_identity(tx: Transaction, before: Member, after: Member, members: Sequence[Member], now: datetime) -> None:
    """Refuse a correction that would leave two members alike, or the record saying other than what is in force.

    Raises:
        InputRefused: ``form.refused``, with the field that is wrong.
        RuleRefused: ``correction.depends``, ``correction.in_force`` or ``correction.charter`` (``reference``, ``field``).
    """
    problems = list(_among_others(before, after, members))  # (1)
    if problems:
        raise InputRefused("the form is wrong", code="form.refused", problems=problems, count=len(problems))
    changed = [field for field in AGREED if getattr(before, field) != getattr(after, field)]
    standing = [one for one in tx.agreements_of_members([before.id]) if status_of(one, now) not in FINAL]
    for agreement in standing:
        _check_kind(agreement, before, after)  # (2)
    for agreement in standing:
        if agreement.kind in CATEGORIES_OF and agreement.fact(FactKind.ARCHIVED) is not None:
            for field in changed:
                _check_amended(tx, agreement, field, after, paris_date(now))  # (3)


def _among_others(before: Member, after: Member, members: Sequence[Member]) -> Iterator[Problem]:
    by_siret = {member.siret: member for member in members if member.id != before.id}
    if after.siret in by_siret:
        yield Problem(0, "siret", after.siret, f"Ce SIRET est déjà celui d’un autre membre : {by_siret[after.siret].name}.")
    epci = by_siret.get(after.territory) if after.territory is not None else None
    if after.territory not in {None, before.territory} and (epci is None or epci.category is not Category.EPCI):
        yield Problem(0, "territory_siret", str(after.territory), "Aucun EPCI enregistré n’a ce SIRET : corrigez ce numéro.")
    if before.category is Category.EPCI and after.category is not Category.EPCI and on_territory_of(members, before):
        yield Problem(0, "category", after.category.value, "D’autres membres sont sur le territoire de cet EPCI : corrigez-les d’abord.")


def _check_kind(agreement: Agreement, before: Member, after: Member) -> None:
    categories = CATEGORIES_OF.get(agreement.kind, frozenset({before.category, after.category}))
    is_moved = agreement.kind is Kind.CHARTER and before.territory != after.territory
    if after.category not in categories or is_moved:
        field = "territory_siret" if is_moved else "category"
        raise RuleRefused(
            f"{agreement.reference} depends on the {field}", code="correction.depends", reference=agreement.reference, field=field
        )


def _check_amended(tx: Transaction, agreement: Agreement, field: str, after: Member, today: date) -> None:
    if any(_writes(text, field, after) for text in _amended_texts(tx, agreement, today)):
        return
    code = "correction.charter" if agreement.kind is Kind.CHARTER else "correction.in_force"
    raise RuleRefused(f"{agreement.reference} says another {field}", code=code, reference=agreement.reference, field=field)


def _amended_texts(tx: Transaction, agreement: Agreement, today: date) -> Iterator[str]:
    """Yield what the amendments of an agreement that have taken effect write."""
    for fact in agreement.facts:
        if fact.kind is FactKind.AMENDED and date.fromisoformat(fact.text("effective_on")) <= today:
            asked = asked_of(tx.agreement(fact.text("document")))
            assert isinstance(asked, AmendmentAsked)  # noqa: S101 an amendment's effects alone record this fact
            yield from (change.after for change in asked.changes)


def _writes(text: str, field: str, after: Member) -> bool:
    """Tell whether a text writes a value: a name whatever its case and accents, a number whatever its spaces."""
    if field == "name":
        return folded(after.name) in folded(text)
    value = str(getattr(after, field))
    return value in re.findall(r"\d+", re.sub(r"(?<=\d)\s(?=\d)", "", text))
