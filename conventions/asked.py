"""What is asked for in an agreement that depends on another one; kept with its draft, whatever version is prepared from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from conventions.agreements import Agreement, FactKind
from conventions.kinds import Kind
from conventions.particulars import Change, OrderLine
from conventions.plain import restored


@dataclass(frozen=True)
class CharterAsked:
    """A charter under the convention ``parent``."""

    parent: str


@dataclass(frozen=True)
class OrderAsked:
    """Complementary services for whoever signed ``parent``; see ``conventions.particulars.Order``."""

    parent: str
    lines: tuple[OrderLine, ...]
    tax_statement: str


@dataclass(frozen=True)
class AmendmentAsked:
    """Changes of ``parent``; ``number`` is given when it is drafted."""

    parent: str
    changes: tuple[Change, ...]
    effective_on: date
    number: int = 0


@dataclass(frozen=True)
class TerminationAsked:
    """The end of ``parent``, or of the services whose codes are given."""

    parent: str
    services: tuple[str, ...] = ()


@dataclass(frozen=True)
class AcknowledgementAsked:
    """The answer to ``notice``, which ends ``parent`` or some of its services."""

    parent: str
    notice: str


Asked = CharterAsked | OrderAsked | AmendmentAsked | TerminationAsked | AcknowledgementAsked

ASKED_OF: Mapping[Kind, type[Asked]] = {
    Kind.CHARTER: CharterAsked,
    Kind.ORDER_FORM: OrderAsked,
    Kind.AMENDMENT: AmendmentAsked,
    Kind.TERMINATION_NOTICE: TerminationAsked,
    Kind.ACKNOWLEDGEMENT: AcknowledgementAsked,
}
"""What each kind that depends on another is drafted from."""


def kind_of(asked: Asked) -> Kind:
    """Name the kind of agreement that is asked for."""
    return next(kind for kind, type_ in ASKED_OF.items() if isinstance(asked, type_))


def asked_of(agreement: Agreement) -> Asked | None:
    """Return what an agreement was drafted from; None for a convention, which depends on nothing.

    Raises:
        EvidenceBroken: what was kept cannot be read back.
    """
    kept = next((fact.data["asked"] for fact in agreement.facts if fact.kind is FactKind.DRAFTED and "asked" in fact.data), None)
    return None if kept is None else restored(ASKED_OF[agreement.kind], kept)
