"""The signatory marks a document: ready, or aside."""

from __future__ import annotations

from conventions.accounts import Role
from conventions.ceremonies import HowShown, Mark, Review
from conventions.errors import RuleRefused
from conventions.ports.system import Ports
from conventions.recording import record_event
from conventions.status import Status, status_of
from conventions.steps.sign_in import session_account


def review(ports: Ports, cookie: str, reference: str, mark: Mark, how_shown: HowShown) -> None:
    """Record the mark on the file that waits for its signature now; a later mark replaces it.

    A document once opened stays so: marking it again from the table does not undo that.

    Raises:
        LinkRefused, NotFound.
        RuleRefused: not a signatory, or the agreement does not wait for a countersignature.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        account = session_account(ports, tx, cookie, (Role.SIGNATORY,))
        agreement = tx.agreement(reference)
        if status_of(agreement, now) is not Status.AWAITING_COUNTERSIGNATURE:
            raise RuleRefused(f"{reference} does not wait for a countersignature", code="agreement.not_awaiting_countersignature")
        sha256 = agreement.to_countersign.sha256
        before = next((r for r in tx.reviews(account.id) if (r.reference, r.member_signed_sha256) == (reference, sha256)), None)
        shown = before.how_shown if before is not None and how_shown is HowShown.IN_TABLE else how_shown
        tx.set_review(Review(account.id, reference, sha256, mark, shown, now))
        data = {"account": account.id, "mark": mark.value, "how_shown": shown.value, "sha256": sha256}
        record_event(ports, tx, "desk.reviewed", at=now, reference=reference, data=data)
