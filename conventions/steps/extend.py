"""Give a member more time: a later deadline for one agreement, and a new link that lasts until then."""

from __future__ import annotations

from datetime import datetime

from conventions.agreements import FactKind
from conventions.deadlines import check_deadline, deadline_of, record_deadline
from conventions.errors import RuleRefused
from conventions.french import paris_date
from conventions.guards import check_programme_open
from conventions.ports.system import Ports
from conventions.status import Status, status_of
from conventions.steps.reissue_link import WAITING_FOR_MEMBER, send_again

EXTENDABLE = WAITING_FOR_MEMBER | {Status.DRAFTED}


def extend(ports: Ports, reference: str, deadline: datetime, by: str) -> None:
    """Record the new deadline; the member that was written to already gets a new link, the old one dies.

    An agreement whose deadline is past is drafted again instead (``redraft``): what its file says may have changed since.

    Raises:
        RuleRefused: the agreement does not wait for its member, the programme is over, the deadline is past, not later than the
            one that holds, or after the programme's end.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        programme = tx.programme(agreement.programme_id)
        check_programme_open(programme, paris_date(now))
        status = status_of(agreement, now)
        if status not in EXTENDABLE or agreement.fact(FactKind.CONSENTED) is not None:
            raise RuleRefused(f"{reference} does not wait for its member", code="agreement.not_awaiting_member")
        check_deadline(programme, deadline, now)
        if deadline <= deadline_of(agreement, tx.campaign(agreement.campaign_id)):
            raise RuleRefused("the deadline that holds is later", code="agreement.deadline_earlier")
        agreement = record_deadline(ports, tx, agreement, deadline, by)
        if status is not Status.DRAFTED:
            send_again(ports, tx, agreement, by)
