"""Why an agreement stands still, whose turn it is, and since when: one pure function of facts, surroundings and the clock.

What is in ``TO_HANDLE`` waits for an agent, and makes the list « à traiter »: each registry finds the same by a query of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from conventions.agreements import Agreement, FactKind
from conventions.attentions import Attention, AttentionKind
from conventions.links import CODE_LIFETIME, Closure, CodeRequest, Link, Visit, VisitorKind
from conventions.members import Member
from conventions.outgoing import Outgoing, OutgoingState, Template
from conventions.status import Status

STILL_AFTER = timedelta(hours=1)
"""What works by itself takes seconds, or minutes when something is down; an hour without a fact is for a person to look at."""


class Turn(StrEnum):
    """Who must act for the agreement to move."""

    MEMBER = "member"
    SIGNATORY = "signatory"
    AGENTS = "agents"
    SYSTEM = "system"
    NOBODY = "nobody"


class Why(StrEnum):
    """What holds an agreement back, the most pressing first."""

    QUARANTINED = "quarantined"
    NOT_ME = "not_me"
    QUESTION = "question"
    PROBLEM = "problem"
    CERTIFICATE = "certificate"
    FAILED = "failed"
    DEAD_LETTER = "dead_letter"
    LINK_LOCKED = "link_locked"
    RETURNED = "returned"
    STANDS_STILL = "stands_still"
    LINK_EXPIRED = "link_expired"
    NOT_SENT = "not_sent"
    NEVER_OPENED = "never_opened"
    CODE_EXPIRED = "code_expired"
    SIGNATURE_PENDING = "signature_pending"


TO_HANDLE = frozenset(
    {
        Why.QUARANTINED,
        Why.NOT_ME,
        Why.QUESTION,
        Why.PROBLEM,
        Why.CERTIFICATE,
        Why.FAILED,
        Why.DEAD_LETTER,
        Why.LINK_LOCKED,
        Why.RETURNED,
        Why.STANDS_STILL,
    }
)
"""What only an agent can mend."""

ABOUT_MEMBER = frozenset({Why.NOT_ME, Why.QUESTION, Why.PROBLEM, Why.CERTIFICATE, Why.DEAD_LETTER, Why.LINK_LOCKED, Why.RETURNED})
"""What is mended by ringing the member."""

MEMBERS_TURN = frozenset({Status.AWAITING_DATA, Status.AWAITING_MEMBER})
BY_ITSELF = frozenset({Status.DRAFTED, Status.SEALING})
"""Statuses that no person's decision ends."""

_TURNS = {
    Status.AWAITING_DATA: Turn.MEMBER,
    Status.AWAITING_MEMBER: Turn.MEMBER,
    Status.AWAITING_COUNTERSIGNATURE: Turn.SIGNATORY,
    Status.DRAFTED: Turn.SYSTEM,
    Status.SEALING: Turn.SYSTEM,
    Status.ARCHIVED: Turn.SYSTEM,
}
_OF_KIND = {
    AttentionKind.NOT_ME: Why.NOT_ME,
    AttentionKind.QUESTION: Why.QUESTION,
    AttentionKind.PROBLEM: Why.PROBLEM,
    AttentionKind.CERTIFICATE: Why.CERTIFICATE,
}
_ORDER = {why: number for number, why in enumerate(Why)}


@dataclass(frozen=True)
class Surroundings:
    """What is known around an agreement, each in the order in which it was recorded."""

    links: tuple[Link, ...] = ()
    visits: tuple[Visit, ...] = ()
    codes: tuple[CodeRequest, ...] = ()
    outgoing: tuple[Outgoing, ...] = ()
    attentions: tuple[Attention, ...] = ()


@dataclass(frozen=True)
class Hindrance:
    """One thing that holds an agreement back; ``code`` is of the error that says more, where there is one."""

    why: Why
    since: datetime
    code: str | None = None


@dataclass(frozen=True)
class Standing:
    """Whose turn it is, since when, and what holds the agreement back, the most pressing first."""

    turn: Turn
    since: datetime
    hindrances: tuple[Hindrance, ...]

    @property
    def is_to_handle(self) -> bool:
        """Tell whether an agent has something to do."""
        return any(one.why in TO_HANDLE for one in self.hindrances)

    @property
    def is_for_member(self) -> bool:
        """Tell whether somebody of the member's is to be rung."""
        return self.turn is Turn.MEMBER or any(one.why in ABOUT_MEMBER for one in self.hindrances)


@dataclass(frozen=True)
class Contact:
    """Whom to ring or write to at the member's; the telephone is None where none is known."""

    name: str
    telephone: str | None
    mail: str


def stuck_because(agreement: Agreement, status: Status, around: Surroundings, now: datetime) -> Standing:
    """Say why an agreement whose status is ``status`` at ``now`` does not move."""
    found = sorted(_hindrances(agreement, status, around, now), key=lambda one: _ORDER[one.why])
    pressing = [one.since for one in found if one.why in TO_HANDLE]
    if pressing:
        return Standing(Turn.AGENTS, min(pressing), tuple(found))
    is_pending = any(one.why is Why.SIGNATURE_PENDING for one in found)
    turn = Turn.SYSTEM if is_pending else _TURNS.get(status, Turn.NOBODY)
    return Standing(turn, agreement.facts[-1].at, tuple(found))


def whom_to_ring(member: Member, status: Status) -> Contact:
    """Choose whom to ring: the representative; the referent for missing information, or where no number of the body is known."""
    referent = member.referent
    if referent is not None and (status is Status.AWAITING_DATA or member.telephone is None):
        return Contact(referent.person.addressed, referent.telephone, referent.email)
    return Contact(member.representative.addressed, member.telephone, member.representative_mail.address)


def current_link(agreement: Agreement, around: Surroundings) -> Link | None:
    """Return the last link sent for the current version, or None."""
    return next((link for link in reversed(around.links) if link.version == agreement.version), None)


def _hindrances(agreement: Agreement, status: Status, around: Surroundings, now: datetime) -> Iterator[Hindrance]:
    if status is Status.QUARANTINED:
        yield Hindrance(Why.QUARANTINED, max(fact.at for fact in agreement.facts if fact.kind is FactKind.QUARANTINED))
    for attention in around.attentions:
        if attention.is_waiting:
            yield Hindrance(_OF_KIND[attention.kind], attention.at)
    if agreement.failure is not None:
        yield Hindrance(Why.FAILED, agreement.failure.at, agreement.failure.code)
    yield from (
        Hindrance(Why.DEAD_LETTER, row.settled_at or row.due_at, row.last_error_code) for row in around.outgoing if is_lost(row, around)
    )
    if status is Status.RETURNED:
        yield Hindrance(Why.RETURNED, agreement.required_fact(FactKind.RETURNED).at)
    last_at = max(fact.at for fact in agreement.facts)
    if status in BY_ITSELF and now > last_at + STILL_AFTER:
        yield Hindrance(Why.STANDS_STILL, last_at)
    consented = agreement.fact(FactKind.CONSENTED)
    if status is Status.AWAITING_MEMBER and consented is not None:
        yield Hindrance(Why.SIGNATURE_PENDING, consented.at)
    elif status in MEMBERS_TURN:
        link = current_link(agreement, around)
        if link is not None:
            yield from _of_link(link, around, now)


def is_lost(row: Outgoing, around: Surroundings) -> bool:
    """Tell whether a sending was given up and is still wanted: not a code, asked for again, nor about a link that is closed."""
    closed = {link.id for link in around.links if link.closed_as is not None}
    return row.state is OutgoingState.DEAD and row.template is not Template.CODE and row.ids.get("link_id") not in closed


def _of_link(link: Link, around: Surroundings, now: datetime) -> Iterator[Hindrance]:
    if link.closed_as is Closure.LOCKED:
        yield Hindrance(Why.LINK_LOCKED, link.closed_at or link.created_at)
        return
    if not link.is_open(now):
        yield Hindrance(Why.LINK_EXPIRED, link.expires_at)
        return
    if any(
        row.state is OutgoingState.WAITING and row.ids.get("link_id") == link.id and row.template is not Template.CODE
        for row in around.outgoing
    ):
        yield Hindrance(Why.NOT_SENT, link.created_at)
    elif not _was_opened(link, around):
        yield Hindrance(Why.NEVER_OPENED, link.created_at)
    codes = [code for code in around.codes if code.link_id == link.id]
    if codes and codes[-1].made_at is not None and not codes[-1].is_usable(now):
        yield Hindrance(Why.CODE_EXPIRED, codes[-1].made_at + CODE_LIFETIME)


def _was_opened(link: Link, around: Surroundings) -> bool:
    """Tell whether a person opened the link, or said something from it."""
    by_people = {visit.link_id for visit in around.visits if visit.visitor is VisitorKind.PERSON}
    return link.id in by_people or any(told.link_id == link.id for told in around.attentions)
