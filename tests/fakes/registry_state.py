"""What the in-memory registry holds; a transaction works on a copy, so that rolling back is forgetting it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime

from conventions.accounts import Account, Session
from conventions.agreements import Agreement, Campaign
from conventions.attentions import Attention
from conventions.ceremonies import Authorisation, ModelRead, Review
from conventions.events import Event, Salted
from conventions.journal.heads import JournalHead
from conventions.links import CodeRequest, Link, Visit
from conventions.members import Member
from conventions.outgoing import Outgoing
from conventions.ports.registry import ArchiveEntry, ShownState
from conventions.powers import Delegation
from conventions.programmes import Programme


@dataclass(frozen=True)
class HeldClaim:
    """A claim as it stands; ``until`` is None once released."""

    holder: str
    fence: int
    until: datetime | None


@dataclass(frozen=True)
class RecordedEvent:
    """An event as it is hashed, with the salts of its personal fields."""

    event: Event
    salted: dict[str, Salted]
    canonical: bytes


@dataclass
class State:
    """All records by key, in the order in which they were added."""

    members: dict[str, Member] = field(default_factory=dict)
    programmes: dict[str, Programme] = field(default_factory=dict)
    delegations: dict[str, tuple[str, Delegation]] = field(default_factory=dict)
    campaigns: dict[str, Campaign] = field(default_factory=dict)
    counters: dict[int, int] = field(default_factory=dict)
    agreements: dict[str, Agreement] = field(default_factory=dict)
    claims: dict[str, HeldClaim] = field(default_factory=dict)
    events: dict[str, RecordedEvent] = field(default_factory=dict)
    indexes: dict[str, int] = field(default_factory=dict)
    leaves: dict[str, bytes] = field(default_factory=dict)
    heads: dict[int, JournalHead] = field(default_factory=dict)
    outbox: dict[str, Outgoing] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    visits: dict[str, Visit] = field(default_factory=dict)
    codes: dict[str, CodeRequest] = field(default_factory=dict)
    attentions: dict[str, Attention] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
    reviews: dict[tuple[str, str, str], Review] = field(default_factory=dict)
    model_reads: dict[tuple[str, str, str], ModelRead] = field(default_factory=dict)
    authorisations: dict[str, Authorisation] = field(default_factory=dict)
    archive: dict[str, ArchiveEntry] = field(default_factory=dict)
    shown: dict[str, ShownState] = field(default_factory=dict)

    def copy(self) -> State:
        """Copy each table; the records themselves are immutable."""
        return State(**{f.name: dict(getattr(self, f.name)) for f in dataclasses.fields(self)})
