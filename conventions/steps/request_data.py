"""Ask the member for what its convention still lacks."""

from __future__ import annotations

from conventions.agreements import Fact, FactKind
from conventions.guards import missing_fields
from conventions.links import Link, Purpose
from conventions.outgoing import Template
from conventions.ports.system import Ports
from conventions.recording import enqueue, record_fact


def request_data(ports: Ports, reference: str) -> bool:
    """Send a link to the member's secretary when something is missing; return whether something is.

    The link goes to the body's second address when it has one, else to its representative.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        member = tx.member(agreement.member_id)
        missing = missing_fields(member)
        if not missing or not agreement.is_signed_by_member:
            return False
        if agreement.fact(FactKind.DATA_REQUESTED) is not None:
            return True
        deadline = tx.campaign(agreement.campaign_id).deadline
        address = member.second_mail or member.representative_mail.address
        link = Link(ports.secrets.random_id(), reference, agreement.version, Purpose.PREPARE, address, now, deadline)
        tx.add_link(link)
        data = {"fields": list(missing), "link_id": link.id}
        record_fact(ports, tx, agreement, Fact(FactKind.DATA_REQUESTED, now, agreement.version, data))
        enqueue(ports, tx, Template.DATA_REQUEST, reference, link.id, {"link_id": link.id})
        return True
