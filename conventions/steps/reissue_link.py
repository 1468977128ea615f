"""Replace a signer's link: the old one dies, a new one leaves."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from conventions.agreements import FactKind
from conventions.errors import RuleRefused
from conventions.links import Closure, Link, Purpose
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.status import Status, status_of
from conventions.steps.invite import issue_link


def reissue_link(ports: Ports, reference: str, by: str) -> Link:
    """Close every open signing link of the agreement and send a new one.

    Raises:
        RuleRefused: the agreement does not wait for its member.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        if status_of(agreement, now) is not Status.AWAITING_MEMBER or agreement.fact(FactKind.CONSENTED) is not None:
            raise RuleRefused(f"{reference} does not wait for its member", code="agreement.not_awaiting_member")
        close_links(tx, reference, Closure.REPLACED, now)
        return issue_link(ports, tx, agreement, now, {"by": by})


def close_links(tx: Transaction, reference: str, closure: Closure, now: datetime) -> None:
    """Close every signing link of an agreement that is still open, in the caller's transaction."""
    for link in tx.links_of(reference):
        if link.closed_as is None and link.purpose is Purpose.SIGN:
            tx.update_link(replace(link, closed_as=closure, closed_at=now))
