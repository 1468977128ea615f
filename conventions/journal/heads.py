"""The journal's daily head and the segment of events that goes with it: what is time-stamped, and what is archived.

A head says how large the tree was, its root, and where the head before it stood. A segment is the canonical events since that
head, one a line: personal fields are commitments there already.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.errors import EvidenceBroken
from conventions.journal.merkle import Frontier, leaf_hash

HEAD_SCHEMA = "contreseing/journal-head/1"
RECORD_SCHEMA = "contreseing/journal-head-record/1"


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


def parse_head(data: bytes, stamps: Mapping[str, str]) -> JournalHead:
    """Read back what was time-stamped of a head, beside its stamps.

    Raises:
        EvidenceBroken: not the bytes of a head.
    """
    try:
        content = json.loads(data)
        at = datetime.fromisoformat(content["at"])
        head = JournalHead(content["size"], content["root_sha256"], content["previous_size"], at, content["segment_sha256"], dict(stamps))
    except (ValueError, KeyError, TypeError) as error:
        raise EvidenceBroken("a head of the journal cannot be read") from error
    if render_head(head) != data:
        raise EvidenceBroken("a head of the journal is not written as heads are")
    return head


def render_head_record(head: JournalHead) -> bytes:
    """Serialise what completes a head in the archive: the digests of its own bytes and of each stamp's token (canonical JSON)."""
    return render_canonical({"schema": RECORD_SCHEMA, "head_sha256": sha256_hex(render_head(head)), "stamps": dict(head.stamps)})


def parse_head_record(data: bytes) -> tuple[str, Mapping[str, str]]:
    """Read the digest of a head's bytes, and of each authority's token.

    Raises:
        EvidenceBroken: not a record of a head.
    """
    try:
        content = json.loads(data)
        if content["schema"] != RECORD_SCHEMA:
            raise EvidenceBroken("the record of a head of the journal is of another schema")
        return str(content["head_sha256"]), {str(name): str(digest) for name, digest in content["stamps"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvidenceBroken("the record of a head of the journal cannot be read") from error


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
