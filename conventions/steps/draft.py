"""Draft an agreement: give it its reference, for one member of a campaign."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import datetime

from conventions.agreements import Agreement, Campaign, Fact, FactKind
from conventions.asked import Asked, CharterAsked
from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.dependence import active_convention
from conventions.errors import RuleRefused
from conventions.french import paris_date
from conventions.guards import CATEGORIES_OF, check_kind_for, check_programme_open
from conventions.kinds import Kind
from conventions.plain import plain
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.recording import record_event


def members_to_draft(ports: Ports, campaign_id: str) -> Sequence[str]:
    """List the ids of the members that the campaign concerns and that have no agreement in it yet.

    A charter concerns the members whose EPCI has a convention in force; what is proposed to one member concerns no other.
    """
    with ports.registry.read() as tx:
        campaign = tx.campaign(campaign_id)
        if campaign.kind not in CATEGORIES_OF:
            return ()
        categories = CATEGORIES_OF[campaign.kind]
        drafted: set[str] = set()
        after = ""
        while page := tx.agreements(campaign_id=campaign_id, after=after):
            drafted.update(agreement.member_id for agreement in page)
            after = page[-1].reference
        concerned = [member for member in tx.members() if member.category in categories and member.id not in drafted]
        if campaign.kind is Kind.CHARTER:
            ready = _ready_territories(tx, campaign, {member.territory for member in concerned}, ports.clock.now())
            concerned = [member for member in concerned if member.territory in ready]
        return [member.id for member in concerned]


def _ready_territories(tx: Transaction, campaign: Campaign, territories: Iterable[str | None], now: datetime) -> set[str | None]:
    ready = set()
    for siret in territories if campaign.territory is None else [campaign.territory]:
        with suppress(RuleRefused):
            active_convention(tx, siret, campaign.programme_id, now)
            ready.add(siret)
    return ready


def draft(ports: Ports, campaign_id: str, member_id: str) -> str:
    """Draft the member's agreement in a campaign and return its reference; a second call returns the same one.

    Raises:
        RuleRefused: the programme is over, the kind is not for that category, or a charter's EPCI has no convention in force.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        known = tx.agreement_of_member(campaign_id, member_id)
        if known is not None:
            return known.reference
        campaign, member = tx.campaign(campaign_id), tx.member(member_id)
        check_programme_open(tx.programme(campaign.programme_id), paris_date(now))
        check_kind_for(campaign.kind, member.category)
        asked = None
        if campaign.kind is Kind.CHARTER:
            asked = CharterAsked(active_convention(tx, member.territory, campaign.programme_id, now).reference)
        return add_draft(ports, tx, campaign, member_id, asked)


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
