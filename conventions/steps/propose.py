"""Propose an agreement that depends on another one: an order form, an amendment, a termination notice, its acknowledgement.

Rules, in the order in which they run:

1. the same thing asked for again, with the same deadline, is the same agreement, be it asked for at once by two;
2. the agreement that it depends on is of a kind for that, and in force; its programme has a wording for what is proposed;
3. what is asked for holds by itself: at least one line or change, each service ordered once, services that the parent has;
4. the deadline is to come and not after the programme's end.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime

from conventions.agreements import Agreement, Campaign
from conventions.asked import AcknowledgementAsked, AmendmentAsked, Asked, OrderAsked, TerminationAsked, kind_of
from conventions.canonical import render_canonical, sha256_hex
from conventions.dependence import check_parent, ended_services, particulars_asked, pending_about
from conventions.errors import InputRefused, RuleRefused
from conventions.kinds import Kind
from conventions.members import Member
from conventions.particulars import Particulars
from conventions.plain import plain
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.steps.draft import add_draft
from conventions.steps.open_campaign import begin_campaign, check_opening

DIGITS_OF_IDENTIFIER = 12


@dataclass(frozen=True)
class Proposal:
    """What would be proposed: what the document would say of its own, and to whom; ``known`` is the same proposed before, if any."""

    kind: Kind
    parent: Agreement
    member: Member
    particulars: Particulars
    known: str | None = None


def propose(ports: Ports, asked: Asked, deadline: datetime, by: str) -> str:
    """Draft what is asked for, ask for the flow that prepares it and invites its signer, and return its reference.

    Raises:
        NotFound: no agreement has the parent's reference.
        RuleRefused: ``parent.kind``, ``parent.not_active``, ``programme.no_wording``, ``termination.pending``,
            ``campaign.deadline``, ``programme.closed``.
        InputRefused: ``order.empty``, ``order.twice``, ``amendment.empty``, ``termination.unknown_service``.
    """
    with ports.registry.write() as tx:
        reference, campaign_id = add_proposal(ports, tx, asked, deadline, by)
    ports.waker.wake("campaign", f"campaign:{campaign_id}", {"campaign_id": campaign_id})
    return reference


def preview(ports: Ports, asked: Asked, deadline: datetime) -> Proposal:
    """Tell what ``propose`` would make of it now, by the same rules; nothing is kept.

    Raises:
        As ``propose``; and what the document would name is not delivered or in service yet.
    """
    now = ports.clock.now()
    with ports.registry.read() as tx:
        parent = tx.agreement(asked.parent)
        known = tx.agreement_of_member(_campaign_id(asked, parent, deadline), parent.member_id)
        if known is None:
            asked = _allowed(tx, asked, parent, now)
            check_opening(ports, tx.programme(parent.programme_id), deadline, now)
        reference = known.reference if known is not None else None
        return Proposal(kind_of(asked), parent, tx.member(parent.member_id), particulars_asked(tx, asked, now), reference)


def add_proposal(ports: Ports, tx: Transaction, asked: Asked, deadline: datetime, by: str) -> tuple[str, str]:
    """Add the draft and its campaign of one in the caller's transaction; return the reference and the campaign's id.

    Raises:
        As ``propose``.
    """
    now, kind = ports.clock.now(), kind_of(asked)
    parent = tx.agreement(asked.parent)
    campaign_id = _campaign_id(asked, parent, deadline)
    fence = tx.claim(f"propose:{campaign_id}", by, now, now)  # a second one at once waits here until the first has committed
    known = tx.agreement_of_member(campaign_id, parent.member_id)
    if known is not None:  # (1)
        tx.release_claim(f"propose:{campaign_id}", fence)
        return known.reference, campaign_id
    asked = _allowed(tx, asked, parent, now)
    demonstration = tx.campaign(parent.campaign_id).demonstration
    campaign = Campaign(campaign_id, parent.programme_id, kind, now, by, deadline, demonstration)
    begin_campaign(ports, tx, tx.programme(parent.programme_id), campaign)  # (4)
    reference = add_draft(ports, tx, campaign, parent.member_id, asked)
    tx.release_claim(f"propose:{campaign_id}", fence)
    return reference, campaign_id


def _campaign_id(asked: Asked, parent: Agreement, deadline: datetime) -> str:
    """Name the campaign of one by what is asked for and until when."""
    digest = sha256_hex(render_canonical([plain(asked), deadline.isoformat()]))[:DIGITS_OF_IDENTIFIER]
    return f"{kind_of(asked)}-{parent.reference}-{digest}"


def _allowed(tx: Transaction, asked: Asked, parent: Agreement, now: datetime) -> Asked:
    """Check what is asked for against what it depends on, and complete it."""
    check_parent(kind_of(asked), parent, now)  # (2)
    if not isinstance(asked, AcknowledgementAsked):  # the answer to a notice is drafted whatever lacks: an agent sees it stand still
        tx.programme(parent.programme_id).wording_of(kind_of(asked))
    return _checked(tx, asked, parent, now)  # (3)


def _checked(tx: Transaction, asked: Asked, parent: Agreement, now: datetime) -> Asked:
    match asked:
        case OrderAsked(_, lines, _):
            if not lines:
                raise InputRefused("an order of nothing", code="order.empty")
            repeated = [code for code, count in Counter(line.code for line in lines).items() if count > 1]
            if repeated:
                raise InputRefused(f"{repeated[0]} is ordered twice", code="order.twice", service=repeated[0])
        case AmendmentAsked(_, changes, _, _):
            if not changes:
                raise InputRefused("an amendment of nothing", code="amendment.empty")
            numbers = [other.number for _, other in pending_about(tx, parent, Kind.AMENDMENT, now) if isinstance(other, AmendmentAsked)]
            return replace(asked, number=max(numbers, default=0) + 1)
        case TerminationAsked(_, codes):
            ended_services(parent, codes)
            for notice, other in pending_about(tx, parent, Kind.TERMINATION_NOTICE, now):
                if isinstance(other, TerminationAsked) and (not other.services or not codes or {*codes} & {*other.services}):
                    raise RuleRefused(
                        f"{notice.reference} ends {parent.reference} already", code="termination.pending", notice=notice.reference
                    )
        case _:
            pass
    return asked
