"""Fields, lists and conditions that each kind other than the convention adds, from its own particulars."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conventions.errors import InputRefused
from conventions.kinds import SIGNERS, Kind
from conventions.particulars import (
    PARTICULARS_OF,
    Acknowledgement,
    Amendment,
    Charter,
    EndedService,
    NoticeDates,
    Order,
    Particulars,
    SignedAgreement,
    Termination,
    last_day_of_month,
)
from conventions.scale import Category
from conventions.terms import Terms
from documents.fields import SCALAR_FIELDS, list_values
from documents.french import spell_cents, spell_date, spell_digest, spell_integer
from documents.vocabulary import ListLines, Values, Vocabulary

DEMONSTRATION = frozenset({"demonstration"})
PARTIES = frozenset(
    {
        "agreement.reference",
        "agreement.prepared_on",
        "member.name",
        "member.seat",
        "member.siret",
        "syndicate.name",
        "syndicate.seat",
        "syndicate.siret",
    }
)
MEMBER_SIGNS = frozenset({"member.representative", "member.capacity", "member.power"})
SYNDICATE_SIGNS = frozenset({"delegation.act", "delegation.capacity", "delegation.formula", "delegation.holder"})
PARENT = frozenset({"parent.title", "parent.member", "parent.effective_on", "parent.sha256"})
NOTICE = frozenset({"notice.starts_on", "notice.ends_on", "notice.due_until", "notice.in_service_on"})
SERVICES = MappingProxyType({"services": frozenset({"line.name", "line.quotas"})})


def _vocabulary(kind: Kind, required: frozenset[str], lists: Mapping[str, frozenset[str]], conditions: frozenset[str]) -> Vocabulary:
    return Vocabulary(
        required=required,
        optional=SCALAR_FIELDS - required,
        lists=lists,
        conditions=conditions | DEMONSTRATION,
        parties=tuple(party.value for party in SIGNERS[kind]),
    )


PARTICULAR_VOCABULARIES: Mapping[Kind, Vocabulary] = MappingProxyType(
    {
        Kind.CHARTER: _vocabulary(
            Kind.CHARTER,
            PARTIES | MEMBER_SIGNS | PARENT | {"syndicate.data_protection_mail", "member.category"},
            SERVICES,
            frozenset(),
        ),
        Kind.ORDER_FORM: _vocabulary(
            Kind.ORDER_FORM,
            PARTIES | MEMBER_SIGNS | SYNDICATE_SIGNS | PARENT | {"order.total", "order.tax_statement"},
            MappingProxyType({"order": frozenset({"line.name", "line.quantity", "line.unit_price", "line.total"})}),
            frozenset(),
        ),
        Kind.AMENDMENT: _vocabulary(
            Kind.AMENDMENT,
            PARTIES | MEMBER_SIGNS | SYNDICATE_SIGNS | PARENT | {"amendment.number", "amendment.effective_on"},
            MappingProxyType({"changes": frozenset({"line.subject", "line.before", "line.after"})}),
            frozenset(),
        ),
        Kind.TERMINATION_NOTICE: _vocabulary(
            Kind.TERMINATION_NOTICE,
            PARTIES | MEMBER_SIGNS | PARENT | NOTICE | {"notice.received_by", "notice.services"},
            MappingProxyType({}),
            frozenset({"due_beyond", "epci", "whole"}),
        ),
        Kind.ACKNOWLEDGEMENT: _vocabulary(
            Kind.ACKNOWLEDGEMENT,
            PARTIES | SYNDICATE_SIGNS | PARENT | NOTICE | {"notice.title", "notice.sha256", "notice.received_on", "notice.services"},
            MappingProxyType({"territory": frozenset({"line.name"})}),
            frozenset({"due_beyond", "epci", "whole"}),
        ),
    }
)
"""Those of the shared fields that a kind does not require may be used all the same."""


def particular_values(terms: Terms) -> Values:
    """Return what a kind adds to the shared fields.

    Raises:
        InputRefused: the particulars are not those of the kind.
    """
    particulars = terms.particulars
    if terms.kind in PARTICULARS_OF and not isinstance(particulars, PARTICULARS_OF[terms.kind]):
        raise InputRefused(
            f"{terms.reference}: a {terms.kind.value} without its own particulars", code="documents.particulars", kind=terms.kind.value
        )
    if terms.kind not in PARTICULARS_OF or particulars is None:
        return Values({})
    return _values(particulars, terms)


def _values(particulars: Particulars, terms: Terms) -> Values:
    scalars = dict[str, str | None](_parent(particulars.parent))
    is_epci = terms.member.category is Category.EPCI
    match particulars:
        case Charter():
            return Values(scalars, {"services": list_values(terms)["services"]})
        case Order(_, _, tax_statement):
            scalars |= {"order.total": spell_cents(particulars.total_cents), "order.tax_statement": tax_statement}
            return Values(scalars, {"order": _order_lines(particulars)})
        case Amendment(_, number, changes, effective_on):
            scalars |= {"amendment.number": spell_integer(number), "amendment.effective_on": spell_date(effective_on)}
            lines = ((("line.subject", change.subject), ("line.before", change.before), ("line.after", change.after)) for change in changes)
            return Values(scalars, {"changes": ListLines(lines)})
        case Termination(_, services, in_service_on, dates):
            scalars |= _notice(dates, services) | {
                "notice.in_service_on": spell_date(in_service_on),
                "notice.received_by": spell_date(last_day_of_month(dates.received_on)),
            }
            return Values(scalars, {}, _notice_conditions(dates, services, is_epci=is_epci))
        case Acknowledgement(_, notice, services, in_service_on, dates, territory):
            scalars |= _notice(dates, services) | {
                "notice.in_service_on": spell_date(in_service_on),
                "notice.received_on": spell_date(dates.received_on),
                "notice.title": notice.title,
                "notice.sha256": spell_digest(notice.sha256),
            }
            bodies = ListLines((("line.name", name),) for name in territory)
            return Values(scalars, {"territory": bodies}, _notice_conditions(dates, services, is_epci=is_epci))


def _parent(parent: SignedAgreement) -> dict[str, str | None]:
    return {
        "parent.title": parent.title,
        "parent.member": parent.member,
        "parent.effective_on": spell_date(parent.effective_on),
        "parent.sha256": spell_digest(parent.sha256),
    }


def _order_lines(order: Order) -> ListLines:
    return ListLines(
        (
            ("line.name", line.name),
            ("line.quantity", f"{spell_integer(line.quantity)} {line.unit}"),
            ("line.unit_price", spell_cents(line.unit_price_cents)),
            ("line.total", spell_cents(line.total_cents)),
        )
        for line in order.lines
    )


def _notice(dates: NoticeDates, services: tuple[EndedService, ...]) -> dict[str, str | None]:
    return {
        "notice.starts_on": spell_date(dates.starts_on),
        "notice.ends_on": spell_date(dates.ends_on),
        "notice.due_until": spell_date(dates.due_until),
        "notice.services": " ; ".join(service.name for service in services) or "la totalité des services du bouquet",
    }


def _notice_conditions(dates: NoticeDates, services: tuple[EndedService, ...], *, is_epci: bool) -> dict[str, bool]:
    return {"due_beyond": dates.is_due_beyond_the_end and not services, "epci": is_epci and not services, "whole": not services}
