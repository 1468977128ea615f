"""What people tell the agents, what is around agreements, and which of them wait for an agent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Row, Select, and_, bindparam, func, or_, select, union, update

from conventions.attentions import Attention, AttentionKind
from conventions.links import Closure
from conventions.outgoing import OutgoingState, Template
from conventions.standing import BY_ITSELF, MEMBERS_TURN, STILL_AFTER, Surroundings
from conventions.status import Status
from storage.registry.columns import Instant
from storage.registry.link_rows import LinkRows, code_of, link_of, visit_of
from storage.registry.outbox_rows import OutboxRows, outgoing_of_row
from storage.registry.tables import agreements, attentions, code_requests, facts, links, outbox, search_rows, search_statuses, visits

IS_WAITING = and_(attentions.c.settled_at.is_(None), attentions.c.kind != AttentionKind.NOTE.value)
OF_AGREEMENT = select(attentions).where(attentions.c.reference == bindparam("reference")).order_by(attentions.c.number)
COUNTS = select(attentions.c.kind, func.count()).where(IS_WAITING).group_by(attentions.c.kind)
PURGE = (
    update(attentions)
    .where(
        or_(
            attentions.c.settled_at < bindparam("k_before", type_=Instant),
            and_(attentions.c.kind == AttentionKind.NOTE.value, attentions.c.at < bindparam("k_before", type_=Instant)),
        ),
        or_(attentions.c.text != "", attentions.c.by != "", attentions.c.settled_by != "", attentions.c.remark != ""),
    )
    .values(text="", by="", settled_by="", remark="")
)

_REFERENCES: BindParameter[Any] = bindparam("references", expanding=True)
_LINKS_AROUND = select(links.c.id).where(links.c.reference.in_(_REFERENCES))
AROUND = (
    select(links).where(links.c.reference.in_(_REFERENCES)).order_by(links.c.number),
    select(visits).where(visits.c.link_id.in_(_LINKS_AROUND)).order_by(visits.c.begun_at, visits.c.id),
    select(code_requests).where(code_requests.c.link_id.in_(_LINKS_AROUND)).order_by(code_requests.c.number),
    select(outbox).where(outbox.c.reference.in_(_REFERENCES)).order_by(outbox.c.number),
    select(attentions).where(attentions.c.reference.in_(_REFERENCES)).order_by(attentions.c.number),
)

_when, _closed, _later = search_statuses.c, links.alias("closed"), links.alias("later")
_NOW = bindparam("now", type_=Instant)
_HOLDS_NOW = and_(_when.from_at <= _NOW, _when.until_at > _NOW)


def _at_status(*statuses: Status) -> Select[Any]:
    return select(_when.reference).where(_when.status.in_([status.value for status in sorted(statuses)]), _HOLDS_NOW)


TO_HANDLE = union(
    select(agreements.c.reference).where(agreements.c.failed_step.is_not(None)),
    select(attentions.c.reference).where(IS_WAITING),
    select(outbox.c.reference).where(
        outbox.c.state == OutgoingState.DEAD.value,
        outbox.c.template != Template.CODE.value,
        ~select(_closed.c.id)
        .where(
            _closed.c.reference == outbox.c.reference,
            _closed.c.closed_as.is_not(None),
            outbox.c.key == outbox.c.template + ":" + outbox.c.reference + ":" + _closed.c.id,
        )
        .exists(),
    ),
    select(links.c.reference).where(
        links.c.closed_as == Closure.LOCKED.value,
        links.c.version == select(func.max(facts.c.version)).where(facts.c.reference == links.c.reference).scalar_subquery(),
        ~select(_later.c.id)
        .where(_later.c.reference == links.c.reference, _later.c.version == links.c.version, _later.c.number > links.c.number)
        .exists(),
        _at_status(*MEMBERS_TURN).where(_when.reference == links.c.reference).exists(),
    ),
    _at_status(Status.QUARANTINED, Status.RETURNED),
    _at_status(*BY_ITSELF).where(
        ~select(facts.c.number).where(facts.c.reference == _when.reference, facts.c.at >= bindparam("moved_since", type_=Instant)).exists()
    ),
)
"""The references of what waits for an agent: what ``conventions.standing`` computes for one, asked of the whole registry.

The key of a sending about a link ends with the link's id, as ``conventions.recording.enqueue`` writes it.
"""
COUNT_TO_HANDLE = select(func.count()).select_from(search_rows).where(search_rows.c.reference.in_(TO_HANDLE))
COUNT_STATUSES = select(_when.status, func.count()).where(_HOLDS_NOW).group_by(_when.status)


def to_handle_values(now: datetime) -> dict[str, object]:
    """Return the parameters of ``TO_HANDLE``."""
    return {"now": now, "moved_since": now - STILL_AFTER}


class AttentionRows(OutboxRows, LinkRows):
    """What people tell, and what stands around each agreement."""

    def add_attention(self, attention: Attention) -> None:
        self._add(attentions, attention.id, _columns(attention))

    def update_attention(self, attention: Attention) -> None:
        self._update(attentions.c.id, attention.id, _columns(attention))

    def attentions_of(self, reference: str) -> Sequence[Attention]:
        return [_attention(row) for row in self._rows(OF_AGREEMENT, reference=reference)]

    def count_attentions(self) -> Mapping[AttentionKind, int]:
        return {AttentionKind(kind): count for kind, count in self._rows(COUNTS)}

    def purge_attentions(self, before: datetime) -> int:
        return self._change(PURGE, {"k_before": before})

    def count_statuses(self, now: datetime) -> Mapping[Status, int]:
        return {Status(status): count for status, count in self._rows(COUNT_STATUSES, now=now)}

    def count_to_handle(self, now: datetime) -> int:
        count: int = self._rows(COUNT_TO_HANDLE, **to_handle_values(now))[0][0]
        return count

    def surroundings(self, references: Sequence[str]) -> Mapping[str, Surroundings]:
        wanted = sorted(set(references))
        if not wanted:
            return {}
        rows = [self._rows(query, references=wanted) for query in AROUND]
        of_link = {row.id: row.reference for row in rows[0]}
        found: list[dict[str, list[Any]]] = [defaultdict(list) for _ in AROUND]
        for their, several, made in zip(found, rows, (link_of, visit_of, code_of, outgoing_of_row, _attention), strict=True):
            for row in several:
                their[row.reference if "reference" in row._fields else of_link[row.link_id]].append(made(row))
        return {reference: Surroundings(*(tuple(their[reference]) for their in found)) for reference in wanted}


def _columns(attention: Attention) -> Mapping[str, object]:
    return {
        "id": attention.id,
        "reference": attention.reference,
        "kind": attention.kind.value,
        "at": attention.at,
        "text": attention.text,
        "by": attention.by,
        "link_id": attention.link_id,
        "settled_at": attention.settled_at,
        "settled_by": attention.settled_by,
        "remark": attention.remark,
    }


def _attention(row: Row[Any]) -> Attention:
    return Attention(
        id=row.id,
        reference=row.reference,
        kind=AttentionKind(row.kind),
        at=row.at,
        text=row.text,
        by=row.by,
        link_id=row.link_id,
        settled_at=row.settled_at,
        settled_by=row.settled_by,
        remark=row.remark,
    )
