"""What an agreement depends on: its parent, which must be in force, and what its pages say of it and of what is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime

from conventions.agreements import Agreement, FactKind, service_codes
from conventions.asked import (
    AmendmentAsked,
    Asked,
    CharterAsked,
    OrderAsked,
    TerminationAsked,
    asked_of,
    kind_of,
)
from conventions.effect import effective_on, in_service_on
from conventions.errors import InputRefused, RuleRefused
from conventions.french import paris_date
from conventions.kinds import Kind
from conventions.members import Member
from conventions.particulars import (
    Acknowledgement,
    Amendment,
    Charter,
    EndedService,
    Order,
    Particulars,
    SignedAgreement,
    Termination,
    notice_dates,
)
from conventions.ports.registry import Transaction
from conventions.preparation import preparation_of
from conventions.programmes import Programme
from conventions.scale import Category
from conventions.search import Wanted
from conventions.services import ServiceGrant, grants_for
from conventions.status import FINAL, Status, status_of

PARENTS_OF: Mapping[Kind, frozenset[Kind]] = {
    Kind.CHARTER: frozenset({Kind.CONVENTION}),
    Kind.ORDER_FORM: frozenset({Kind.CONVENTION, Kind.CHARTER}),
    Kind.AMENDMENT: frozenset({Kind.CONVENTION, Kind.ORDER_FORM}),
    Kind.TERMINATION_NOTICE: frozenset({Kind.CONVENTION, Kind.CHARTER}),
    Kind.ACKNOWLEDGEMENT: frozenset({Kind.CONVENTION, Kind.CHARTER}),
}
"""What each kind may depend on. A charter is not amended: a change needs a new one."""

ORDERED_QUANTITY = "quantity"
MOST_ABOUT_ONE = 1_000


def check_parent(kind: Kind, parent: Agreement, now: datetime) -> None:
    """Refuse an agreement whose parent is not of a kind that it may depend on, or is not in force.

    Raises:
        RuleRefused: ``parent.kind`` or ``parent.not_active``.
    """
    if parent.kind not in PARENTS_OF[kind]:
        raise RuleRefused(f"a {kind} does not depend on a {parent.kind}", code="parent.kind", parent=parent.reference)
    if status_of(parent, now) is not Status.ACTIVE:
        raise RuleRefused(f"{parent.reference} is not active", code="parent.not_active", parent=parent.reference)


def active_convention(tx: Transaction, siret: str | None, programme_id: str, now: datetime) -> Agreement:
    """Return the convention in force of the EPCI of that SIRET, on which the charters of its territory depend.

    Raises:
        RuleRefused: it has none, or no EPCI is named.
    """
    found = tx.find_agreements(Wanted(siret, kind=Kind.CONVENTION, status=Status.ACTIVE), now) if siret else ()
    for agreement in found:
        if agreement.programme_id == programme_id:
            return agreement
    raise RuleRefused(f"no convention of {siret} is active", code="parent.no_convention", siret=siret or "sans SIRET")


def pending_about(tx: Transaction, parent: Agreement, kind: Kind, now: datetime) -> Iterator[tuple[Agreement, Asked]]:
    """Yield the agreements of a kind that depend on ``parent`` and were neither declined, nor left, with what they were drafted from."""
    member = tx.member(parent.member_id)
    for agreement in tx.find_agreements(Wanted(member.siret, kind=kind), now, limit=MOST_ABOUT_ONE):
        asked = asked_of(agreement)
        if asked is not None and asked.parent == parent.reference and status_of(agreement, now) not in FINAL:
            yield agreement, asked


def charters_under(tx: Transaction, epci: Member, now: datetime) -> list[tuple[Member, Agreement]]:
    """List the charters in force on the territory of an EPCI, with the members that signed them, by name."""
    bodies = sorted((member for member in tx.members() if member.territory == epci.siret), key=lambda member: (member.name, member.id))
    return [
        (member, agreement)
        for member in bodies
        for agreement in tx.find_agreements(Wanted(member.siret, kind=Kind.CHARTER, status=Status.ACTIVE), now)
    ]


def particulars_for(tx: Transaction, agreement: Agreement, now: datetime) -> Particulars | None:
    """Build what an agreement says of its own from what was asked for and the facts of those it names; None for a convention.

    Raises:
        RuleRefused: its parent is not in force, was not notified, or has no service on.
        NotFound: it names an agreement that is not signed.
    """
    asked = asked_of(agreement)
    return None if asked is None else particulars_asked(tx, asked, now)


def particulars_asked(tx: Transaction, asked: Asked, now: datetime) -> Particulars:
    """Build what an agreement would say of its own if it were prepared now from what is asked for.

    Raises:
        As ``particulars_for``.
    """
    parent = tx.agreement(asked.parent)
    check_parent(kind_of(asked), parent, now)
    named = _signed(tx, parent, effective_on(tx, parent))
    match asked:
        case CharterAsked():
            return Charter(named)
        case OrderAsked(_, lines, tax_statement):
            return Order(named, lines, tax_statement)
        case AmendmentAsked(_, changes, changed_on, number):
            return Amendment(named, number, changes, changed_on)
        case TerminationAsked(_, codes):
            in_service = in_service_on(parent, codes)
            dates = notice_dates(paris_date(now), in_service, tx.programme(parent.programme_id).ends_on)
            return Termination(named, ended_services(parent, codes), in_service, dates)
        case _:
            return _acknowledgement(tx, parent, named, tx.agreement(asked.notice), now)


def _acknowledgement(tx: Transaction, parent: Agreement, named: SignedAgreement, notice: Agreement, now: datetime) -> Acknowledgement:
    asked = asked_of(notice)
    codes = asked.services if isinstance(asked, TerminationAsked) else ()
    received_on = paris_date(notice.required_fact(FactKind.MEMBER_SIGNED).instant("signed_at"))
    in_service = in_service_on(parent, codes)
    dates = notice_dates(received_on, in_service, tx.programme(parent.programme_id).ends_on)
    member = tx.member(parent.member_id)
    is_whole_territory = member.category is Category.EPCI and not codes
    territory = tuple(body.name for body, _ in charters_under(tx, member, now)) if is_whole_territory else ()
    return Acknowledgement(named, _signed(tx, notice, received_on), ended_services(parent, codes), in_service, dates, territory)


def ended_services(parent: Agreement, codes: tuple[str, ...]) -> tuple[EndedService, ...]:
    """Name the services that a notice ends, in the order in which they were ordered; none stands for all.

    Raises:
        InputRefused: one of them is no service of the parent (``service``).
    """
    ordered = parent.required_fact(FactKind.ORDERED)
    if unknown := [code for code in codes if code not in service_codes(ordered)]:
        raise InputRefused(
            f"{parent.reference} has no service {unknown[0]}",
            code="termination.unknown_service",
            service=unknown[0],
            parent=parent.reference,
        )
    services = ordered.data["services"]
    assert isinstance(services, list | tuple)  # noqa: S101 written by ``activate`` alone
    items = [item for item in services if isinstance(item, Mapping)]
    return tuple(EndedService(str(item["code"]), str(item["name"])) for item in items if item["code"] in codes)


def grants_of(kind: Kind, programme: Programme, member: Member, particulars: Particulars | None) -> tuple[ServiceGrant, ...]:
    """List the services that an agreement orders once it is complete: the bundle, what an order form lists, or nothing."""
    if kind in {Kind.CONVENTION, Kind.CHARTER}:
        return grants_for(programme.catalogue, member.category, member.population, member.contribution_eur)
    if isinstance(particulars, Order):
        return tuple(ServiceGrant(line.code, line.name, ((ORDERED_QUANTITY, line.quantity),)) for line in particulars.lines)
    return ()


def _signed(tx: Transaction, agreement: Agreement, effective: date) -> SignedAgreement:
    return SignedAgreement(
        kind=agreement.kind,
        reference=agreement.reference,
        title=preparation_of(agreement).title,
        member=tx.member(agreement.member_id).name,
        sha256=agreement.required_fact(FactKind.ARCHIVED).text("sha256"),
        effective_on=effective,
    )
