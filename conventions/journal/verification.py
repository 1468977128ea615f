"""Find what was done to the journal: any event changed, removed, inserted or moved, and which.

Two things are compared with what the events are now: the leaves recorded beside them, and the archived segments, which nobody
with the database in hand can rewrite.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from conventions.events import EVENT_SCHEMA, Salted
from conventions.journal.heads import JournalHead, parse_segment
from conventions.journal.merkle import Frontier, leaf_hash


class Tampering(StrEnum):
    """What was done to an event, or to what stands beside it."""

    CHANGED = "changed"
    REMOVED = "removed"
    INSERTED = "inserted"
    MOVED = "moved"
    COLUMNS_DIFFER = "columns_differ"
    PERSONAL_FIELD_DIFFERS = "personal_field_differs"
    NEVER_SEQUENCED = "never_sequenced"
    HEAD_DIFFERS = "head_differs"
    HEAD_UNREADABLE = "head_unreadable"
    HEAD_NOT_ARCHIVED = "head_not_archived"
    SEGMENT_LOST = "segment_lost"


@dataclass(frozen=True)
class JournalFinding:
    """One thing wrong: at which index of the tree, with which event; None where there is none, or when it is gone.

    Of a head: its size in place of the index, and the archive's key in place of the event.
    """

    tampering: Tampering
    index: int | None
    event_id: str | None


@dataclass(slots=True)  # not frozen: one is made for each of millions of events, and freezing it costs three times as much
class RecordedLeaf:
    """A leaf and its event as the database gives them; ``event_id`` and ``canonical`` are None when the event is gone."""

    index: int
    leaf_sha256: bytes
    event_id: str | None
    type: str | None
    at: datetime | None
    reference: str | None
    canonical: bytes | None
    personal: Sequence[Salted] = ()


@dataclass
class JournalReport:
    """What was read and what is wrong with it."""

    size: int = 0
    root_sha256: str = ""
    findings: list[JournalFinding] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.findings


def assess_journal(leaves: Iterable[RecordedLeaf], heads: Sequence[JournalHead], hidden: Iterable[str] = ()) -> JournalReport:
    """Check every leaf against its event, and the tree against each head, oldest first, in one pass.

    ``hidden`` are the ids of events that have no leaf and do not wait for one.
    """
    report, frontier = JournalReport(), Frontier()
    suspects: list[tuple[RecordedLeaf, bytes]] = []
    waiting = sorted(heads, key=lambda head: head.size)
    for leaf in leaves:
        for missing in range(frontier.size, leaf.index):
            report.findings.append(JournalFinding(Tampering.REMOVED, missing, None))
            frontier.append(leaf_hash(b""))
        found = None if leaf.canonical is None else leaf_hash(leaf.canonical)
        if found is None:
            report.findings.append(JournalFinding(Tampering.REMOVED, leaf.index, leaf.event_id))
        elif found != leaf.leaf_sha256:
            suspects.append((leaf, found))
        elif not _is_written_from(leaf):
            report.findings.extend(_beside(leaf))
        frontier.append(found or leaf.leaf_sha256)
        while waiting and waiting[0].size == frontier.size:
            report.findings.extend(_at_head(waiting.pop(0), frontier))
    report.findings.extend(JournalFinding(Tampering.HEAD_DIFFERS, head.size, None) for head in waiting)
    report.findings.extend(_told_apart(suspects))
    report.findings.extend(JournalFinding(Tampering.NEVER_SEQUENCED, None, event_id) for event_id in hidden)
    report.size, report.root_sha256 = frontier.size, frontier.root().hex()
    return report


def compare_with_segment(segment: bytes, first_index: int, events: Sequence[bytes]) -> Iterator[JournalFinding]:
    """Say which events differ from an archived segment: ``events`` are the canonical events now found from ``first_index`` on."""
    kept = parse_segment(segment)
    if kept == list(events):
        return
    kept_ids, found_ids = [_id_of(event) for event in kept], [_id_of(event) for event in events]
    place_kept = {event_id: place for place, event_id in enumerate(kept_ids)}
    place_found = {event_id: place for place, event_id in enumerate(found_ids)}
    common_kept = [event_id for event_id in kept_ids if event_id in place_found]
    common_found = [event_id for event_id in found_ids if event_id in place_kept]
    moved = {one for one, other in zip(common_kept, common_found, strict=True) if one != other}
    for place, event_id in enumerate(kept_ids):
        index = first_index + place
        if event_id not in place_found:
            yield JournalFinding(Tampering.REMOVED, index, event_id)
        elif events[place_found[event_id]] != kept[place]:
            yield JournalFinding(Tampering.CHANGED, index, event_id)
        elif event_id in moved:
            yield JournalFinding(Tampering.MOVED, index, event_id)
    for place, event_id in enumerate(found_ids):
        if event_id not in place_kept:
            yield JournalFinding(Tampering.INSERTED, first_index + place, event_id)


def _beside(leaf: RecordedLeaf) -> Iterator[JournalFinding]:
    """Say what differs between what stands beside an event and what was hashed."""
    content: Mapping[str, object] = json.loads(leaf.canonical or b"{}")
    at = content.get("at")
    hashed = content.get("id"), content.get("type"), content.get("reference"), datetime.fromisoformat(at) if isinstance(at, str) else None
    if hashed != (leaf.event_id, leaf.type, leaf.reference, leaf.at):
        yield JournalFinding(Tampering.COLUMNS_DIFFER, leaf.index, leaf.event_id)
    commitments = content.get("personal")
    for salted in leaf.personal:
        if not isinstance(commitments, Mapping) or commitments.get(salted.name) != salted.commitment:
            yield JournalFinding(Tampering.PERSONAL_FIELD_DIFFERS, leaf.index, leaf.event_id)


def _is_written_from(leaf: RecordedLeaf) -> bool:
    """Tell at once whether an event was written from what stands beside it; when not, only reading it tells what differs.

    Its first and last members, as canonical JSON orders them, are written again and compared: no text inside it can look so,
    because its quotation marks are escaped.
    """
    canonical, at = leaf.canonical or b"", leaf.at
    in_order = leaf.personal if len(leaf.personal) == 1 else sorted(leaf.personal, key=_name)
    personal = ",".join([f'"{salted.name}":"{salted.commitment}"' for salted in in_order])
    reference = "null" if leaf.reference is None else f'"{leaf.reference}"'
    tail = f',"id":"{leaf.event_id}","personal":{{{personal}}},"reference":{reference},"schema":"{EVENT_SCHEMA}","type":"{leaf.type}"}}'
    return at is not None and canonical.startswith(f'{{"at":"{at.isoformat()}","data":'.encode()) and canonical.endswith(tail.encode())


def _name(salted: Salted) -> str:
    return salted.name


def _at_head(head: JournalHead, frontier: Frontier) -> Iterator[JournalFinding]:
    if frontier.root().hex() != head.root_sha256:
        yield JournalFinding(Tampering.HEAD_DIFFERS, head.size, None)


def _told_apart(suspects: Sequence[tuple[RecordedLeaf, bytes]]) -> Iterator[JournalFinding]:
    """An event whose hash is another suspect's leaf was moved there; any other was changed."""
    leaves = {leaf.leaf_sha256 for leaf, _ in suspects}
    for leaf, found in suspects:
        yield JournalFinding(Tampering.MOVED if found in leaves else Tampering.CHANGED, leaf.index, leaf.event_id)


def _id_of(event: bytes) -> str:
    return str(json.loads(event)["id"])
