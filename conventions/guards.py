"""Rules that may refuse a step, each by its own code. All are pure: facts and a day in, nothing or ``RuleRefused`` out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from conventions.errors import RuleRefused
from conventions.kinds import Kind
from conventions.members import Member
from conventions.people import is_same_person
from conventions.powers import Delegation, PowerToSign
from conventions.programmes import Programme
from conventions.scale import CONTRIBUTING, Category
from conventions.signatures import SignatureLevels

ASKED_ORDER = ("act", "act_dates", "referent")
CATEGORIES_OF = {Kind.CONVENTION: CONTRIBUTING, Kind.CHARTER: frozenset(Category) - CONTRIBUTING}


def check_programme_open(programme: Programme, day: date) -> None:
    """Refuse what is done under a programme that is over."""
    if not programme.is_open_on(day):
        raise RuleRefused(f"programme {programme.id} ended on {programme.ends_on}", code="programme.closed", programme=programme.name)


def check_levels(programme: Programme, given: SignatureLevels) -> None:
    """Refuse to work on a programme that asks for a level of signature which the installation's keys do not give."""
    asked = programme.levels
    if not given.member.reaches(asked.member):
        message = f"programme {programme.id} asks members for a signature of level {asked.member}"
        raise RuleRefused(message, code="programme.level_member", programme=programme.name, level=asked.member.french)
    if not given.signatory.reaches(asked.signatory):
        message = f"programme {programme.id} asks for a countersignature of level {asked.signatory}"
        raise RuleRefused(message, code="programme.level_signatory", programme=programme.name, level=asked.signatory.french)


def check_kind_for(kind: Kind, category: Category) -> None:
    """Refuse a kind that a member's category does not sign."""
    if category not in CATEGORIES_OF.get(kind, frozenset(Category)):
        raise RuleRefused(f"a {category} does not sign a {kind}", code="kind.not_for_category")


def check_power(power: PowerToSign | None, day: date) -> None:
    """Refuse a signature that no act precedes, or whose act is not executory and was not lifted by an agent.

    Source: people.md, law 1; article L. 2131-1 of the code of local authorities.
    """
    if power is None:
        raise RuleRefused("no act of power", code="power.missing")
    if power.act.on > day:
        raise RuleRefused(f"act of power dated {power.act.on}, after {day}", code="power.after_signature")
    executory_on = power.act.executory_on
    if (executory_on is None or executory_on > day) and power.override is None:
        raise RuleRefused(f"act of power not executory on {day}", code="power.not_executory")


def check_delegation(delegation: Delegation, kind: Kind, day: date) -> None:
    """Refuse a countersignature that the delegation does not cover that day."""
    if not delegation.covers(kind, day):
        raise RuleRefused(f"delegation {delegation.id} does not cover a {kind} on {day}", code="delegation.not_covering")


def check_two_people(member: Member, delegation: Delegation) -> None:
    """Refuse the same natural person on both sides."""
    if is_same_person(member.representative, delegation.holder):
        raise RuleRefused("the same person would sign for both parties", code="signers.same_person")


def missing_fields(member: Member) -> tuple[str, ...]:
    """Name what a member has yet to supply before its convention can be prepared.

    ``act_dates``: the act is known, and not when it was sent and published; nobody asks once an agent has lifted the stop.
    """
    missing = []
    if member.power is None:
        missing.append("act")
    elif member.power.act.executory_on is None and member.power.override is None:
        missing.append("act_dates")
    if member.referent is None:
        missing.append("referent")
    return tuple(missing)


def asked_fields(member: Member, reopened: Collection[str]) -> tuple[str, ...]:
    """Name what to ask of a member: what is missing, and what an agent opened again; an act is asked with its dates."""
    asked = {*missing_fields(member), *reopened}
    return tuple(name for name in ASKED_ORDER if name in asked and (name != "act_dates" or "act" not in asked))
