"""Finding agreements: a row a search is made on, kept as facts are recorded, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, insert, select

from conventions.agreements import Agreement, Fact
from conventions.kinds import Kind
from conventions.members import Member
from conventions.ports.registry import AgreementStatus
from conventions.search import SearchRow, Wanted, search_row
from conventions.status import Status
from storage.registry.actors import ActorRows
from storage.registry.agreement_rows import NAMED, OF_NAMED, AgreementRows
from storage.registry.attention_rows import TO_HANDLE, to_handle_values
from storage.registry.rows import insert_into
from storage.registry.tables import agreements, members, search_rows, search_statuses

SIRET_DIGITS = 14

SET_ROW = insert_into(
    search_rows,
    "ON CONFLICT (reference) DO UPDATE SET text = excluded.text, kind = excluded.kind, campaign_id = excluded.campaign_id, "
    "contribution_eur = excluded.contribution_eur, services = excluded.services, signed_at = excluded.signed_at",
)
DROP_STATUSES = delete(search_statuses).where(search_statuses.c.reference == bindparam("reference"))
ADD_STATUSES = insert(search_statuses)
WRITTEN_AT_ONCE = 200
OF_MEMBER = select(agreements.c.reference).where(agreements.c.member_id == bindparam("member_id"))

STATUSES_OF_KIND = (
    select(agreements.c.reference, agreements.c.member_id, agreements.c.campaign_id, search_statuses.c.status)
    .join(search_statuses, search_statuses.c.reference == agreements.c.reference)
    .where(
        agreements.c.programme_id == bindparam("programme_id"),
        agreements.c.kind == bindparam("kind"),
        search_statuses.c.from_at <= bindparam("now"),
        search_statuses.c.until_at > bindparam("now"),
    )
    .order_by(agreements.c.reference)
)


class SearchRows(AgreementRows, ActorRows):
    """What is found is what was recorded: whatever changes an agreement or its member changes its row."""

    def __init__(self, connection: Connection, *, writes: bool) -> None:
        super().__init__(connection, writes=writes)
        self._touched: set[str] = set()

    def add_agreement(self, agreement: Agreement) -> None:
        super().add_agreement(agreement)
        self._touch(agreement.reference)

    def add_fact(self, reference: str, fact: Fact) -> None:
        super().add_fact(reference, fact)
        self._touch(reference)

    def update_member(self, member: Member) -> None:
        super().update_member(member)
        for row in self._rows(OF_MEMBER, member_id=member.id):
            self._touch(row.reference)

    def find_agreements(self, wanted: Wanted, now: datetime, *, after: str = "", limit: int = 50) -> Sequence[Agreement]:
        references = [row.reference for row in self._rows(_query(wanted), **_values(wanted, now), after=after, limit=limit)]
        if not references:
            return []
        return self._complete(self._rows(NAMED, references=references), OF_NAMED, references=references)

    def statuses_of_kind(self, programme_id: str, kind: Kind, now: datetime) -> Sequence[AgreementStatus]:
        rows = self._rows(STATUSES_OF_KIND, programme_id=programme_id, kind=kind.value, now=now)
        return [AgreementStatus(row.reference, row.member_id, row.campaign_id, Status(row.status)) for row in rows]

    def refresh_search(self) -> None:
        """Write the rows of the agreements that this transaction changed; called before it commits."""
        touched = sorted(self._touched)
        for first in range(0, len(touched), WRITTEN_AT_ONCE):
            changed = self.agreements_named(touched[first : first + WRITTEN_AT_ONCE])
            self._set_rows([search_row(agreement, self.member(agreement.member_id)) for agreement in changed])
        self._touched.clear()

    def _touch(self, reference: str) -> None:
        self._touched.add(reference)

    def _set_rows(self, rows: Sequence[SearchRow]) -> None:
        self._change(SET_ROW, [_columns(row) for row in rows])
        self._change(DROP_STATUSES, [{"reference": row.reference} for row in rows])
        self._change(ADD_STATUSES, [period for row in rows for period in _periods(row)])


def _query(wanted: Wanted) -> Select[Any]:
    """Build the query of what is looked at; its text depends on which criteria there are, never on their values."""
    found, when = search_rows.c, search_statuses.c
    query = select(found.reference).where(found.reference > bindparam("after"))
    for number, word in enumerate(wanted.words):
        if len(word) == SIRET_DIGITS and word.isdigit():  # found by the members' index, not by reading every row
            holders = select(members.c.id).where(members.c.siret == bindparam(f"word_{number}"))
            query = query.where(found.reference.in_(select(agreements.c.reference).where(agreements.c.member_id.in_(holders))))
        else:
            query = query.where(found.text.contains(bindparam(f"word_{number}"), escape="\\"))
    if wanted.campaign_id is not None:
        query = query.where(found.campaign_id == bindparam("campaign_id"))
    if wanted.kind is not None:
        query = query.where(found.kind == bindparam("kind"))
    if wanted.status is not None:
        query = query.join(search_statuses, when.reference == found.reference).where(
            when.status == bindparam("status"), when.from_at <= bindparam("now"), when.until_at > bindparam("now")
        )
    if wanted.is_about_signature:
        query = query.where(found.signed_at >= bindparam("signed_from"), found.signed_at < bindparam("signed_beyond"))
    if wanted.least_eur is not None:
        query = query.where(found.contribution_eur >= bindparam("least_eur"))
    if wanted.most_eur is not None:
        query = query.where(found.contribution_eur <= bindparam("most_eur"))
    if wanted.service is not None:
        query = query.where(found.services.contains(bindparam("service"), escape="\\"))
    if wanted.to_handle:
        query = query.where(found.reference.in_(TO_HANDLE))
    return query.order_by(found.reference).limit(bindparam("limit"))


def _values(wanted: Wanted, now: datetime) -> dict[str, object]:
    first, beyond = wanted.signed_between
    given: dict[str, object] = {f"word_{number}": _escaped(word) for number, word in enumerate(wanted.words)}
    if wanted.campaign_id is not None:
        given["campaign_id"] = wanted.campaign_id
    if wanted.kind is not None:
        given["kind"] = wanted.kind.value
    if wanted.status is not None:
        given |= {"status": wanted.status.value, "now": now}
    if wanted.is_about_signature:
        given |= {"signed_from": first, "signed_beyond": beyond}
    if wanted.least_eur is not None:
        given["least_eur"] = wanted.least_eur
    if wanted.most_eur is not None:
        given["most_eur"] = wanted.most_eur
    if wanted.service is not None:
        given["service"] = f" {_escaped(wanted.service)} "
    if wanted.to_handle:
        given |= to_handle_values(now)
    return given


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _columns(row: SearchRow) -> dict[str, object]:
    return {
        "reference": row.reference,
        "text": row.text,
        "kind": row.kind.value,
        "campaign_id": row.campaign_id,
        "contribution_eur": row.contribution_eur,
        "services": f" {' '.join(row.services)} ",
        "signed_at": row.signed_at,
    }


def _periods(row: SearchRow) -> Iterator[dict[str, object]]:
    for one in row.periods:
        yield {"reference": row.reference, "from_at": one.from_at, "until_at": one.until_at, "status": one.status.value}
