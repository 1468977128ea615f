"""Agreements with their facts and artefacts, and the claims on their work."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Row, Select, Table, Text, bindparam, select, text, type_coerce, union_all

from conventions.agreements import Agreement, Artefact, Fact, FactKind, Failure, Stage
from conventions.errors import Busy, NotFound
from conventions.kinds import Kind
from conventions.preservation import RENEWAL_KIND
from storage.registry.columns import Instant, KeptInstant, read_instant
from storage.registry.rows import Rows, insert_into
from storage.registry.tables import agreements, archive_entries, artefacts, claims, facts, reference_counters

NEXT_REFERENCE = insert_into(reference_counters, "ON CONFLICT (year) DO UPDATE SET last = reference_counters.last + 1 RETURNING last")
SKIP_REFERENCES = insert_into(
    reference_counters, "ON CONFLICT (year) DO UPDATE SET last = excluded.last WHERE reference_counters.last < excluded.last"
)

AGREEMENT = select(agreements).where(agreements.c.reference == bindparam("reference"))
LOCKED_AGREEMENT = AGREEMENT.with_for_update()
AGREEMENT_OF_MEMBER = select(agreements).where(
    agreements.c.campaign_id == bindparam("campaign_id"), agreements.c.member_id == bindparam("member_id")
)
_WITH_ARTEFACT = select(artefacts.c.reference).where(artefacts.c.sha256 == bindparam("sha256"))
_WITH_RENEWAL = select(archive_entries.c.reference).where(
    archive_entries.c.sha256 == bindparam("sha256"), archive_entries.c.kind.startswith(f"{RENEWAL_KIND}-")
)
AGREEMENT_WITH_FILE = select(agreements).where(agreements.c.reference.in_(union_all(_WITH_ARTEFACT, _WITH_RENEWAL))).limit(1)
PAGE = select(agreements).where(agreements.c.reference > bindparam("after")).order_by(agreements.c.reference).limit(bindparam("limit"))
PAGE_OF_CAMPAIGN = PAGE.where(agreements.c.campaign_id == bindparam("campaign_id"))
ON_PAGE = select(agreements.c.reference).where(agreements.c.reference > bindparam("after"), agreements.c.reference <= bindparam("last"))
ON_PAGE_OF_CAMPAIGN = ON_PAGE.where(agreements.c.campaign_id == bindparam("campaign_id"))

REMEMBERED_FACTS = 32_768
"""Some 40 MB at most: twenty facts each of the agreements of a large ceremony, looked at again every few seconds."""

_REFERENCES: BindParameter[Any] = bindparam("references", expanding=True)
NAMED = select(agreements).where(agreements.c.reference.in_(_REFERENCES)).order_by(agreements.c.reference)
_MEMBERS: BindParameter[Any] = bindparam("member_ids", expanding=True)
OF_MEMBERS = select(agreements.c.reference).where(agreements.c.member_id.in_(_MEMBERS))


def _all_of(table: Table) -> Select[Any]:
    """Select what an agreement is made of; of facts the columns as they are kept, since ``_fact`` remembers what it reads of them."""
    if table is not facts:
        return select(table).order_by(table.c.number)
    kept = (type_coerce(facts.c.at, KeptInstant).label("at"), type_coerce(facts.c.data, Text).label("data"))
    return select(facts.c.reference, facts.c.kind, facts.c.version, *kept).order_by(facts.c.number)


def _of_one(table: Table) -> Select[Any]:
    return _all_of(table).where(table.c.reference == bindparam("reference"))


def _of_page(table: Table, page: Select[Any]) -> Select[Any]:
    return _all_of(table).where(table.c.reference.in_(page))


def _of_named(table: Table) -> Select[Any]:
    return _all_of(table).where(table.c.reference.in_(_REFERENCES))


OF_ONE = _of_one(facts), _of_one(artefacts)
OF_NAMED = _of_named(facts), _of_named(artefacts)
OF_PAGE = _of_page(facts, ON_PAGE), _of_page(artefacts, ON_PAGE)
OF_PAGE_OF_CAMPAIGN = _of_page(facts, ON_PAGE_OF_CAMPAIGN), _of_page(artefacts, ON_PAGE_OF_CAMPAIGN)

CLAIM = text(
    "INSERT INTO claims (name, holder, fence, until) VALUES (:name, :holder, 1, :until) "
    "ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, fence = claims.fence + 1, until = excluded.until "
    "WHERE claims.until IS NULL OR claims.until <= :now OR claims.holder = excluded.holder RETURNING fence"
).bindparams(bindparam("now", type_=Instant), bindparam("until", type_=Instant))
LOCKED_CLAIM = select(claims.c.fence).where(claims.c.name == bindparam("name")).with_for_update()
RELEASE_CLAIM = text("UPDATE claims SET until = NULL WHERE name = :name AND fence = :fence")


class AgreementRows(Rows):
    """What is true of each agreement."""

    def next_reference(self, year: int) -> str:
        return f"{year:04d}-{self._changed_rows(NEXT_REFERENCE, year=year, last=1)[0].last:04d}"

    def skip_references(self, year: int, last: int) -> None:
        self._change(SKIP_REFERENCES, {"year": year, "last": last})

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
        self._add_all(facts, [_fact_columns(agreement.reference, fact) for fact in agreement.facts])
        self._add_all(artefacts, [_artefact_columns(agreement.reference, artefact) for artefact in agreement.artefacts])

    def agreement(self, reference: str, *, lock: bool = False) -> Agreement:
        self._check_lock(lock=lock)
        row = self._row(LOCKED_AGREEMENT if lock else AGREEMENT, "agreement", reference, reference=reference)
        return self._complete([row], OF_ONE, reference=reference)[0]

    def agreements(self, *, campaign_id: str | None = None, after: str = "", limit: int = 1000) -> Sequence[Agreement]:
        if campaign_id is None:
            page, details, of = PAGE, OF_PAGE, {}
        else:
            page, details, of = PAGE_OF_CAMPAIGN, OF_PAGE_OF_CAMPAIGN, {"campaign_id": campaign_id}
        rows = self._rows(page, after=after, limit=limit, **of)
        return self._complete(rows, details, after=after, last=rows[-1].reference, **of) if rows else []

    def agreements_named(self, references: Sequence[str]) -> Sequence[Agreement]:
        wanted = sorted(set(references))
        rows = self._rows(NAMED, references=wanted)
        if lacking := set(wanted) - {row.reference for row in rows}:
            raise NotFound(f"no agreement {min(lacking)}")
        return self._complete(rows, OF_NAMED, references=wanted)

    def agreement_of_member(self, campaign_id: str, member_id: str) -> Agreement | None:
        rows = self._rows(AGREEMENT_OF_MEMBER, campaign_id=campaign_id, member_id=member_id)
        return self._complete(rows, OF_ONE, reference=rows[0].reference)[0] if rows else None

    def agreements_of_members(self, member_ids: Sequence[str], *, but: Sequence[str] = ()) -> Sequence[Agreement]:
        references = {row.reference for row in self._rows(OF_MEMBERS, member_ids=sorted(set(member_ids)))}
        return self.agreements_named(sorted(references.difference(but)))

    def agreement_with_file(self, sha256: str) -> Agreement | None:
        rows = self._rows(AGREEMENT_WITH_FILE, sha256=sha256)
        return self._complete(rows, OF_ONE, reference=rows[0].reference)[0] if rows else None

    def add_fact(self, reference: str, fact: Fact) -> None:
        self._add(facts, f"{reference} version {fact.version} {fact.key}", _fact_columns(reference, fact))

    def add_artefact(self, reference: str, artefact: Artefact) -> None:
        self._add(artefacts, f"{reference} version {artefact.version} {artefact.stage}", _artefact_columns(reference, artefact))

    def set_failure(self, reference: str, failure: Failure | None) -> None:
        self._update(agreements.c.reference, reference, _failure_columns(failure))

    def _complete(self, rows: Sequence[Row[Any]], details: tuple[Select[Any], Select[Any]], **parameters: object) -> list[Agreement]:
        """Add facts and artefacts to agreement rows: two queries, however many agreements."""
        of_facts, of_artefacts = details
        their_facts = _by_reference(self._rows(of_facts, **parameters))
        their_artefacts = _by_reference(self._rows(of_artefacts, **parameters))
        return [_agreement(row, their_facts[row.reference], their_artefacts[row.reference]) for row in rows]

    # claims
    def claim(self, name: str, holder: str, now: datetime, until: datetime) -> int:
        rows = self._changed_rows(CLAIM, name=name, holder=holder, now=now, until=until)
        if not rows:
            raise Busy(f"claim {name} is held")
        fence: int = rows[0].fence
        return fence

    def verify_claim(self, name: str, fence: int) -> None:
        rows = self._changed_rows(LOCKED_CLAIM, name=name)
        if not rows or rows[0].fence != fence:
            raise Busy(f"claim {name} was taken since fence {fence}")

    def release_claim(self, name: str, fence: int) -> None:
        self._change(RELEASE_CLAIM, {"name": name, "fence": fence})


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
        facts=tuple(_fact(kind, at, version, data) for _, kind, version, at, data in its_facts),
        artefacts=tuple(Artefact(a.version, Stage(a.stage), a.sha256, a.size_bytes, a.at) for a in its_artefacts),
        failure=Failure(row.failed_step, row.failure_code, row.failed_at, row.failed_attempts) if has_failed else None,
    )


@lru_cache(REMEMBERED_FACTS)
def _fact(kind: str, at: datetime | str, version: int, data: str) -> Fact:
    """Read a fact: the same row is read at each page that somebody opens, and never changes."""
    return Fact(FactKind(kind), read_instant(at), version, json.loads(data))


def _fact_columns(reference: str, fact: Fact) -> dict[str, object]:
    columns = {"version": fact.version, "key": fact.key, "kind": fact.kind.value, "at": fact.at, "data": fact.data}
    return {"reference": reference, **columns}


def _artefact_columns(reference: str, artefact: Artefact) -> dict[str, object]:
    file = {"sha256": artefact.sha256, "size_bytes": artefact.size_bytes, "at": artefact.at}
    return {"reference": reference, "version": artefact.version, "stage": artefact.stage.value, **file}
