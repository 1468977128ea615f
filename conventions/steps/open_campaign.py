"""Open a campaign: ask every member of a programme for one kind of agreement."""

from __future__ import annotations

from datetime import datetime

from conventions.agreements import Campaign
from conventions.canonical import Json
from conventions.deadlines import check_deadline
from conventions.dependence import active_convention
from conventions.errors import RuleRefused
from conventions.french import paris_date
from conventions.guards import CATEGORIES_OF, check_levels, check_programme_open
from conventions.kinds import Kind
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.programmes import Programme
from conventions.recording import record_event


def open_campaign(
    ports: Ports,
    programme_id: str,
    kind: Kind,
    deadline: datetime,
    by: str,
    *,
    demonstration: bool,
    campaign_id: str,
    territory: str | None = None,
) -> Campaign:
    """Open a campaign and ask for its flow; opening the same one again returns it unchanged.

    A campaign of charters, opened again, goes on with the members whose EPCI has signed meanwhile. ``territory`` is the SIRET of
    the EPCI whose communes and bodies alone are concerned.

    Raises:
        RuleRefused: the programme is over or has no such wording, the deadline is past or beyond it, the identifier belongs to
            another campaign, the kind is not asked of many members, or the EPCI named has no convention in force.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        programme = tx.programme(programme_id)
        check_programme_open(programme, paris_date(now))
        campaign = next((campaign for campaign in tx.campaigns() if campaign.id == campaign_id), None)
        is_new = campaign is None
        if campaign is None:
            if kind not in CATEGORIES_OF:
                raise RuleRefused(f"a {kind} is proposed to one member at a time", code="campaign.kind")
            programme.wording_of(kind)
            if territory is not None:
                active_convention(tx, territory, programme_id, now)
            campaign = Campaign(campaign_id, programme_id, kind, now, by, deadline, demonstration, territory)
            begin_campaign(ports, tx, programme, campaign)
        elif (campaign.programme_id, campaign.kind, campaign.territory) != (programme_id, kind, territory):
            raise RuleRefused(f"campaign {campaign_id} is another one", code="campaign.taken")
    if is_new:
        ports.waker.wake("campaign", f"campaign:{campaign_id}", {"campaign_id": campaign_id})
    elif kind is Kind.CHARTER:
        ports.waker.wake("campaign", f"campaign:{campaign_id}:{now.isoformat()}", {"campaign_id": campaign_id})
    return campaign


def check_opening(ports: Ports, programme: Programme, deadline: datetime, now: datetime) -> None:
    """Refuse what no campaign of a programme may be opened for.

    Raises:
        RuleRefused: the programme is over or asks for levels of signature that are not given, the deadline is past or beyond it.
    """
    check_programme_open(programme, paris_date(now))
    check_levels(programme, ports.rules.levels)
    check_deadline(programme, deadline, now)


def begin_campaign(ports: Ports, tx: Transaction, programme: Programme, campaign: Campaign) -> None:
    """Add a campaign and its event in the caller's transaction.

    Raises:
        RuleRefused: the programme is over or asks for levels of signature that are not given, the deadline is past or beyond it.
    """
    check_opening(ports, programme, campaign.deadline, campaign.started_at)
    tx.add_campaign(campaign)
    data: dict[str, Json] = {
        "campaign": campaign.id,
        "programme": programme.id,
        "kind": campaign.kind.value,
        "deadline": campaign.deadline.isoformat(),
        **({"territory": campaign.territory} if campaign.territory is not None else {}),
    }
    record_event(ports, tx, "campaign.opened", at=campaign.started_at, data=data, personal={"by": campaign.started_by})
