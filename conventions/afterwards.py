"""What happened to an agreement since its member signed: told to that member, who comes back by the same link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conventions.agreements import Agreement, FactKind
from conventions.kinds import Party
from conventions.people import Person
from conventions.preparation import preparation_of
from conventions.status import Status, status_of


@dataclass(frozen=True)
class Afterwards:
    """When the member signed, who signs next (None: nobody), when that person did, and whether the services are open."""

    signed_at: datetime
    countersigner: Person | None
    countersigned_at: datetime | None
    is_active: bool


def afterwards_of(agreement: Agreement, now: datetime) -> Afterwards | None:
    """Read it from the facts of the current version; None while the member has not signed."""
    signed = agreement.fact(FactKind.MEMBER_SIGNED)
    if signed is None:
        return None
    next_one = preparation_of(agreement).identity(Party.SYNDICATE).person if agreement.is_signed_by_syndicate else None
    countersigned = agreement.fact(FactKind.COUNTERSIGNED)
    return Afterwards(
        signed.instant("signed_at"),
        next_one,
        countersigned.instant("signed_at") if countersigned is not None else None,
        status_of(agreement, now) is Status.ACTIVE,
    )
