"""Open the next version of an agreement that was returned, declined or not signed in time; the thread then goes on by itself.

Rules, in the order in which they run:

1. the agreement was returned, declined or expired, its programme is open, and no other campaign asked the member the same since;
2. what a member declined is proposed again for a reason, which is recorded;
3. the deadline (a new one, or the one that holds) is to come and not after the programme's end;
4. the links of the version before die; what the member's secretary is asked again leaves by a new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from conventions.agreements import Agreement, Campaign, Fact, FactKind
from conventions.canonical import Json
from conventions.deadlines import check_deadline, deadline_of, record_deadline
from conventions.errors import RuleRefused
from conventions.french import paris_date
from conventions.guards import CATEGORIES_OF, check_programme_open
from conventions.links import Closure
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.recording import checked_reason, record_fact
from conventions.rivals import is_over, rivals_of
from conventions.status import Status, status_of
from conventions.steps.draft import KEPT_OUT
from conventions.steps.reissue_link import close_links
from conventions.steps.request_data import request_fields

REOPENABLE = frozenset({Status.RETURNED, Status.DECLINED, Status.EXPIRED})
REOPENED_FIELDS = ("act", "referent")
"""What the member's secretary may be asked again; the billing codes are on the same form."""


def redraft(ports: Ports, reference: str, by: str, *, reason: str = "", deadline: datetime | None = None, ask: Sequence[str] = ()) -> int:
    """Open the next version and return its number; ``ask`` names what the member's secretary is to give again.

    Raises:
        RuleRefused: ``agreement.not_returned``, ``programme.closed``, ``campaign.deadline``, ``draft.kept_out`` (``other``).
        InputRefused: no reason for a declined one (``text.empty``), or too long a one.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        programme, campaign = tx.programme(agreement.programme_id), tx.campaign(agreement.campaign_id)
        check_programme_open(programme, paris_date(now))
        status = status_of(agreement, now)
        if status not in REOPENABLE:  # (1)
            raise RuleRefused(f"{reference} is {status}", code="agreement.not_returned")
        _check_no_rival(tx, agreement, campaign, now)
        words = checked_reason(reason, is_required=status is Status.DECLINED)  # (2)
        check_deadline(programme, deadline or deadline_of(agreement, campaign), now)  # (3)
        agreement = open_version(ports, tx, agreement, by, status.value, words)  # (4)
        if deadline is not None:
            agreement = record_deadline(ports, tx, agreement, deadline, by)
        if ask and agreement.is_signed_by_member:
            request_fields(ports, tx, agreement, [name for name in REOPENED_FIELDS if name in ask], by)
        version, campaign_id = agreement.version, agreement.campaign_id
    ports.waker.wake("campaign", f"version:{reference}:{version}", {"campaign_id": campaign_id})
    return version


def _check_no_rival(tx: Transaction, agreement: Agreement, campaign: Campaign, now: datetime) -> None:
    """Refuse to take up again what another campaign has asked of the member since: never two that stand."""
    if agreement.kind not in CATEGORIES_OF:  # what is proposed to one member may stand beside another
        return
    for rival in rivals_of(tx, campaign, tx.member(agreement.member_id).siret, now):
        if not is_over(rival, deadline_of(rival, tx.campaign(rival.campaign_id)), now):
            raise RuleRefused(f"{rival.reference} stands in place of {agreement.reference}", code=KEPT_OUT, other=rival.reference)


def open_version(ports: Ports, tx: Transaction, agreement: Agreement, by: str, after: str, reason: str = "") -> Agreement:
    """Draft the next version in the caller's transaction, links closed; ``after`` says what the one before had come to."""
    now = ports.clock.now()
    close_links(tx, agreement.reference, Closure.REPLACED, now)
    ends_on = tx.programme(agreement.programme_id).ends_on
    data: dict[str, Json] = {"programme_ends_on": ends_on.isoformat(), "after": after, "by": by, **({"reason": reason} if reason else {})}
    record_fact(ports, tx, agreement, Fact(FactKind.DRAFTED, now, agreement.version + 1, data))
    return tx.agreement(agreement.reference, lock=True)
