"""The Vice-President returns an agreement, with a reason: the next version will replace it."""

from __future__ import annotations

from conventions.accounts import Role
from conventions.agreements import Fact, FactKind
from conventions.errors import RuleRefused
from conventions.links import Closure
from conventions.outgoing import Template
from conventions.ports.system import Ports
from conventions.recording import checked_reason, enqueue_about_version, record_fact
from conventions.status import Status, status_of
from conventions.steps.reissue_link import close_links
from conventions.steps.sign_in import session_account


def return_to_member(ports: Ports, cookie: str, reference: str, reason: str) -> None:
    """Record the return and tell the member that signed; the links of that version die.

    Raises:
        InputRefused: no reason, or too long a one.
        RuleRefused: not a signatory, or the agreement does not wait for a countersignature.
        LinkRefused, NotFound.
    """
    words, now = checked_reason(reason, is_required=True), ports.clock.now()
    with ports.registry.write() as tx:
        account = session_account(ports, tx, cookie, (Role.SIGNATORY,))
        agreement = tx.agreement(reference, lock=True)
        if status_of(agreement, now) is not Status.AWAITING_COUNTERSIGNATURE:
            raise RuleRefused(f"{reference} does not wait for a countersignature", code="agreement.not_awaiting_countersignature")
        fact = Fact(FactKind.RETURNED, now, agreement.version, {"reason": words, "by": account.id})
        record_fact(ports, tx, agreement, fact)
        close_links(tx, reference, Closure.REPLACED, now)
        if agreement.is_signed_by_member:
            enqueue_about_version(ports, tx, Template.RETURNED, agreement)
