"""Port of the registry: the truth, in transactions.

``write()`` and ``read()`` are the only two ways in; everything a step records in one ``write()`` commits together or not
at all. No other port may be called while either is open.

All methods may raise ``UpstreamUnavailable`` when the database does not answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from conventions.accounts import Account, Session
from conventions.agreements import Agreement, Artefact, Campaign, Fact, Failure
from conventions.attentions import Attention, AttentionKind
from conventions.ceremonies import Authorisation, ModelRead, Review
from conventions.events import Event
from conventions.kinds import Kind
from conventions.links import CodeRequest, Link, Visit
from conventions.members import Member
from conventions.outgoing import Outgoing
from conventions.ports.journal import JournalTree
from conventions.powers import Delegation
from conventions.programmes import Programme
from conventions.search import Wanted
from conventions.standing import Surroundings
from conventions.status import Status


@dataclass(frozen=True)
class ArchiveEntry:
    """An object of an agreement's archive folder. ``completed_at`` is None while only the intent is recorded."""

    reference: str
    seq: int
    kind: str
    sha256: str
    size_bytes: int
    key: str
    retain_until: datetime
    completed_at: datetime | None = None


@dataclass(frozen=True)
class ShownState:
    """What Prefect was last told of an agreement, and the tracker run that shows it."""

    reference: str
    shown: str | None
    run_id: str | None


@dataclass(frozen=True)
class AgreementStatus:
    """Where an agreement stands, whose, and by which campaign: what there is to know of many without reading their facts."""

    reference: str
    member_id: str
    campaign_id: str
    status: Status


@dataclass(frozen=True)
class JournalEntry:
    """One event as recorded: position in the tree (None before the sequencer ran), leaf hash, canonical bytes."""

    index: int | None
    event: Event
    leaf_sha256: str
    canonical: bytes


class Transaction(JournalTree, Protocol):
    """One open transaction. ``add_*`` raise ``AlreadyRecorded`` on a taken key; getters raise ``NotFound``."""

    # members, programmes, delegations, campaigns
    def add_member(self, member: Member) -> None:
        """Add a member; its id and its SIRET are unique."""
        ...

    def update_member(self, member: Member) -> None:
        """Replace a member's record."""
        ...

    def member(self, member_id: str) -> Member: ...
    def members(self) -> Sequence[Member]:
        """List all members, by id."""
        ...

    def add_programme(self, programme: Programme) -> None: ...
    def programme(self, programme_id: str) -> Programme: ...
    def programmes(self) -> Sequence[Programme]: ...
    def add_delegation(self, programme_id: str, delegation: Delegation) -> None: ...
    def delegation(self, delegation_id: str) -> Delegation: ...
    def delegations(self, programme_id: str) -> Sequence[Delegation]: ...
    def add_campaign(self, campaign: Campaign) -> None: ...
    def campaign(self, campaign_id: str) -> Campaign: ...
    def campaigns(self) -> Sequence[Campaign]: ...

    # agreements
    def next_reference(self, year: int) -> str:
        """Take the next ``<year>-<4 digits>``; gaps are possible after a roll-back, repeats never."""
        ...

    def skip_references(self, year: int, last: int) -> None:
        """Make the next reference of a year come after a number; one that is further already stays."""
        ...

    def add_agreement(self, agreement: Agreement) -> None:
        """Add an agreement with its facts; ``(campaign, member)`` is unique."""
        ...

    def agreement(self, reference: str, *, lock: bool = False) -> Agreement:
        """Read an agreement with facts and artefacts; ``lock`` holds its row until the transaction ends."""
        ...

    def agreements(self, *, campaign_id: str | None = None, after: str = "", limit: int = 1000) -> Sequence[Agreement]:
        """List agreements by reference, strictly after ``after`` (keyset)."""
        ...

    def agreements_named(self, references: Sequence[str]) -> Sequence[Agreement]:
        """Read several agreements at once, in the order of their references.

        Raises:
            NotFound: one of them is not there.
        """
        ...

    def find_agreements(self, wanted: Wanted, now: datetime, *, after: str = "", limit: int = 50) -> Sequence[Agreement]:
        """List the agreements wanted, by reference, strictly after ``after`` (keyset); a status is the one at ``now``."""
        ...

    def statuses_of_kind(self, programme_id: str, kind: Kind, now: datetime) -> Sequence[AgreementStatus]:
        """Tell where every agreement of a kind in a programme stands at ``now``, by reference."""
        ...

    def count_statuses(self, now: datetime) -> Mapping[Status, int]:
        """Count the agreements by their status at ``now``; a status that none has may be left out."""
        ...

    def count_to_handle(self, now: datetime) -> int:
        """Count the agreements that wait for an agent: as many as ``find_agreements`` finds ``to_handle``."""
        ...

    def agreement_of_member(self, campaign_id: str, member_id: str) -> Agreement | None:
        """Return the agreement of a member in a campaign, or None."""
        ...

    def agreements_of_members(self, member_ids: Sequence[str], *, but: Sequence[str] = ()) -> Sequence[Agreement]:
        """List all agreements of several members, by reference, but some by their references."""
        ...

    def agreement_with_file(self, sha256: str) -> Agreement | None:
        """Return the agreement that has an artefact, or a renewal of its last one, of that digest; else None."""
        ...

    def add_fact(self, reference: str, fact: Fact) -> None:
        """Add a fact; ``(agreement, version, fact.key)`` is unique."""
        ...

    def add_artefact(self, reference: str, artefact: Artefact) -> None:
        """Add an artefact; ``(agreement, version, stage)`` is unique."""
        ...

    def set_failure(self, reference: str, failure: Failure | None) -> None:
        """Raise or clear the flag beside the status."""
        ...

    # claims
    def claim(self, name: str, holder: str, now: datetime, until: datetime) -> int:
        """Take a named claim and return its fencing number, greater than any before it.

        Raises:
            Busy: another holder's claim runs beyond ``now``.
        """
        ...

    def verify_claim(self, name: str, fence: int) -> None:
        """Hold the claim's row until the end of the transaction and check that nobody took it since.

        Raises:
            Busy: the fencing number is no longer the last one.
        """
        ...

    def release_claim(self, name: str, fence: int) -> None:
        """End a claim if the fencing number is still the last one; else do nothing."""
        ...

    # journal and outbox
    def add_event(self, event: Event) -> None:
        """Append an event; the sequencer gives it its index later."""
        ...

    def events(self, reference: str | None = None, *, after: int = 0, limit: int = 1000) -> Sequence[JournalEntry]:
        """List events in the order in which they were recorded; ``after`` counts events already read."""
        ...

    def enqueue(self, outgoing: Outgoing) -> None:
        """Add an outbox row; a row with the same key is left as it is."""
        ...

    def outgoing(self, outgoing_id: str) -> Outgoing: ...
    def lease_outgoing(self, now: datetime, until: datetime, limit: int) -> Sequence[Outgoing]:
        """Take rows that are waiting, due and not leased, oldest first; each gets a new lease number."""
        ...

    def update_outgoing(self, outgoing: Outgoing) -> bool:
        """Write a leased row's outcome; False, and nothing written, if its lease number is no longer the last."""
        ...

    def outgoing_of(self, reference: str) -> Sequence[Outgoing]: ...
    def dead_letters(self) -> Sequence[Outgoing]: ...
    def count_late(self, due_before: datetime) -> int:
        """Count the waiting rows due before that instant."""
        ...

    # links, visits, codes
    def add_link(self, link: Link) -> None: ...
    def link(self, link_id: str, *, lock: bool = False) -> Link: ...
    def links_of(self, reference: str) -> Sequence[Link]: ...
    def update_link(self, link: Link) -> None: ...
    def add_visit(self, visit: Visit) -> None: ...
    def visit_by_cookie(self, cookie_sha256: str) -> Visit: ...
    def visits_of(self, link_id: str) -> Sequence[Visit]:
        """List a link's visits, oldest first."""
        ...

    def update_visit(self, visit: Visit) -> None: ...
    def add_code_request(self, request: CodeRequest) -> None: ...
    def code_request(self, request_id: str) -> CodeRequest: ...
    def code_requests(self, link_id: str) -> Sequence[CodeRequest]:
        """List a link's code requests, oldest first."""
        ...

    def update_code_request(self, request: CodeRequest) -> None: ...

    # what people tell the agents
    def add_attention(self, attention: Attention) -> None: ...
    def update_attention(self, attention: Attention) -> None: ...
    def attentions_of(self, reference: str) -> Sequence[Attention]:
        """List what was told of an agreement, oldest first."""
        ...

    def count_attentions(self) -> Mapping[AttentionKind, int]:
        """Count what waits for an agent, by kind; a kind of which nothing waits may be left out."""
        ...

    def purge_attentions(self, before: datetime) -> int:
        """Empty the words and names of notes written, and of what was settled, before that instant; return of how many."""
        ...

    def surroundings(self, references: Sequence[str]) -> Mapping[str, Surroundings]:
        """Read what is around each of these agreements, in a number of queries that does not depend on how many they are."""
        ...

    # desk and office
    def add_account(self, account: Account) -> None: ...
    def account(self, account_id: str, *, lock: bool = False) -> Account: ...
    def account_by_login(self, login: str, *, lock: bool = False) -> Account: ...
    def update_account(self, account: Account) -> None: ...
    def add_session(self, session: Session) -> None: ...
    def session(self, cookie_sha256: str) -> Session: ...
    def update_session(self, session: Session) -> None: ...
    def end_session(self, cookie_sha256: str) -> None: ...
    def set_review(self, review: Review) -> None:
        """Write the signatory's mark on a document; one a (account, reference, digest), the last wins."""
        ...

    def reviews(self, account_id: str) -> Sequence[Review]: ...
    def add_model_read(self, read: ModelRead) -> None:
        """Record that an account has read a model; one a (account, kind, digest), the first stays."""
        ...

    def model_reads(self, account_id: str) -> Sequence[ModelRead]:
        """List the models that an account has read, oldest first."""
        ...

    def add_authorisation(self, authorisation: Authorisation) -> None: ...
    def authorisation(self, authorisation_id: str) -> Authorisation: ...
    def authorisations(self) -> Sequence[Authorisation]:
        """List all ceremonies, newest first."""
        ...

    def update_authorisation(self, authorisation: Authorisation) -> None: ...

    # archive and board
    def add_archive_entry(self, entry: ArchiveEntry) -> None:
        """Record the intent to archive an object; ``(reference, seq)`` and ``key`` are unique."""
        ...

    def add_archive_entries(self, entries: Sequence[ArchiveEntry]) -> None:
        """Record several at once, into a registry that is being made again.

        Raises:
            AlreadyRecorded: one stands; the transaction has to end.
        """
        ...

    def complete_archive_entry(self, key: str, at: datetime) -> None:
        """Record that the object stands, read back and compared."""
        ...

    def archive_entries(self, reference: str) -> Sequence[ArchiveEntry]:
        """List an agreement's entries by sequence number, intents included."""
        ...

    def archived_folders(self, *, after: str = "", limit: int = 1000, unfinished: bool = False) -> Sequence[str]:
        """List the references that have entries, or one at least that is not completed, strictly after ``after`` (keyset)."""
        ...

    def extend_archive_entry(self, key: str, retain_until: datetime) -> None:
        """Record that an object is locked for longer; an earlier instant changes nothing."""
        ...

    def shown_state(self, reference: str) -> ShownState:
        """Return what Prefect shows of an agreement; never raises NotFound."""
        ...

    def set_shown_state(self, state: ShownState) -> None: ...


class Registry(Protocol):
    """Opens transactions; they do not nest."""

    def write(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that commits on a clean exit and rolls back on an error."""
        ...

    def read(self) -> AbstractContextManager[Transaction]:
        """Open a transaction that only reads."""
        ...

    def sequence_events(self) -> int:
        """Give every event that has none its index in the tree, in one transaction of its own; return how many."""
        ...
