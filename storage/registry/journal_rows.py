"""The journal: events are appended with the facts; a single sequencer gives each its place in the tree later."""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, bindparam, delete, func, insert, select

from conventions.errors import AlreadyRecorded
from conventions.events import Event, Salted, canonical_event
from conventions.journal.merkle import leaf_hash
from conventions.ports.registry import JournalEntry
from storage.registry.rows import Rows, insert_into
from storage.registry.tables import events, leaves, personal_fields, unsequenced_events

SALT_BYTES = 16
SEQUENCED_AT_ONCE = 500
NUMBERS_A_QUERY = 500
SEQUENCER_LOCK = 0x436F6E74  # PostgreSQL's advisory lock of the one sequencer: "Cont"

ADD_EVENT = insert_into(events, "ON CONFLICT DO NOTHING RETURNING number")
ADD_PERSONAL = insert(personal_fields)
PERSONAL = select(personal_fields).where(personal_fields.c.event_number.in_(bindparam("numbers", expanding=True)))

_ENTRY = select(events.c.number, events.c.canonical, leaves.c.tree_index)
OF_AGREEMENT = (
    _ENTRY.outerjoin_from(events, leaves)
    .where(events.c.reference == bindparam("reference"))
    .order_by(leaves.c.tree_index.is_(None), leaves.c.tree_index, events.c.number)
    .offset(bindparam("offset"))
    .limit(bindparam("limit"))
)
IN_TREE = (
    _ENTRY.join_from(leaves, events)
    .where(leaves.c.tree_index >= bindparam("first"))
    .order_by(leaves.c.tree_index)
    .limit(bindparam("limit"))
)
WAITING = (
    _ENTRY.join_from(unsequenced_events, events)
    .outerjoin(leaves, leaves.c.event_number == events.c.number)
    .order_by(events.c.number)
    .offset(bindparam("offset"))
    .limit(bindparam("limit"))
)

TREE_SIZE = select(func.coalesce(func.max(leaves.c.tree_index) + 1, 0))
LOCK_SEQUENCER = select(func.pg_advisory_xact_lock(SEQUENCER_LOCK))
TAKE = (
    delete(unsequenced_events)
    .where(
        unsequenced_events.c.event_number.in_(
            select(unsequenced_events.c.event_number).order_by(unsequenced_events.c.event_number).limit(SEQUENCED_AT_ONCE)
        )
    )
    .returning(unsequenced_events.c.event_number)
)
TAKEN = (
    select(events.c.number, events.c.canonical).where(events.c.number.in_(bindparam("numbers", expanding=True))).order_by(events.c.number)
)
ADD_LEAVES = insert(leaves)
ANY_UNSEQUENCED = select(unsequenced_events.c.event_number).limit(1)


class JournalRows(Rows):
    """Events, their personal fields and their leaves."""

    def add_event(self, event: Event) -> None:
        salted = {name: Salted(name, value, secrets.token_hex(SALT_BYTES)) for name, value in event.personal.items()}
        columns = {
            "id": event.id,
            "type": event.type,
            "at": event.at,
            "reference": event.reference,
            "canonical": canonical_event(event, salted),
        }
        numbers = self._changed_rows(ADD_EVENT, **columns)
        if not numbers:
            raise AlreadyRecorded(f"events: {event.id} stands already")
        if salted:
            fields = [{"event_number": numbers[0].number, "name": s.name, "value": s.value, "salt": s.salt} for s in salted.values()]
            self._change(ADD_PERSONAL, fields)

    def restore_events(self, canonical: Sequence[bytes]) -> None:
        self._add_all(events, [_restored_columns(one) for one in canonical])

    def events(self, reference: str | None = None, *, after: int = 0, limit: int = 1000) -> Sequence[JournalEntry]:
        if reference is not None:
            return self._entries(OF_AGREEMENT, reference=reference, offset=after, limit=limit)
        found = self._entries(IN_TREE, first=after, limit=limit)
        if len(found) == limit:
            return found
        already_read = max(0, after - self._tree_size())
        return [*found, *self._entries(WAITING, offset=already_read, limit=limit - len(found))]

    def sequence_all(self) -> int:
        """Index every committed event that has no leaf, in the order of their numbers; return how many."""
        if self._connection.dialect.name == "postgresql":
            self._rows(LOCK_SEQUENCER)
        size = first = self._tree_size()
        while batch := self._take_unsequenced():
            self._change(
                ADD_LEAVES,
                [
                    {"tree_index": size + n, "event_number": row.number, "leaf_sha256": leaf_hash(row.canonical)}
                    for n, row in enumerate(batch)
                ],
            )
            size += len(batch)
        return size - first

    def has_unsequenced(self) -> bool:
        """Tell whether a committed event has no leaf yet."""
        return bool(self._rows(ANY_UNSEQUENCED))

    def _take_unsequenced(self) -> Sequence[Row[Any]]:
        numbers = [row.event_number for row in self._changed_rows(TAKE)]
        return self._rows(TAKEN, numbers=numbers) if numbers else []

    def _tree_size(self) -> int:
        size: int = self._rows(TREE_SIZE)[0][0]
        return size

    def _entries(self, query: Select[Any], **parameters: object) -> list[JournalEntry]:
        rows = self._rows(query, **parameters)
        personal = self._personal([row.number for row in rows])
        return [_entry(row, personal[row.number]) for row in rows]

    def _personal(self, numbers: Sequence[int]) -> Mapping[int, dict[str, str]]:
        fields: dict[int, dict[str, str]] = defaultdict(dict)
        for start in range(0, len(numbers), NUMBERS_A_QUERY):
            for row in self._rows(PERSONAL, numbers=numbers[start : start + NUMBERS_A_QUERY]):
                fields[row.event_number][row.name] = row.value
        return fields


def _entry(row: Row[Any], personal: Mapping[str, str]) -> JournalEntry:
    canonical = bytes(row.canonical)
    content = json.loads(canonical)
    event = Event(
        id=content["id"],
        type=content["type"],
        at=datetime.fromisoformat(content["at"]),
        reference=content["reference"],
        data=content["data"],
        personal=personal,
    )
    return JournalEntry(row.tree_index, event, leaf_hash(canonical).hex(), canonical)


def _restored_columns(canonical: bytes) -> dict[str, object]:
    content = json.loads(canonical)
    columns = {name: content[name] for name in ("id", "type", "reference")}
    return {**columns, "at": datetime.fromisoformat(content["at"]), "canonical": canonical}
