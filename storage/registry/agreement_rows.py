"""Agreements with their facts and artefacts, and the claims on their work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, or_, select, update

from conventions.agreements import Agreement, Artefact, Fact, FactKind, Failure, Stage
from conventions.errors import Busy
from conventions.kinds import Kind
from storage.registry.rows import Rows
from storage.registry.tables import agreements, artefacts, claims, facts, reference_counters


class AgreementRows(Rows):
    """What is true of each agreement."""

    def next_reference(self, year: int) -> str:
        taken = self._insert(reference_counters).values(year=year, last=1)
        counted = taken.on_conflict_do_update(
            index_elements=[reference_counters.c.year], set_={"last": reference_counters.c.last + 1}
        ).returning(reference_counters.c.last)
        return f"{year:04d}-{self._rows(counted)[0].last:04d}"

    def add_agreement(self, agreement: Agreement) -> None:
        columns = {
            "reference": agreement.reference,
            "kind": agreement.kind.value,
            "programme_id": agreement.programme_id,
            "member_id": agreement.member_id,
            "campaign_id": agreement.campaign_id,
            **_failure_columns(agreement.failure),
        }
        self._add(agreements, agreement.reference, columns)
        for fact in agreement.facts:
            self.add_fact(agreement.reference, fact)
        for artefact in agreement.artefacts:
            self.add_artefact(agreement.reference, artefact)

    def agreement(self, reference: str, *, lock: bool = False) -> Agreement:
        self._check_lock(lock=lock)
        query = select(agreements).where(agreements.c.reference == reference)
        row = self._row(query.with_for_update() if lock else query, "agreement", reference)
        return self._complete([row], facts.c.reference == reference, artefacts.c.reference == reference)[0]

    def agreements(self, *, campaign_id: str | None = None, after: str = "", limit: int = 1000) -> Sequence[Agreement]:
        query = select(agreements).where(agreements.c.reference > after).order_by(agreements.c.reference).limit(limit)
        if campaign_id is not None:
            query = query.where(agreements.c.campaign_id == campaign_id)
        rows = self._rows(query)
        if not rows:
            return []
        page = select(agreements.c.reference).where(agreements.c.reference > after, agreements.c.reference <= rows[-1].reference)
        if campaign_id is not None:
            page = page.where(agreements.c.campaign_id == campaign_id)
        return self._complete(rows, facts.c.reference.in_(page), artefacts.c.reference.in_(page))

    def agreement_of_member(self, campaign_id: str, member_id: str) -> Agreement | None:
        query = select(agreements).where(agreements.c.campaign_id == campaign_id, agreements.c.member_id == member_id)
        rows = self._rows(query)
        if not rows:
            return None
        reference = rows[0].reference
        return self._complete(rows, facts.c.reference == reference, artefacts.c.reference == reference)[0]

    def add_fact(self, reference: str, fact: Fact) -> None:
        columns = {
            "reference": reference,
            "version": fact.version,
            "key": fact.key,
            "kind": fact.kind.value,
            "at": fact.at,
            "data": fact.data,
        }
        self._add(facts, f"{reference} version {fact.version} {fact.key}", columns)

    def add_artefact(self, reference: str, artefact: Artefact) -> None:
        columns = {
            "reference": reference,
            "version": artefact.version,
            "stage": artefact.stage.value,
            "sha256": artefact.sha256,
            "size_bytes": artefact.size_bytes,
            "at": artefact.at,
        }
        self._add(artefacts, f"{reference} version {artefact.version} {artefact.stage}", columns)

    def set_failure(self, reference: str, failure: Failure | None) -> None:
        changed = update(agreements).where(agreements.c.reference == reference).values(**_failure_columns(failure))
        self._update(changed, "agreement", reference)

    def _complete(self, rows: Sequence[Row[Any]], of_facts: ColumnElement[bool], of_artefacts: ColumnElement[bool]) -> list[Agreement]:
        """Add facts and artefacts to agreement rows: two queries, however many agreements."""
        their_facts = _by_reference(self._rows(select(facts).where(of_facts).order_by(facts.c.number)))
        their_artefacts = _by_reference(self._rows(select(artefacts).where(of_artefacts).order_by(artefacts.c.number)))
        return [_agreement(row, their_facts[row.reference], their_artefacts[row.reference]) for row in rows]

    # claims
    def claim(self, name: str, holder: str, now: datetime, until: datetime) -> int:
        first = self._insert(claims).values(name=name, holder=holder, fence=1, until=until)
        is_free = or_(claims.c.until.is_(None), claims.c.until <= now, claims.c.holder == holder)
        taken = first.on_conflict_do_update(
            index_elements=[claims.c.name],
            set_={"holder": holder, "fence": claims.c.fence + 1, "until": until},
            where=is_free,
        ).returning(claims.c.fence)
        rows = self._rows(taken)
        if not rows:
            raise Busy(f"claim {name} is held")
        fence: int = rows[0].fence
        return fence

    def verify_claim(self, name: str, fence: int) -> None:
        self._check_writes()
        rows = self._rows(select(claims.c.fence).where(claims.c.name == name).with_for_update())
        if not rows or rows[0].fence != fence:
            raise Busy(f"claim {name} was taken since fence {fence}")

    def release_claim(self, name: str, fence: int) -> None:
        self._change(update(claims).where(and_(claims.c.name == name, claims.c.fence == fence)).values(until=None))


def _failure_columns(failure: Failure | None) -> Mapping[str, object]:
    if failure is None:
        return {"failed_step": None, "failure_code": None, "failed_at": None, "failed_attempts": None}
    return {
        "failed_step": failure.step,
        "failure_code": failure.code,
        "failed_at": failure.at,
        "failed_attempts": failure.attempts,
    }


def _by_reference(rows: Iterable[Row[Any]]) -> Mapping[str, list[Row[Any]]]:
    grouped: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        grouped[row.reference].append(row)
    return grouped


def _agreement(row: Row[Any], its_facts: Iterable[Row[Any]], its_artefacts: Iterable[Row[Any]]) -> Agreement:
    has_failed = row.failed_step is not None
    return Agreement(
        reference=row.reference,
        kind=Kind(row.kind),
        programme_id=row.programme_id,
        member_id=row.member_id,
        campaign_id=row.campaign_id,
        facts=tuple(Fact(FactKind(f.kind), f.at, f.version, f.data) for f in its_facts),
        artefacts=tuple(Artefact(a.version, Stage(a.stage), a.sha256, a.size_bytes, a.at) for a in its_artefacts),
        failure=Failure(row.failed_step, row.failure_code, row.failed_at, row.failed_attempts) if has_failed else None,
    )
