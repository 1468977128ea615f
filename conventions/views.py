"""What the pages show: plain records that the steps compute, so that no page decides anything."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from conventions.accounts import Account
from conventions.afterwards import Afterwards
from conventions.agreements import Agreement, Campaign
from conventions.attentions import Attention, AttentionKind
from conventions.ceremonies import Mark
from conventions.kinds import SIGNERS, Kind, Party
from conventions.links import Link, Purpose, Visit
from conventions.members import Member
from conventions.outgoing import Outgoing
from conventions.people import Person
from conventions.ports.documents import TwinPart
from conventions.ports.registry import ArchiveEntry, JournalEntry
from conventions.powers import Act
from conventions.preservation import kept_file, verifiable_until
from conventions.programmes import Programme
from conventions.scale import Category
from conventions.standing import Contact, Standing
from conventions.status import Status


@dataclass(frozen=True)
class LinkPreview:
    """What a link shows before anybody has pressed anything; reading it records nothing."""

    purpose: Purpose
    kind: Kind
    title: str
    organisation: str
    person: Person
    syndicate: str
    telephone: str
    demonstration: bool
    is_decided: bool
    after: Afterwards | None
    is_in_doubt: bool = False


@dataclass(frozen=True)
class OpenedVisit:
    """A visit just begun: the cookie's value is given once and never stored."""

    cookie: str
    purpose: Purpose
    expires_at: datetime


class SignerStage(StrEnum):
    """Where the signer is; the page to show."""

    READING = "reading"
    DECIDING = "deciding"
    CODE_SENT = "code_sent"
    SIGNATURE_PENDING = "signature_pending"
    SIGNED = "signed"
    DECLINED = "declined"


@dataclass(frozen=True)
class PartView:
    """One part of the document to turn: number from 1, title, pages it spans, whether it was turned."""

    number: int
    title: str
    first_page: int
    last_page: int
    is_turned: bool


@dataclass(frozen=True)
class SignerView:
    """All that the signer's pages show."""

    stage: SignerStage
    kind: Kind
    reference: str
    title: str
    organisation: str
    person: Person
    countersigner: Person
    syndicate: str
    contribution_eur: int
    amount: str
    programme: str
    programme_ends_on: date
    deadline: datetime
    power: Act | None
    parts: tuple[PartView, ...]
    page_count: int
    document_sha256: str
    masked_address: str
    tries_left: int
    code_expires_at: datetime | None
    after: Afterwards | None
    telephone: str
    demonstration: bool
    accepts_uploads: bool = False
    held_at: datetime | None = None

    @property
    def signed_at(self) -> datetime | None:
        """When this person signed; None before."""
        return self.after.signed_at if self.after is not None else None

    @property
    def is_countersigned(self) -> bool:
        """Tell whether the syndicate signs after this person."""
        return Party.SYNDICATE in SIGNERS[self.kind]

    @property
    def parts_left(self) -> tuple[PartView, ...]:
        """The parts that remain to be turned."""
        return tuple(part for part in self.parts if not part.is_turned)


@dataclass(frozen=True)
class DataForm:
    """What the secretary is asked to complete: field names with their current values."""

    reference: str
    kind: Kind
    title: str
    organisation: str
    fields: tuple[str, ...]
    values: Mapping[str, str]
    telephone: str
    demonstration: bool


class Pile(StrEnum):
    """Piles of the desk, the most demanding first."""

    ONE_BY_ONE = "one_by_one"
    ATTENTION = "attention"
    STANDARD = "standard"


@dataclass(frozen=True)
class DeskModel:
    """A programme's model for a kind: its wording, the digest of its text as it stands, when this account read that text (or None)."""

    wording_id: str
    kind: Kind
    sha256: str
    read_at: datetime | None


@dataclass(frozen=True)
class ModelView:
    """A model as the desk shows it, part by part."""

    model: DeskModel
    parts: tuple[TwinPart, ...]
    demonstration: bool


@dataclass(frozen=True)
class DeskItem:
    """One agreement on the desk; ``reasons`` are codes of ``conventions.sentences`` that put it in its pile.

    ``not_covered_because`` is the code of why the delegation does not cover it today.

    ``model`` is what a document of the standard pile conforms to; None in the other piles.

    ``signed_by`` is nobody where the syndicate signs alone; it waits since the member's signature, or since it was prepared.
    """

    reference: str
    organisation: str
    category: Category
    contribution_eur: int
    signed_by: Person | None
    waiting_since: datetime
    kind: Kind
    amount: str
    prepared_sha256: str
    member_signed_sha256: str
    pile: Pile
    reasons: tuple[str, ...]
    mark: Mark | None
    is_opened: bool
    not_covered_because: str | None
    model: DeskModel | None

    @property
    def is_model_unread(self) -> bool:
        """Tell whether the model to which this document conforms is still to be read."""
        return self.model is not None and self.model.read_at is None

    @property
    def is_covered(self) -> bool:
        """Tell whether the delegation lets this document be countersigned today."""
        return self.not_covered_because is None


@dataclass(frozen=True)
class DeskView:
    """The Vice-President's desk."""

    signatory: Person
    delegation_number: str
    delegation_on: date
    delegation_ends_on: date
    items: tuple[DeskItem, ...]
    sample: tuple[str, ...]
    total_eur: int
    demonstration: bool

    @property
    def uncovered(self) -> tuple[DeskItem, ...]:
        """The items that the delegation does not cover today."""
        return tuple(item for item in self.items if not item.is_covered)

    @property
    def not_covered_because(self) -> str | None:
        """Why nothing at all may be signed: what waits is all uncovered; else None."""
        return "delegation.not_covering" if self.items and len(self.uncovered) == len(self.items) else None

    @property
    def models(self) -> tuple[DeskModel, ...]:
        """The models to which what may be signed of the standard pile conforms: one, save where programmes meet."""
        found = {item.model.wording_id: item.model for item in self.items if item.model and item.is_covered and item.mark is not Mark.ASIDE}
        return tuple(model for _, model in sorted(found.items()))

    @property
    def unread_models(self) -> tuple[DeskModel, ...]:
        """Those of the models that are still to be read."""
        return tuple(model for model in self.models if model.read_at is None)

    def pile(self, pile: Pile) -> tuple[DeskItem, ...]:
        """The items of one pile, by reference."""
        return tuple(item for item in self.items if item.pile is pile)


@dataclass(frozen=True)
class CeremonyView:
    """How far a ceremony is; ``failures`` are (reference, code)."""

    id: str
    at: datetime
    expires_at: datetime
    references: tuple[str, ...]
    countersigned: tuple[str, ...]
    archived: tuple[str, ...]
    active: tuple[str, ...]
    failures: tuple[tuple[str, str], ...]
    kinds: Mapping[str, Kind]


@dataclass(frozen=True)
class AgreementLine:
    """One line of the office's list: whose turn, since when, why, whom to ring."""

    reference: str
    organisation: str
    category: Category
    contribution_eur: int
    status: Status
    since: datetime
    failure_code: str | None
    person: Person
    telephone: str | None
    siret: str
    kind: Kind
    standing: Standing
    contact: Contact


@dataclass(frozen=True)
class AgreementView:
    """Everything the office shows of one agreement."""

    agreement: Agreement
    status: Status
    member: Member
    links: tuple[Link, ...]
    events: tuple[JournalEntry, ...]
    entries: tuple[ArchiveEntry, ...]
    outgoing: tuple[Outgoing, ...]
    services_on: tuple[str, ...]
    services_pending: tuple[str, ...]
    standing: Standing
    contact: Contact
    visits: tuple[Visit, ...]
    attentions: tuple[Attention, ...]

    @property
    def verifiable_until(self) -> datetime | None:
        """Return until when the archived file can be verified as it is; None before it is archived."""
        kept = kept_file(self.agreement)
        return None if kept is None else verifiable_until(kept)


@dataclass(frozen=True)
class SignedIn:
    """A session just begun: the cookie's value is given once and never stored."""

    cookie: str
    account: Account
    expires_at: datetime


@dataclass(frozen=True)
class Overview:
    """The office's first page."""

    campaigns: tuple[Campaign, ...]
    programmes: tuple[Programme, ...]
    counts: tuple[tuple[Status, int], ...]
    to_handle: int
    waiting: tuple[tuple[AttentionKind, int], ...]
    dead_letters: tuple[Outgoing, ...]
    late_outgoing: int

    @property
    def returned(self) -> int:
        """How many agreements the signatory returned, and wait for an agent."""
        return dict(self.counts).get(Status.RETURNED, 0)
