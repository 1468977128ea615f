"""The journal's tree of the in-memory transaction."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from conventions.errors import NotFound
from conventions.events import Event
from conventions.journal.heads import JournalHead
from conventions.journal.merkle import consistency_proof, inclusion_proof, root_of
from conventions.journal.verification import RecordedLeaf
from tests.fakes.registry_records import RecordsTransaction
from tests.fakes.registry_state import RecordedEvent


class JournalTransaction(RecordsTransaction):
    """Everything that is proved of the journal."""

    def tree_size(self) -> int:
        return len(self.state.indexes)

    def tree_root(self, size: int) -> bytes:
        return root_of(self._leaves(size))

    def index_of_event(self, event_id: str) -> int:
        return self._get(self.state.indexes, event_id, "event in the tree")

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        leaves = self._leaves(size)
        if not 0 <= index < size:
            raise NotFound(f"no leaf {index} in a tree of {size}")
        return inclusion_proof(leaves, index)

    def consistency_proof(self, first_size: int, size: int) -> list[bytes]:
        leaves = self._leaves(size)
        if not 0 < first_size <= size:
            raise NotFound(f"no tree of {first_size} inside one of {size}")
        return consistency_proof(leaves, first_size)

    def recorded_leaves(self, first: int = 0) -> Iterator[RecordedLeaf]:
        for event_id, index in self.state.indexes.items():
            if index >= first:
                yield _recorded(index, self.state.leaves[event_id], self.state.events.get(event_id))

    def leaves_of(self, reference: str) -> Sequence[RecordedLeaf]:
        return [leaf for leaf in self.recorded_leaves() if leaf.reference == reference]

    def restore_events(self, canonical: Sequence[bytes]) -> None:
        for one in canonical:
            content = json.loads(one)
            at = datetime.fromisoformat(content["at"])
            event = Event(content["id"], content["type"], at, content["reference"], content["data"], {})
            self._add(self.state.events, event.id, RecordedEvent(event, {}, one))

    def hidden_events(self) -> Sequence[str]:
        return []

    def add_head(self, head: JournalHead) -> None:
        follows = any(known.previous_size == head.previous_size for known in self.state.heads.values())
        self._add(self.state.heads, head.size, head, follows)

    def heads(self) -> Sequence[JournalHead]:
        return [self.state.heads[size] for size in sorted(self.state.heads)]

    def purge_personal(self, types: Sequence[str], before: datetime) -> int:
        self._check_writes()
        purged = 0
        for event_id, recorded in self.state.events.items():
            if recorded.event.type in types and recorded.event.at < before:
                purged += len(recorded.salted)
                bare = dataclasses.replace(recorded.event, personal={})
                self.state.events[event_id] = RecordedEvent(bare, {}, recorded.canonical)
        return purged

    def _leaves(self, size: int) -> list[bytes]:
        if not 0 <= size <= self.tree_size():
            raise NotFound(f"the tree never had {size} leaves")
        return [self.state.leaves[event_id] for event_id in self.state.indexes][:size]


def _recorded(index: int, leaf_sha256: bytes, recorded: RecordedEvent | None) -> RecordedLeaf:
    if recorded is None:
        return RecordedLeaf(index, leaf_sha256, None, None, None, None, None)
    event = recorded.event
    return RecordedLeaf(
        index, leaf_sha256, event.id, event.type, event.at, event.reference, recorded.canonical, tuple(recorded.salted.values())
    )
