"""Draft an agreement: give it its reference, for one member of a campaign."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from conventions.agreements import Agreement, Campaign, Fact, FactKind
from conventions.asked import Asked, CharterAsked
from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.deadlines import deadline_of
from conventions.dependence import active_convention
from conventions.errors import RuleRefused
from conventions.french import paris_date
from conventions.guards import CATEGORIES_OF, check_kind_for, check_programme_open
from conventions.kinds import Kind
from conventions.plain import plain
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.recording import record_event, record_fact
from conventions.rivals import LeftOut, keeps_out, left_out_of, rivals_of
from conventions.status import FINAL, Status, status_of

KEPT_OUT = "draft.kept_out"


def members_to_draft(ports: Ports, campaign_id: str) -> Sequence[str]:
    """List the ids of the members that the campaign concerns and that have no agreement in it yet.

    A charter concerns the members whose EPCI has a convention in force; what is proposed to one member concerns no other. A
    member that an agreement of another campaign keeps out (``conventions.rivals``) is not concerned.
    """
    now = ports.clock.now()
    with ports.registry.read() as tx:
        campaign = tx.campaign(campaign_id)
        if campaign.kind not in CATEGORIES_OF:
            return ()
        categories = CATEGORIES_OF[campaign.kind]
        statuses = tx.statuses_of_kind(campaign.programme_id, campaign.kind, now)
        known = {one.member_id for one in statuses if one.campaign_id == campaign_id}
        known.update(one.member_id for one in left_out_of(tx, campaign, statuses, now))
        concerned = [member for member in tx.members() if member.category in categories and member.id not in known]
        if campaign.kind is Kind.CHARTER:
            ready = _ready_territories(tx, campaign, {member.territory for member in concerned}, now)
            concerned = [member for member in concerned if member.territory in ready]
        return [member.id for member in concerned]


def members_left_out(ports: Ports, campaign_id: str) -> Sequence[LeftOut]:
    """List the members that an open campaign leaves out because of an agreement that each has by another; none once it is over."""
    now = ports.clock.now()
    with ports.registry.read() as tx:
        campaign = tx.campaign(campaign_id)
        has_others = any(
            (other.programme_id, other.kind) == (campaign.programme_id, campaign.kind) and other.id != campaign_id
            for other in tx.campaigns()
        )
        if campaign.kind not in CATEGORIES_OF or now > campaign.deadline or not has_others:
            return ()
        left_out = left_out_of(tx, campaign, tx.statuses_of_kind(campaign.programme_id, campaign.kind, now), now)
        return [one for one in left_out if campaign.territory is None or tx.member(one.member_id).territory == campaign.territory]


def _ready_territories(tx: Transaction, campaign: Campaign, territories: Iterable[str | None], now: datetime) -> set[str | None]:
    ready = set()
    for siret in territories if campaign.territory is None else [campaign.territory]:
        with suppress(RuleRefused):
            active_convention(tx, siret, campaign.programme_id, now)
            ready.add(siret)
    return ready


def draft(ports: Ports, campaign_id: str, member_id: str) -> str:
    """Draft the member's agreement in a campaign and return its reference; a second call returns the same one.

    What the member has of that kind by an earlier campaign, and can be signed no more, is superseded.

    Raises:
        RuleRefused: the programme is over, the kind is not for that category, a charter's EPCI has no convention in force, or
            another campaign has an agreement of that kind with the member (``draft.kept_out``, ``other``).
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        campaign, member = tx.campaign(campaign_id), tx.member(member_id)
        # two campaigns that draft for one member at once: the second waits here until the first has committed, then sees it
        claim = f"draft:{campaign.programme_id}:{campaign.kind}:{member_id}"
        fence = tx.claim(claim, campaign_id, now, now)
        known = tx.agreement_of_member(campaign_id, member_id)
        if known is not None:
            return known.reference
        check_programme_open(tx.programme(campaign.programme_id), paris_date(now))
        check_kind_for(campaign.kind, member.category)
        rivals = rivals_of(tx, campaign, member.siret, now)
        _check_not_kept_out(tx, campaign, rivals, now)
        asked = None
        if campaign.kind is Kind.CHARTER:
            asked = CharterAsked(active_convention(tx, member.territory, campaign.programme_id, now).reference)
        reference = add_draft(ports, tx, campaign, member_id, asked)
        for rival in rivals:
            if status_of(rival, now) not in FINAL - {Status.EXPIRED}:
                record_fact(ports, tx, rival, Fact(FactKind.SUPERSEDED, now, rival.version, {"replaced_by": reference}))
        tx.release_claim(claim, fence)
        return reference


def _check_not_kept_out(tx: Transaction, campaign: Campaign, rivals: Iterable[Agreement], now: datetime) -> None:
    for rival in rivals:
        if keeps_out(rival, deadline_of(rival, tx.campaign(rival.campaign_id)), campaign, now):
            raise RuleRefused(f"{rival.reference} keeps its member out of {campaign.id}", code=KEPT_OUT, other=rival.reference)


def add_draft(ports: Ports, tx: Transaction, campaign: Campaign, member_id: str, asked: Asked | None) -> str:
    """Add the agreement of a member in a campaign, with what is asked for, in the caller's transaction; return its reference."""
    now = ports.clock.now()
    ends_on = tx.programme(campaign.programme_id).ends_on
    reference = tx.next_reference(paris_date(now).year)
    data: dict[str, Json] = {"version": 1, "campaign": campaign.id}
    facts: dict[str, Json] = {"programme_ends_on": ends_on.isoformat()}
    if asked is not None:
        facts["asked"] = plain(asked)
        data |= {"parent": asked.parent, "asked_sha256": sha256_hex(render_canonical(facts["asked"]))}
    drafted = Fact(FactKind.DRAFTED, now, 1, facts)
    tx.add_agreement(Agreement(reference, campaign.kind, campaign.programme_id, member_id, campaign.id, (drafted,)))
    record_event(ports, tx, "agreement.drafted", at=now, reference=reference, data=data)
    return reference
