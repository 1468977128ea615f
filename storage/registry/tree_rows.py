"""The journal's tree in the database: roots and proofs from stored subtrees, heads, verification, purge of personal fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, bindparam, delete, func, insert, select

from conventions.errors import EvidenceBroken, NotFound
from conventions.events import Salted
from conventions.journal.heads import JournalHead
from conventions.journal.merkle import Frontier, Span, consistency_spans, inclusion_spans, root_of, root_of_peaks
from conventions.journal.verification import RecordedLeaf
from storage.registry.journal_rows import NUMBERS_A_QUERY, PERSONAL, JournalRows
from storage.registry.tables import events, journal_heads, leaves, personal_fields, tree_nodes, unsequenced_events

NODE_LEVELS = (24, 16, 8)
"""Heights of the complete subtrees whose roots are kept: a proof then reads some hundred hashes whatever the tree's size."""
NODE_STEP = 8
LEAVES_A_PAGE = 2_000

LEAF_HASHES = (
    select(leaves.c.leaf_sha256)
    .where(leaves.c.tree_index >= bindparam("start"), leaves.c.tree_index < bindparam("end"))
    .order_by(leaves.c.tree_index)
)
NODE_HASHES = (
    select(tree_nodes.c.sha256)
    .where(tree_nodes.c.level == bindparam("level"), tree_nodes.c.position >= bindparam("start"), tree_nodes.c.position < bindparam("end"))
    .order_by(tree_nodes.c.position)
)
ADD_NODES = insert(tree_nodes)
INDEX_OF = select(leaves.c.tree_index).join_from(leaves, events).where(events.c.id == bindparam("id"))
_RECORDED = (
    select(leaves.c.tree_index, leaves.c.leaf_sha256, leaves.c.event_number, events.c.id, events.c.type, events.c.at, events.c.reference)
    .add_columns(events.c.canonical)
    .order_by(leaves.c.tree_index)
)
RECORDED = (
    _RECORDED.outerjoin_from(leaves, events, leaves.c.event_number == events.c.number)
    .where(leaves.c.tree_index >= bindparam("start"))
    .limit(LEAVES_A_PAGE)
)
SALTED_BETWEEN = (
    select(personal_fields)
    .join_from(leaves, personal_fields, leaves.c.event_number == personal_fields.c.event_number)
    .where(leaves.c.tree_index.between(bindparam("first"), bindparam("last")))
)
SALTED_OF_RANGE = select(personal_fields).where(personal_fields.c.event_number.between(bindparam("first"), bindparam("last")))
RECORDED_OF = _RECORDED.join_from(leaves, events, leaves.c.event_number == events.c.number).where(
    events.c.reference == bindparam("reference")
)
HIDDEN = (
    select(events.c.id)
    .outerjoin_from(events, leaves, leaves.c.event_number == events.c.number)
    .outerjoin(unsequenced_events, unsequenced_events.c.event_number == events.c.number)
    .where(leaves.c.tree_index.is_(None), unsequenced_events.c.event_number.is_(None))
    .order_by(events.c.number)
)
HEADS = select(journal_heads).order_by(journal_heads.c.size)
PURGE = delete(personal_fields).where(
    personal_fields.c.event_number.in_(
        select(events.c.number).where(events.c.type.in_(bindparam("k_types", expanding=True)), events.c.at < bindparam("k_before"))
    )
)


class TreeRows(JournalRows):
    """Everything that is proved of the journal."""

    def sequence_all(self) -> int:
        added = super().sequence_all()
        if added:
            self._ensure_nodes(self._tree_size())
        return added

    def tree_size(self) -> int:
        return self._tree_size()

    def tree_root(self, size: int) -> bytes:
        self._check_size(size)
        return self._span_root((0, size))

    def index_of_event(self, event_id: str) -> int:
        index: int = self._row(INDEX_OF, "event in the tree", event_id, id=event_id)[0]
        return index

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        self._check_size(size)
        if not 0 <= index < size:
            raise NotFound(f"no leaf {index} in a tree of {size}")
        return [self._span_root(span) for span in inclusion_spans(index, size)]

    def consistency_proof(self, first_size: int, size: int) -> list[bytes]:
        self._check_size(size)
        if not 0 < first_size <= size:
            raise NotFound(f"no tree of {first_size} inside one of {size}")
        return [self._span_root(span) for span in consistency_spans(first_size, size)]

    def recorded_leaves(self, first: int = 0) -> Iterator[RecordedLeaf]:
        start = first
        while page := self._rows(RECORDED, start=start):
            personal = _by_event(self._salted_of(start, page))
            for row in page:
                yield _recorded(row, personal[row.event_number])
            start = page[-1].tree_index + 1

    def _salted_of(self, start: int, page: Sequence[Row[Any]]) -> Sequence[Row[Any]]:
        """Read the personal fields of a page: by the range of its events' numbers, as these follow one another in an honest journal."""
        numbers = [row.event_number for row in page]
        first, last = min(numbers), max(numbers)
        if last - first < 2 * LEAVES_A_PAGE:
            return self._rows(SALTED_OF_RANGE, first=first, last=last)
        return self._rows(SALTED_BETWEEN, first=start, last=page[-1].tree_index)

    def leaves_of(self, reference: str) -> Sequence[RecordedLeaf]:
        rows = self._rows(RECORDED_OF, reference=reference)
        personal = self._salted([row.event_number for row in rows])
        return [_recorded(row, personal[row.event_number]) for row in rows]

    def hidden_events(self) -> Sequence[str]:
        return [row.id for row in self._rows(HIDDEN)]

    def add_head(self, head: JournalHead) -> None:
        columns = {
            "size": head.size,
            "root_sha256": head.root_sha256,
            "previous_size": head.previous_size,
            "at": head.at,
            "segment_sha256": head.segment_sha256,
            "stamps": head.stamps,
        }
        self._add(journal_heads, f"head at {head.size}", columns)

    def heads(self) -> Sequence[JournalHead]:
        return [JournalHead(r.size, r.root_sha256, r.previous_size, r.at, r.segment_sha256, r.stamps) for r in self._rows(HEADS)]

    def purge_personal(self, types: Sequence[str], before: datetime) -> int:
        return self._change(PURGE, {"k_types": list(types), "k_before": before})

    def _check_size(self, size: int) -> None:
        if not 0 <= size <= self._tree_size():
            raise NotFound(f"the tree never had {size} leaves")

    def _span_root(self, span: Span) -> bytes:
        """Compute the root of an aligned subtree from stored nodes, then from the leaves that fill no node."""
        start, end = span
        peaks: list[bytes] = []
        for level in (*NODE_LEVELS, 0):
            count = (end - start) >> level
            if count:
                peaks.extend(self._peaks(level, start >> level, count))
                start += count << level
        return root_of_peaks(peaks)

    def _peaks(self, level: int, start: int, count: int) -> list[bytes]:
        frontier = Frontier()
        for node in self._hashes(level, start, count):
            frontier.append(node)
        return frontier.peaks

    def _hashes(self, level: int, start: int, count: int) -> list[bytes]:
        if level == 0:
            rows = self._rows(LEAF_HASHES, start=start, end=start + count)
            if len(rows) != count:
                raise EvidenceBroken(f"leaves are missing between {start} and {start + count}")
        else:
            rows = self._rows(NODE_HASHES, level=level, start=start, end=start + count)
            if len(rows) != count:  # the leaves were there before nodes were kept
                return [self._node_from_below(level, position) for position in range(start, start + count)]
        return [bytes(row[0]) for row in rows]

    def _ensure_nodes(self, size: int) -> None:
        """Keep the root of each complete subtree of 2**8, 2**16 and 2**24 leaves that is not kept yet."""
        for level in reversed(NODE_LEVELS):
            known: int = self._rows(select(func.coalesce(func.max(tree_nodes.c.position) + 1, 0)).where(tree_nodes.c.level == level))[0][0]
            nodes = [
                {"level": level, "position": position, "sha256": self._node_from_below(level, position)}
                for position in range(known, size >> level)
            ]
            if nodes:
                self._change(ADD_NODES, nodes)

    def _node_from_below(self, level: int, position: int) -> bytes:
        return root_of(self._hashes(level - NODE_STEP, position << NODE_STEP, 1 << NODE_STEP))

    def _salted(self, numbers: Sequence[int]) -> Mapping[int, list[Salted]]:
        parts = (numbers[start : start + NUMBERS_A_QUERY] for start in range(0, len(numbers), NUMBERS_A_QUERY))
        return _by_event(row for part in parts for row in self._rows(PERSONAL, numbers=part))


def _by_event(rows: Iterable[Row[Any]]) -> Mapping[int, list[Salted]]:
    fields: dict[int, list[Salted]] = defaultdict(list)
    for number, name, value, salt in rows:
        fields[number].append(Salted(name, value, salt))
    return fields


def _recorded(row: Row[Any], personal: Sequence[Salted]) -> RecordedLeaf:
    index, leaf_sha256, _, event_id, type_, at, reference, canonical = row
    return RecordedLeaf(
        index, bytes(leaf_sha256), event_id, type_, at, reference, None if canonical is None else bytes(canonical), personal
    )
