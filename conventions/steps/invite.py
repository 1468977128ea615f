"""Invite the member's representative to sign: a link, by mail."""

from __future__ import annotations

from datetime import datetime

from conventions.agreements import Agreement, Fact, FactKind
from conventions.deadlines import deadline_of
from conventions.french import paris_date
from conventions.guards import check_programme_open
from conventions.links import Link, Purpose
from conventions.outgoing import Template
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.recording import enqueue, record_fact


def invite(ports: Ports, reference: str) -> None:
    """Create the signer's link and put its mail in the outbox.

    Nothing happens when it stands already, the member does not sign, or the agreement is cancelled.

    Raises:
        NotFound: the version is not prepared.
        RuleRefused: the programme is over.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        is_over = agreement.fact(FactKind.INVITED) is not None or agreement.fact(FactKind.CANCELLED) is not None
        if is_over or not agreement.is_signed_by_member:
            return
        agreement.required_fact(FactKind.PREPARED)
        check_programme_open(tx.programme(agreement.programme_id), paris_date(now))
        issue_link(ports, tx, agreement, now)


def issue_link(ports: Ports, tx: Transaction, agreement: Agreement, now: datetime, personal: dict[str, str] | None = None) -> Link:
    """Add a signing link, the ``invited`` fact and the outbox row, in the caller's transaction."""
    member, deadline = tx.member(agreement.member_id), deadline_of(agreement, tx.campaign(agreement.campaign_id))
    address = member.representative_mail.address
    link = Link(ports.secrets.random_id(), agreement.reference, agreement.version, Purpose.SIGN, address, now, deadline)
    tx.add_link(link)
    data = {"link_id": link.id, "deadline": deadline.isoformat()}
    record_fact(ports, tx, agreement, Fact(FactKind.INVITED, now, agreement.version, data), {"address": address, **(personal or {})})
    enqueue(ports, tx, Template.INVITATION, agreement.reference, link.id, {"link_id": link.id})
    return link
