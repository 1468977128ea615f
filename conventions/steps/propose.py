"""Propose an agreement that depends on another one: an order form, an amendment, a termination notice, its acknowledgement.

Rules, in the order in which they run:

1. the same thing asked for again, with the same deadline, is the same agreement;
2. the agreement that it depends on is of a kind for that, and in force;
3. what is asked for holds by itself: at least one line or change, each service ordered once, services that the parent has;
4. the deadline is to come and not after the programme's end.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import datetime

from conventions.agreements import Agreement, Campaign
from conventions.asked import AmendmentAsked, Asked, OrderAsked, TerminationAsked, kind_of
from conventions.canonical import render_canonical, sha256_hex
from conventions.dependence import check_parent, ended_services, pending_about
from conventions.errors import InputRefused, RuleRefused
from conventions.kinds import Kind
from conventions.plain import plain
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.steps.draft import add_draft
from conventions.steps.open_campaign import begin_campaign

DIGITS_OF_IDENTIFIER = 12


def propose(ports: Ports, asked: Asked, deadline: datetime, by: str) -> str:
    """Draft what is asked for, ask for the flow that prepares it and invites its signer, and return its reference.

    Raises:
        NotFound: no agreement has the parent's reference.
        RuleRefused: ``parent.kind``, ``parent.not_active``, ``termination.pending``, ``campaign.deadline``, ``programme.closed``.
        InputRefused: ``order.empty``, ``order.twice``, ``amendment.empty``, ``termination.unknown_service``.
    """
    with ports.registry.write() as tx:
        reference, campaign_id = add_proposal(ports, tx, asked, deadline, by)
    ports.waker.wake("campaign", f"campaign:{campaign_id}", {"campaign_id": campaign_id})
    return reference


def add_proposal(ports: Ports, tx: Transaction, asked: Asked, deadline: datetime, by: str) -> tuple[str, str]:
    """Add the draft and its campaign of one in the caller's transaction; return the reference and the campaign's id.

    Raises:
        As ``propose``.
    """
    now, kind = ports.clock.now(), kind_of(asked)
    parent = tx.agreement(asked.parent)
    digest = sha256_hex(render_canonical([plain(asked), deadline.isoformat()]))[:DIGITS_OF_IDENTIFIER]
    campaign_id = f"{kind}-{parent.reference}-{digest}"
    known = tx.agreement_of_member(campaign_id, parent.member_id)
    if known is not None:  # (1)
        return known.reference, campaign_id
    check_parent(kind, parent, now)  # (2)
    asked = _checked(tx, asked, parent, now)  # (3)
    demonstration = tx.campaign(parent.campaign_id).demonstration
    campaign = Campaign(campaign_id, parent.programme_id, kind, now, by, deadline, demonstration)
    begin_campaign(ports, tx, tx.programme(parent.programme_id), campaign)  # (4)
    return add_draft(ports, tx, campaign, parent.member_id, asked), campaign_id


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
