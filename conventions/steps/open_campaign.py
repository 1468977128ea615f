"""Open a campaign: ask every member of a programme for one kind of agreement."""

from __future__ import annotations

from datetime import datetime

from conventions.agreements import Campaign
from conventions.errors import RuleRefused
from conventions.french import paris_date
from conventions.guards import check_programme_open
from conventions.kinds import Kind
from conventions.ports.system import Ports
from conventions.recording import record_event


def open_campaign(
    ports: Ports, programme_id: str, kind: Kind, deadline: datetime, by: str, *, demonstration: bool, campaign_id: str
) -> Campaign:
    """Open a campaign and ask for its flow; opening the same one again returns it unchanged.

    Raises:
        RuleRefused: the programme is over, the deadline is past or beyond it, or the identifier belongs to another campaign.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        programme = tx.programme(programme_id)
        check_programme_open(programme, paris_date(now))
        known = next((campaign for campaign in tx.campaigns() if campaign.id == campaign_id), None)
        if known is not None:
            if (known.programme_id, known.kind) != (programme_id, kind):
                raise RuleRefused(f"campaign {campaign_id} is another one", code="campaign.taken")
            return known
        if deadline <= now or paris_date(deadline) > programme.ends_on:
            raise RuleRefused("the deadline is past or after the programme's end", code="campaign.deadline")
        campaign = Campaign(campaign_id, programme_id, kind, now, by, deadline, demonstration)
        tx.add_campaign(campaign)
        data = {"campaign": campaign_id, "programme": programme_id, "kind": kind.value, "deadline": deadline.isoformat()}
        record_event(ports, tx, "campaign.opened", at=now, data=data, personal={"by": by})
    ports.waker.wake("campaign", f"campaign:{campaign_id}", {"campaign_id": campaign_id})
    return campaign
