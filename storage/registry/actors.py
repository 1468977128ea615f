"""Members, programmes, delegations and campaigns."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from conventions.agreements import Campaign
from conventions.members import Member
from conventions.powers import Delegation
from conventions.programmes import Programme
from storage.registry.rows import Rows
from storage.registry.tables import campaigns, delegations, members, programmes


class ActorRows(Rows):
    """Who and what agreements are made about: each record is a document."""

    def add_member(self, member: Member) -> None:
        self._add(members, member.id, {"id": member.id, "siret": member.siret, "document": member})

    def update_member(self, member: Member) -> None:
        changed = update(members).where(members.c.id == member.id).values(siret=member.siret, document=member)
        self._update(changed, "member", member.id)

    def member(self, member_id: str) -> Member:
        record: Member = self._row(select(members.c.document).where(members.c.id == member_id), "member", member_id)[0]
        return record

    def members(self) -> Sequence[Member]:
        return [row[0] for row in self._rows(select(members.c.document).order_by(members.c.id))]

    def add_programme(self, programme: Programme) -> None:
        self._add(programmes, programme.id, {"id": programme.id, "document": programme})

    def programme(self, programme_id: str) -> Programme:
        query = select(programmes.c.document).where(programmes.c.id == programme_id)
        record: Programme = self._row(query, "programme", programme_id)[0]
        return record

    def programmes(self) -> Sequence[Programme]:
        return [row[0] for row in self._rows(select(programmes.c.document).order_by(programmes.c.id))]

    def add_delegation(self, programme_id: str, delegation: Delegation) -> None:
        self._add(delegations, delegation.id, {"id": delegation.id, "programme_id": programme_id, "document": delegation})

    def delegation(self, delegation_id: str) -> Delegation:
        query = select(delegations.c.document).where(delegations.c.id == delegation_id)
        record: Delegation = self._row(query, "delegation", delegation_id)[0]
        return record

    def delegations(self, programme_id: str) -> Sequence[Delegation]:
        query = select(delegations.c.document).where(delegations.c.programme_id == programme_id).order_by(delegations.c.id)
        return [row[0] for row in self._rows(query)]

    def add_campaign(self, campaign: Campaign) -> None:
        self._add(campaigns, campaign.id, {"id": campaign.id, "programme_id": campaign.programme_id, "document": campaign})

    def campaign(self, campaign_id: str) -> Campaign:
        query = select(campaigns.c.document).where(campaigns.c.id == campaign_id)
        record: Campaign = self._row(query, "campaign", campaign_id)[0]
        return record

    def campaigns(self) -> Sequence[Campaign]:
        return [row[0] for row in self._rows(select(campaigns.c.document).order_by(campaigns.c.number))]
