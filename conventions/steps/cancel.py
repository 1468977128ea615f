"""An agent cancels an agreement, for a reason: nothing more is signed, and a member that was written to is told."""

from __future__ import annotations

from conventions.agreements import Fact, FactKind
from conventions.errors import RuleRefused
from conventions.links import Closure
from conventions.outgoing import Template
from conventions.ports.system import Ports
from conventions.recording import checked_reason, enqueue_about_version, record_fact
from conventions.status import Status, status_of
from conventions.steps.reissue_link import close_links

CANCELLABLE = frozenset(
    {
        Status.DRAFTED,
        Status.AWAITING_DATA,
        Status.AWAITING_MEMBER,
        Status.AWAITING_COUNTERSIGNATURE,
        Status.RETURNED,
    }
)
"""Before the last signature is given or authorised; what a member signed already stays under lock, and is worth nothing."""


def cancel(ports: Ports, reference: str, reason: str, by: str) -> None:
    """Record the cancellation; the links die. Called again, nothing happens.

    Raises:
        InputRefused: no reason, or too long a one.
        RuleRefused: the last signature is given or authorised, the agreement is over, or it answers a notice of the member.
    """
    words, now = checked_reason(reason, is_required=True), ports.clock.now()
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        if agreement.fact(FactKind.CANCELLED) is not None:
            return
        if status_of(agreement, now) not in CANCELLABLE or not agreement.is_signed_by_member:
            raise RuleRefused(f"{reference} cannot be cancelled any more", code="agreement.not_cancellable")
        was_told = bool(tx.links_of(reference))
        record_fact(ports, tx, agreement, Fact(FactKind.CANCELLED, now, agreement.version, {"reason": words, "by": by}))
        close_links(tx, reference, Closure.CANCELLED, now)
        if was_told:
            enqueue_about_version(ports, tx, Template.CANCELLED, agreement)
