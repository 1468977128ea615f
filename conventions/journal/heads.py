"""The journal's daily head and the segment of events that goes with it: what is time-stamped, and what is archived.

A head says how large the tree was, its root, and where the head before it stood. A segment is the canonical events since that
head, one a line: personal fields are commitments there already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.errors import EvidenceBroken
from conventions.journal.merkle import Frontier, leaf_hash

HEAD_SCHEMA = "contreseing/journal-head/1"


@dataclass(frozen=True)
class JournalHead:
    """The tree at an instant.

    ``segment_sha256`` is the digest of the events since ``previous_size``; ``stamps`` maps each time-stamp authority to the
    digest of its RFC 3161 token over ``render_head``.
    """

    size: int
    root_sha256: str
    previous_size: int
    at: datetime
    segment_sha256: str
    stamps: Mapping[str, str]


def render_head(head: JournalHead) -> bytes:
    """Serialise what is time-stamped of a head (canonical JSON, without the stamps)."""
    content: Mapping[str, Json] = {
        "schema": HEAD_SCHEMA,
        "size": head.size,
        "root_sha256": head.root_sha256,
        "previous_size": head.previous_size,
        "at": head.at.isoformat(),
        "segment_sha256": head.segment_sha256,
    }
    return render_canonical(content)


def render_segment(events: Iterable[bytes]) -> bytes:
    """Serialise canonical events, one a line (canonical JSON holds no line break)."""
    return b"".join(event + b"\n" for event in events)


def parse_segment(segment: bytes) -> list[bytes]:
    """Read the canonical events of a segment back.

    Raises:
        EvidenceBroken: it does not end where an event does.
    """
    if segment and not segment.endswith(b"\n"):
        raise EvidenceBroken("the segment of the journal is cut short")
    return segment.split(b"\n")[:-1]


def verify_segment(head: JournalHead, segment: bytes, before: Frontier) -> Frontier:
    """Check a segment against its head, from the frontier of the head before it; return the frontier of this one.

    Raises:
        EvidenceBroken: other bytes than were recorded, another number of events, or another root.
    """
    if sha256_hex(segment) != head.segment_sha256:
        raise EvidenceBroken(f"the segment of the head at {head.size} has other bytes")
    after = Frontier(before.size, before.peaks)
    for event in parse_segment(segment):
        after.append(leaf_hash(event))
    if before.size != head.previous_size or after.size != head.size or after.root().hex() != head.root_sha256:
        raise EvidenceBroken(f"the segment does not lead to the head at {head.size}")
    return after
