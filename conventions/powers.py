"""The power to sign: acts of an assembly or of its delegates, delegations, and when they bind.

An act becomes executory once sent to the prefecture and published or notified (article L. 2131-1 of the French code of
local authorities); the date is computed from both and never entered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from conventions.kinds import Kind
from conventions.people import Person


class ActType(StrEnum):
    """What kind of act empowers the signer."""

    DELIBERATION = "deliberation"
    DECISION_BY_DELEGATION = "decision_by_delegation"
    BUREAU_DECISION = "bureau_decision"
    STANDING_COMMISSION = "standing_commission"
    CCAS_BOARD = "ccas_board"
    ORDER = "order"


@dataclass(frozen=True)
class Act:
    """An act: who took it, its number and its three dates; ``extract_sha256`` is the digest of the copy received."""

    type: ActType
    body: str
    number: str
    on: date
    sent_on: date | None = None
    published_on: date | None = None
    extract_sha256: str | None = None

    @property
    def executory_on(self) -> date | None:
        """First day on which the act is executory: the later of transmission and publication; None while one lacks."""
        if self.sent_on is None or self.published_on is None:
            return None
        return max(self.sent_on, self.published_on)


@dataclass(frozen=True)
class Override:
    """An agent's decision to go on although the act is not executory yet, with the reason given."""

    reason: str
    by: str
    on: date


@dataclass(frozen=True)
class PowerToSign:
    """Why this person may sign for this body: the act, and the override if an agent lifted the executory stop."""

    act: Act
    override: Override | None = None


class DelegationType(StrEnum):
    """Of function: to an elected person. Of signature: to an agent."""

    FUNCTION = "function"
    SIGNATURE = "signature"


@dataclass(frozen=True)
class Delegation:
    """A delegation: who gave it, who holds it, by which act, for which kinds, from when until when (both included)."""

    id: str
    type: DelegationType
    holder: Person
    granted_by: Person
    act: Act
    scope: tuple[Kind, ...]
    starts_on: date
    ends_on: date
    formula: str

    def covers(self, kind: Kind, on: date) -> bool:
        """Tell whether the delegation is in force that day for that kind, by an executory act."""
        return self.not_covering_because(kind, on) is None

    def not_covering_because(self, kind: Kind, on: date) -> str | None:
        """Return why the delegation does not cover that kind that day, as a code; None where it does."""
        executory = self.act.executory_on
        if kind not in self.scope:
            return "delegation.other_kind"
        if on < self.starts_on:
            return "delegation.not_begun"
        if on > self.ends_on:
            return "delegation.ended"
        return None if executory is not None and executory <= on else "delegation.not_executory"
