"""The outbox: rows committed with the facts, leased by workers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, or_, select, update

from conventions.outgoing import Outgoing, OutgoingState, Template
from storage.registry.columns import Instant
from storage.registry.rows import Rows, insert_into
from storage.registry.tables import outbox

IS_WAITING = outbox.c.state == OutgoingState.WAITING.value
ENQUEUE = insert_into(outbox, "ON CONFLICT (key) DO NOTHING")
ONE = select(outbox).where(outbox.c.id == bindparam("id"))
FREE = (
    select(outbox)
    .where(IS_WAITING, outbox.c.due_at <= bindparam("now"), or_(outbox.c.leased_until.is_(None), outbox.c.leased_until <= bindparam("now")))
    .order_by(outbox.c.due_at, outbox.c.number)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
LEASE = (
    update(outbox)
    .where(outbox.c.id.in_(bindparam("k_ids", expanding=True)))
    .values(lease=outbox.c.lease + 1, leased_until=bindparam("until", type_=Instant))
)
UPDATE_LEASED = update(outbox).where(outbox.c.id == bindparam("k_id"), outbox.c.lease == bindparam("k_lease"))
OF_AGREEMENT = select(outbox).where(outbox.c.reference == bindparam("reference")).order_by(outbox.c.number)
DEAD = select(outbox).where(outbox.c.state == OutgoingState.DEAD.value).order_by(outbox.c.number)
COUNT_LATE = select(func.count()).select_from(outbox).where(IS_WAITING, outbox.c.due_at < bindparam("due_before"))


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
        self._change(ENQUEUE, columns)

    def outgoing(self, outgoing_id: str) -> Outgoing:
        return outgoing_of_row(self._row(ONE, "outbox row", outgoing_id, id=outgoing_id))

    def lease_outgoing(self, now: datetime, until: datetime, limit: int) -> Sequence[Outgoing]:
        rows = [outgoing_of_row(row) for row in self._changed_rows(FREE, now=now, limit=limit)]
        if rows:
            self._change(LEASE, {"k_ids": [row.id for row in rows], "until": until})
        return [dataclasses.replace(row, lease=row.lease + 1, leased_until=until) for row in rows]

    def update_outgoing(self, outgoing: Outgoing) -> bool:
        if self._change(UPDATE_LEASED, {"k_id": outgoing.id, "k_lease": outgoing.lease, **_outcome(outgoing)}) == 1:
            return True
        self.outgoing(outgoing.id)
        return False

    def outgoing_of(self, reference: str) -> Sequence[Outgoing]:
        return [outgoing_of_row(row) for row in self._rows(OF_AGREEMENT, reference=reference)]

    def dead_letters(self) -> Sequence[Outgoing]:
        return [outgoing_of_row(row) for row in self._rows(DEAD)]

    def count_late(self, due_before: datetime) -> int:
        count: int = self._rows(COUNT_LATE, due_before=due_before)[0][0]
        return count


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


def outgoing_of_row(row: Row[Any]) -> Outgoing:
    """Read a row of the outbox."""
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
