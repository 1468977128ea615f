"""Ask the member for what its convention still lacks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from conventions.agreements import Agreement, Fact, FactKind
from conventions.canonical import Json
from conventions.deadlines import deadline_of
from conventions.guards import asked_fields, missing_fields
from conventions.links import Link, Purpose
from conventions.members import Member
from conventions.outgoing import Template
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.recording import enqueue, record_fact


def request_data(ports: Ports, reference: str) -> bool:
    """Send a link to the member's secretary when something is missing; return whether something is.

    The link goes to the body's second address when it has one, else to its representative.
    """
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        if agreement.fact(FactKind.CANCELLED) is not None or not agreement.is_signed_by_member:
            return False
        if not missing_fields(tx.member(agreement.member_id)):
            return False
        if agreement.fact(FactKind.DATA_REQUESTED) is None:
            request_fields(ports, tx, agreement)
        return True


def request_fields(ports: Ports, tx: Transaction, agreement: Agreement, reopened: Sequence[str] = (), by: str = "") -> None:
    """Record what is asked for, ``reopened`` included, and send the link, in the caller's transaction."""
    now = ports.clock.now()
    link = issue_data_link(ports, tx, agreement, now)
    asked = asked_fields(tx.member(agreement.member_id), reopened)
    data: dict[str, Json] = {"fields": list(asked), "link_id": link.id}
    if reopened:
        data |= {"reopened": list(reopened), "by": by}
    record_fact(ports, tx, agreement, Fact(FactKind.DATA_REQUESTED, now, agreement.version, data))


def issue_data_link(ports: Ports, tx: Transaction, agreement: Agreement, now: datetime) -> Link:
    """Add a link for the secretary and its outbox row, in the caller's transaction."""
    address = secretary_address(tx.member(agreement.member_id))
    deadline = deadline_of(agreement, tx.campaign(agreement.campaign_id))
    link = Link(ports.secrets.random_id(), agreement.reference, agreement.version, Purpose.PREPARE, address, now, deadline)
    tx.add_link(link)
    enqueue(ports, tx, Template.DATA_REQUEST, agreement.reference, link.id, {"link_id": link.id})
    return link


def secretary_address(member: Member) -> str:
    """Return the address to which a member's secretary is written."""
    return member.second_mail or member.representative_mail.address


def fields_asked(agreement: Agreement, member: Member) -> tuple[str, ...]:
    """Name what the secretary has still to give for the current version."""
    requested = agreement.fact(FactKind.DATA_REQUESTED)
    reopened = requested.data.get("reopened") if requested is not None else None
    return asked_fields(member, [str(name) for name in reopened] if isinstance(reopened, list | tuple) else ())
