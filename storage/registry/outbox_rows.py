"""The outbox: rows committed with the facts, leased by workers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, or_, select, update

from conventions.outgoing import Outgoing, OutgoingState, Template
from storage.registry.rows import Rows
from storage.registry.tables import outbox


class OutboxRows(Rows):
    """What is to leave."""

    def enqueue(self, outgoing: Outgoing) -> None:
        columns = {
            "id": outgoing.id,
            "key": outgoing.key,
            "template": outgoing.template.value,
            "reference": outgoing.reference,
            "ids": outgoing.ids,
            **_outcome(outgoing),
        }
        self._change(self._insert(outbox).values(**columns).on_conflict_do_nothing(index_elements=[outbox.c.key]))

    def outgoing(self, outgoing_id: str) -> Outgoing:
        return _outgoing(self._row(select(outbox).where(outbox.c.id == outgoing_id), "outbox row", outgoing_id))

    def lease_outgoing(self, now: datetime, until: datetime, limit: int) -> Sequence[Outgoing]:
        self._check_writes()
        due = select(outbox).where(outbox.c.state == OutgoingState.WAITING.value, outbox.c.due_at <= now)
        free = due.where(or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= now))
        oldest = free.order_by(outbox.c.due_at, outbox.c.number).limit(limit)
        rows = [_outgoing(row) for row in self._rows(oldest.with_for_update(skip_locked=True))]
        if rows:
            mine = update(outbox).where(outbox.c.id.in_([row.id for row in rows]))
            self._change(mine.values(lease=outbox.c.lease + 1, leased_until=until))
        return [dataclasses.replace(row, lease=row.lease + 1, leased_until=until) for row in rows]

    def update_outgoing(self, outgoing: Outgoing) -> bool:
        mine = update(outbox).where(outbox.c.id == outgoing.id, outbox.c.lease == outgoing.lease)
        if self._change(mine.values(**_outcome(outgoing))) == 1:
            return True
        self.outgoing(outgoing.id)
        return False

    def outgoing_of(self, reference: str) -> Sequence[Outgoing]:
        return self._list(select(outbox).where(outbox.c.reference == reference))

    def dead_letters(self) -> Sequence[Outgoing]:
        return self._list(select(outbox).where(outbox.c.state == OutgoingState.DEAD.value))

    def count_late(self, due_before: datetime) -> int:
        late = select(func.count()).select_from(outbox).where(outbox.c.state == OutgoingState.WAITING.value, outbox.c.due_at < due_before)
        count: int = self._rows(late)[0][0]
        return count

    def _list(self, query: Select[Any]) -> Sequence[Outgoing]:
        return [_outgoing(row) for row in self._rows(query.order_by(outbox.c.number))]


def _outcome(outgoing: Outgoing) -> Mapping[str, object]:
    """The columns that change in the life of a row."""
    return {
        "due_at": outgoing.due_at,
        "state": outgoing.state.value,
        "attempts": outgoing.attempts,
        "lease": outgoing.lease,
        "leased_until": outgoing.leased_until,
        "last_error_code": outgoing.last_error_code,
        "settled_at": outgoing.settled_at,
    }


def _outgoing(row: Row[Any]) -> Outgoing:
    return Outgoing(
        id=row.id,
        key=row.key,
        template=Template(row.template),
        reference=row.reference,
        due_at=row.due_at,
        ids=row.ids,
        state=OutgoingState(row.state),
        attempts=row.attempts,
        lease=row.lease,
        leased_until=row.leased_until,
        last_error_code=row.last_error_code,
        settled_at=row.settled_at,
    )
