"""Members, programmes, delegations and campaigns."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import bindparam, select

from conventions.agreements import Campaign
from conventions.members import Member
from conventions.powers import Delegation
from conventions.programmes import Programme
from storage.registry.rows import Rows
from storage.registry.tables import campaigns, delegations, members, programmes

MEMBER = select(members.c.document).where(members.c.id == bindparam("id"))
MEMBERS = select(members.c.document).order_by(members.c.id)
PROGRAMME = select(programmes.c.document).where(programmes.c.id == bindparam("id"))
PROGRAMMES = select(programmes.c.document).order_by(programmes.c.id)
DELEGATION = select(delegations.c.document).where(delegations.c.id == bindparam("id"))
DELEGATIONS = select(delegations.c.document).where(delegations.c.programme_id == bindparam("programme_id")).order_by(delegations.c.id)
CAMPAIGN = select(campaigns.c.document).where(campaigns.c.id == bindparam("id"))
CAMPAIGNS = select(campaigns.c.document).order_by(campaigns.c.number)


class ActorRows(Rows):
    """Who and what agreements are made about: each record is a document."""

    def add_member(self, member: Member) -> None:
        self._add(members, member.id, {"id": member.id, "siret": member.siret, "document": member})

    def update_member(self, member: Member) -> None:
        self._update(members.c.id, member.id, {"siret": member.siret, "document": member})

    def member(self, member_id: str) -> Member:
        record: Member = self._row(MEMBER, "member", member_id, id=member_id)[0]
        return record

    def members(self) -> Sequence[Member]:
        return [row[0] for row in self._rows(MEMBERS)]

    def add_programme(self, programme: Programme) -> None:
        self._add(programmes, programme.id, {"id": programme.id, "document": programme})

    def programme(self, programme_id: str) -> Programme:
        record: Programme = self._row(PROGRAMME, "programme", programme_id, id=programme_id)[0]
        return record

    def programmes(self) -> Sequence[Programme]:
        return [row[0] for row in self._rows(PROGRAMMES)]

    def add_delegation(self, programme_id: str, delegation: Delegation) -> None:
        self._add(delegations, delegation.id, {"id": delegation.id, "programme_id": programme_id, "document": delegation})

    def delegation(self, delegation_id: str) -> Delegation:
        record: Delegation = self._row(DELEGATION, "delegation", delegation_id, id=delegation_id)[0]
        return record

    def delegations(self, programme_id: str) -> Sequence[Delegation]:
        return [row[0] for row in self._rows(DELEGATIONS, programme_id=programme_id)]

    def add_campaign(self, campaign: Campaign) -> None:
        self._add(campaigns, campaign.id, {"id": campaign.id, "programme_id": campaign.programme_id, "document": campaign})

    def campaign(self, campaign_id: str) -> Campaign:
        record: Campaign = self._row(CAMPAIGN, "campaign", campaign_id, id=campaign_id)[0]
        return record

    def campaigns(self) -> Sequence[Campaign]:
        return [row[0] for row in self._rows(CAMPAIGNS)]
