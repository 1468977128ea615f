"""Replace a link, to sign or to complete what is missing: the old one dies, a new one leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from conventions.agreements import Agreement, FactKind
from conventions.errors import RuleRefused
from conventions.french import paris_date
from conventions.guards import check_programme_open
from conventions.links import Closure, Link
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.recording import record_event
from conventions.status import Status, status_of
from conventions.steps.invite import issue_link
from conventions.steps.request_data import issue_data_link

WAITING_FOR_MEMBER = frozenset({Status.AWAITING_DATA, Status.AWAITING_MEMBER})


def reissue_link(ports: Ports, reference: str, by: str) -> Link:
    """Close every open link of the agreement and send a new one, for what it waits for: information, or a signature.

    Raises:
        RuleRefused: the agreement does not wait for its member, its deadline is past, or its programme is over.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        if status_of(agreement, now) not in WAITING_FOR_MEMBER or agreement.fact(FactKind.CONSENTED) is not None:
            raise RuleRefused(f"{reference} does not wait for its member", code="agreement.not_awaiting_member")
        check_programme_open(tx.programme(agreement.programme_id), paris_date(now))
        return send_again(ports, tx, agreement, by)


def send_again(ports: Ports, tx: Transaction, agreement: Agreement, by: str) -> Link:
    """Close the links and send a new one, in the caller's transaction.

    Raises:
        RuleRefused: the deadline is past (``agreement.deadline_past``).
    """
    now, is_prepared = ports.clock.now(), agreement.fact(FactKind.PREPARED) is not None
    close_links(tx, agreement.reference, Closure.REPLACED, now)
    link = issue_link(ports, tx, agreement, now, {"by": by}) if is_prepared else issue_data_link(ports, tx, agreement, now)
    if link.expires_at < now:
        raise RuleRefused(f"the deadline of {agreement.reference} is past", code="agreement.deadline_past")
    if not is_prepared:
        data = {"link_id": link.id, "purpose": link.purpose.value, "deadline": link.expires_at.isoformat()}
        personal = {"address": link.address, "by": by}
        record_event(ports, tx, "link.reissued", at=now, reference=agreement.reference, data=data, personal=personal)
    return link


def close_links(tx: Transaction, reference: str, closure: Closure, now: datetime) -> None:
    """Close every link of an agreement that is still open, in the caller's transaction."""
    for link in tx.links_of(reference):
        if link.closed_as is None:
            tx.update_link(replace(link, closed_as=closure, closed_at=now))
