"""Draft an agreement: give it its reference, for one member of a campaign."""

from __future__ import annotations

from collections.abc import Sequence

from conventions.agreements import Agreement, Fact, FactKind
from conventions.errors import RuleRefused
from conventions.french import paris_date
from conventions.guards import CATEGORIES_OF, check_kind_for, check_programme_open
from conventions.ports.system import Ports
from conventions.recording import record_event, record_fact


def members_to_draft(ports: Ports, campaign_id: str) -> Sequence[str]:
    """List the ids of the members that the campaign concerns and that have no agreement in it yet."""
    with ports.registry.read() as tx:
        campaign = tx.campaign(campaign_id)
        categories = CATEGORIES_OF[campaign.kind]
        drafted: set[str] = set()
        after = ""
        while page := tx.agreements(campaign_id=campaign_id, after=after):
            drafted.update(agreement.member_id for agreement in page)
            after = page[-1].reference
        return [member.id for member in tx.members() if member.category in categories and member.id not in drafted]


def draft(ports: Ports, campaign_id: str, member_id: str) -> str:
    """Draft the member's agreement in a campaign and return its reference; a second call returns the same one.

    Raises:
        RuleRefused: the programme is over, or the kind is not for that category.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        known = tx.agreement_of_member(campaign_id, member_id)
        if known is not None:
            return known.reference
        campaign, member = tx.campaign(campaign_id), tx.member(member_id)
        programme = tx.programme(campaign.programme_id)
        check_programme_open(programme, paris_date(now))
        check_kind_for(campaign.kind, member.category)
        reference = tx.next_reference(paris_date(now).year)
        drafted = Fact(FactKind.DRAFTED, now, 1, {"programme_ends_on": programme.ends_on.isoformat()})
        agreement = Agreement(reference, campaign.kind, programme.id, member.id, campaign_id, (drafted,))
        tx.add_agreement(agreement)
        record_event(ports, tx, "agreement.drafted", at=now, reference=reference, data={"version": 1, "campaign": campaign_id})
        return reference


def redraft(ports: Ports, reference: str) -> int:
    """Open the next version of a returned agreement and return its number.

    Raises:
        RuleRefused: the agreement was not returned.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        if agreement.fact(FactKind.RETURNED) is None:
            raise RuleRefused(f"{reference} was not returned", code="agreement.not_returned")
        programme = tx.programme(agreement.programme_id)
        version = agreement.version + 1
        record_fact(ports, tx, agreement, Fact(FactKind.DRAFTED, now, version, {"programme_ends_on": programme.ends_on.isoformat()}))
        return version
