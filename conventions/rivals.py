"""A member's agreements of one kind in one programme under several campaigns: never two that stand.

What keeps a member out of a campaign is an agreement of another one that stands, that stood when this campaign began, or that
was opened since: who has just declined one is not asked the same by the other. An agreement is over once its status is final,
and also once its campaign's deadline is past without the member's consent: nothing can be signed of it any more. Drafting
anew supersedes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from conventions.agreements import Agreement, Campaign
from conventions.deadlines import deadline_of
from conventions.held_uploads import has_agreed
from conventions.ports.registry import AgreementStatus, Transaction
from conventions.search import Wanted
from conventions.status import FINAL, Status, status_of

MOST_OF_ONE = 1_000
READ_AT_ONCE = 1_000
_LAPSING = frozenset({Status.DRAFTED, Status.AWAITING_DATA, Status.AWAITING_MEMBER, Status.RETURNED})
"""Statuses that lead nowhere once the campaign's deadline is past."""


@dataclass(frozen=True)
class LeftOut:
    """A member that a campaign leaves out, and the agreement that keeps it out, with its status now."""

    member_id: str
    reference: str
    status: Status


def is_over(agreement: Agreement, deadline: datetime, now: datetime) -> bool:
    """Tell whether nothing can be signed of an agreement any more, nor is in force; ``deadline`` is the one that holds for it."""
    status = status_of(agreement, now)
    if status in FINAL:
        return True
    return now > deadline and status in _LAPSING and not (status is Status.AWAITING_MEMBER and has_agreed(agreement))


def keeps_out(agreement: Agreement, deadline: datetime, campaign: Campaign, now: datetime) -> bool:
    """Tell whether an agreement of another campaign, of that ``deadline``, keeps its member out of ``campaign``."""
    began = campaign.started_at
    then = replace(agreement, facts=tuple(fact for fact in agreement.facts if fact.at <= began))
    return not then.facts or not is_over(then, deadline, began) or not is_over(agreement, deadline, now)


def rivals_of(tx: Transaction, campaign: Campaign, siret: str, now: datetime) -> Sequence[Agreement]:
    """Read the agreements of the campaign's kind that the member of that SIRET has in its programme by other campaigns, locked."""
    found = tx.find_agreements(Wanted(siret, kind=campaign.kind), now, limit=MOST_OF_ONE)
    return [
        tx.agreement(agreement.reference, lock=True)
        for agreement in found
        if agreement.programme_id == campaign.programme_id and agreement.campaign_id != campaign.id
    ]


def left_out_of(tx: Transaction, campaign: Campaign, statuses: Sequence[AgreementStatus], now: datetime) -> Sequence[LeftOut]:
    """List the members that a campaign leaves out, by the reference that keeps each out.

    ``statuses`` says where every agreement of its kind and programme stands.
    """
    asked = {one.member_id for one in statuses if one.campaign_id == campaign.id}
    others = [one for one in statuses if one.member_id not in asked]
    campaigns = {one.id: one for one in tx.campaigns()} if others else {}
    left_out: dict[str, LeftOut] = {}
    doubtful: list[str] = []
    for one in others:
        if one.status in FINAL or now > campaigns[one.campaign_id].deadline:
            doubtful.append(one.reference)
        else:
            left_out[one.member_id] = LeftOut(one.member_id, one.reference, one.status)
    for first in range(0, len(doubtful), READ_AT_ONCE):
        for agreement in tx.agreements_named(doubtful[first : first + READ_AT_ONCE]):
            deadline = deadline_of(agreement, campaigns[agreement.campaign_id])
            if agreement.member_id not in left_out and keeps_out(agreement, deadline, campaign, now):
                left_out[agreement.member_id] = LeftOut(agreement.member_id, agreement.reference, status_of(agreement, now))
    return sorted(left_out.values(), key=lambda one: one.reference)
