"""Records for the registry's tests: one programme, one campaign, members on demand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from conventions.accounts import Account, Role
from conventions.agreements import Agreement, Campaign, Fact, FactKind
from conventions.canonical import Json
from conventions.events import Event
from conventions.kinds import Kind
from conventions.links import Link, Purpose
from conventions.outgoing import Outgoing, Template
from conventions.ports.registry import Transaction
from conventions.siret import fictitious_siret
from tests.builders import example_delegation, example_member, example_programme

NOW = datetime(2026, 1, 12, 9, 30, 15, 123456, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
CAMPAIGN = Campaign("c-1", "2026-2030", Kind.CONVENTION, NOW, "agent-1", NOW + timedelta(days=30), demonstration=True)

READ_BY_STATUS = {
    FactKind.DRAFTED: {"programme_ends_on": "2030-12-31"},
    FactKind.INVITED: {"link_id": "l-1", "deadline": "2026-02-11T09:30:15+00:00"},
    FactKind.AUTHORISED: {"expires_at": "2026-01-12T10:00:15+00:00"},
}
"""What no fact of these kinds goes without: the status is computed from it."""


def seed(tx: Transaction, members: int = 1) -> list[str]:
    """Add a programme, its delegation, a campaign and members; return the members' ids."""
    tx.add_programme(example_programme())
    tx.add_delegation("2026-2030", example_delegation())
    tx.add_campaign(CAMPAIGN)
    ids = [f"m-{rank:04d}" for rank in range(1, members + 1)]
    for rank, member_id in enumerate(ids, 1):
        tx.add_member(example_member(id=member_id, siret=fictitious_siret(rank)))
    return ids


def agreement(reference: str = "2026-0001", member_id: str = "m-0001") -> Agreement:
    return Agreement(reference, Kind.CONVENTION, "2026-2030", member_id, "c-1")


def seed_agreement(tx: Transaction) -> str:
    """Add one agreement with all that it needs; return its reference."""
    seed(tx)
    tx.add_agreement(agreement())
    return "2026-0001"


def fact(kind: FactKind = FactKind.DRAFTED, version: int = 1, at: datetime = NOW, **data: Json) -> Fact:
    return Fact(kind, at, version, {**READ_BY_STATUS.get(kind, {}), **data})


def event(rank: str, reference: str | None = None, **personal: str) -> Event:
    return Event(f"event-{rank}", "agreement.drafted", NOW, reference, {"length": len(rank), "tags": ["é", rank]}, personal)


def row(name: str, due_at: datetime = NOW, reference: str = "2026-0001") -> Outgoing:
    return Outgoing(f"row-{name}", f"key-{name}", Template.INVITATION, reference, due_at, {"link": f"l-{name}"})


def link(name: str = "1") -> Link:
    return Link(f"l-{name}", "2026-0001", 1, Purpose.SIGN, "maelle@abers.invalid", NOW, NOW + timedelta(days=30))


def account(name: str = "1") -> Account:
    return Account(f"a-{name}", f"login-{name}", "Yann Le Fictif", (Role.SIGNATORY, Role.AGENT), "$argon2id$hash", "sealed", 0, "d-1")
