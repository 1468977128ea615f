"""Open a link: reading it records nothing, a person's POST begins a visit."""

from __future__ import annotations

from datetime import datetime

from conventions.afterwards import afterwards_of
from conventions.agreements import Agreement, FactKind
from conventions.attentions import Attention, AttentionKind, is_in_doubt
from conventions.canonical import Json, sha256_hex
from conventions.errors import LinkRefused, NotFound, RuleRefused
from conventions.kinds import title_of
from conventions.links import VISIT_LIFETIME, Link, Purpose, Visit, is_token_of
from conventions.members import Member
from conventions.outgoing import Template
from conventions.people import Person
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.recording import enqueue, record_event
from conventions.views import LinkPreview, OpenedVisit
from conventions.visitors import Visitor, classify


def preview_link(ports: Ports, token: str) -> LinkPreview:
    """Return what the first page shows; nothing is recorded, because mail scanners open links too.

    Raises:
        LinkRefused: wrong, foreign, expired, replaced or locked; the code never tells which.
    """
    now = ports.clock.now()
    with ports.registry.read() as tx:
        link, agreement, member = _checked(ports, tx, token, now)
        programme = tx.programme(agreement.programme_id)
        return LinkPreview(
            purpose=link.purpose,
            kind=agreement.kind,
            title=title_of(agreement.kind, programme.syndicate.short_name, agreement.reference),
            organisation=member.name,
            person=invited_person(member),
            syndicate=programme.syndicate.name,
            telephone=ports.rules.help_telephone,
            demonstration=tx.campaign(agreement.campaign_id).demonstration,
            is_in_doubt=is_in_doubt(tx.attentions_of(agreement.reference), link.id),
            is_decided=agreement.fact(FactKind.CONSENTED) is not None,
            after=afterwards_of(agreement, now),
        )


def invited_person(member: Member) -> Person:
    """Return the person that the member's links are meant for."""
    return member.representative


def open_link(ports: Ports, token: str, visitor: Visitor) -> OpenedVisit:
    """Begin a visit and return its cookie, of which only the digest is kept; what the link's earlier visits read stays read.

    Raises:
        LinkRefused.
    """
    now = ports.clock.now()
    kind, because = classify(visitor)
    cookie = ports.secrets.random_token()
    with ports.registry.write() as tx:
        link, agreement, _ = _checked(ports, tx, token, now)
        expires_at = min(now + VISIT_LIFETIME, link.expires_at)
        before = tx.visits_of(link.id)
        visit = Visit(
            ports.secrets.random_id(),
            link.id,
            sha256_hex(cookie.encode()),
            now,
            expires_at,
            kind,
            because,
            turned=tuple(sorted({part for visit in before for part in visit.turned})),
            served_as=tuple(sorted({form for visit in before for form in visit.served_as})),
        )
        tx.add_visit(visit)
        data = {"link_id": link.id, "visit_id": visit.id, "visitor": kind.value, "because": because}
        personal = {"address": visitor.address, "user_agent": visitor.user_agent}
        record_event(ports, tx, "link.opened", at=now, reference=agreement.reference, data=data, personal=personal)
    return OpenedVisit(cookie, link.purpose, expires_at)


def refuse_identity(ports: Ports, token: str, visitor: Visitor) -> None:
    """Record that whoever holds the link says not to be that person, and tell the agents by mail, once while it waits.

    Until an agent has handled it, the link is read and nothing is signed from it: ``check_identity``.

    Raises:
        LinkRefused.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        link, agreement, _ = _checked(ports, tx, token, now)
        reference = tx.agreement(agreement.reference, lock=True).reference
        data: dict[str, Json] = {"link_id": link.id}
        if not is_in_doubt(tx.attentions_of(reference), link.id):
            attention = Attention(ports.secrets.random_id(), reference, AttentionKind.NOT_ME, now, by=link.address, link_id=link.id)
            tx.add_attention(attention)
            enqueue(ports, tx, Template.ATTENTION, reference, attention.id, {"attention_id": attention.id})
            data["attention_id"] = attention.id
        personal = {"address": visitor.address, "user_agent": visitor.user_agent}
        record_event(ports, tx, "link.identity_refused", at=now, reference=reference, data=data, personal=personal)


def check_identity(tx: Transaction, link: Link) -> None:
    """Refuse a signature from a link on which « Ce n’est pas moi » waits for an agent.

    Raises:
        RuleRefused: ``link.in_doubt``.
    """
    if is_in_doubt(tx.attentions_of(link.reference), link.id):
        raise RuleRefused(f"link {link.id} reached somebody else, it was said", code="link.in_doubt")


def _checked(ports: Ports, tx: Transaction, token: str, now: datetime) -> tuple[Link, Agreement, Member]:
    link_id = token.partition(".")[0]
    try:
        link = tx.link(link_id)
    except NotFound as error:
        raise LinkRefused("no such link") from error
    if not is_token_of(token, link, ports.secrets) or not link.is_open(now):
        raise LinkRefused(f"link {link.id} is not open or not this one")
    agreement = tx.agreement(link.reference)
    if agreement.version != link.version:
        raise LinkRefused(f"link {link.id} is for an earlier version")
    return link, agreement, tx.member(agreement.member_id)


def visit_of(tx: Transaction, cookie: str, purpose: Purpose, now: datetime) -> tuple[Visit, Link, Agreement]:
    """Read the visit of a cookie, its link and its agreement, in the caller's transaction.

    Raises:
        LinkRefused: no such visit, another purpose, or the link died since (locked: code ``link.locked``).
    """
    try:
        visit = tx.visit_by_cookie(sha256_hex(cookie.encode()))
        link = tx.link(visit.link_id)
    except NotFound as error:
        raise LinkRefused("no such visit", code="link.visit_ended") from error
    agreement = tx.agreement(link.reference)
    if link.purpose is not purpose or now > visit.expires_at or agreement.version != link.version:
        raise LinkRefused(f"visit {visit.id} is over", code="link.visit_ended")
    return visit, link, agreement
