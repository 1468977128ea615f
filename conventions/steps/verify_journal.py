"""Check the journal against its leaves, and against its archived heads and segments, which nobody with the database can rewrite."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from conventions.canonical import sha256_hex
from conventions.errors import EvidenceBroken, NotFound, VerificationFailed
from conventions.journal.heads import JournalHead, parse_head, parse_head_record
from conventions.journal.verification import (
    JournalFinding,
    RecordedLeaf,
    Tampering,
    assess_journal,
    compare_with_segment,
)
from conventions.ports.system import Ports
from conventions.steps.stamp_journal import RECORD_KIND
from conventions.taking_up import excused, takings_up

JOURNAL_PREFIX = "journal/"
PAGE = 10_000
"""Events read at once after the last head; up to it, a head at a time."""


@dataclass(frozen=True)
class JournalCheck:
    """What was read (events in the tree, its root, stamped heads) and each thing found wrong, once.

    ``left`` are the heads of a journal that was lost and taken up again: nothing can be compared with them any more.
    """

    size: int
    root_sha256: str
    heads: tuple[JournalHead, ...]
    findings: tuple[JournalFinding, ...]
    left: tuple[JournalHead, ...] = ()

    @property
    def holds(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.findings


def verify_journal(ports: Ports) -> JournalCheck:
    """Check every event, leaf, head, stamp and segment.

    Raises:
        UpstreamUnavailable: nothing can be said.
    """
    found = list[JournalFinding]()
    readable, keys = readable_heads(ports, found)
    with ports.registry.read() as tx:
        entered, hidden, takings = list(tx.heads()), tx.hidden_events(), takings_up(tx)
    takings = excused(takings, readable, lambda head: has_segment(ports, keys, head))
    left = [head for head in readable if any(one.leaves(head) for one in takings)]
    standing = [head for head in readable if head not in left]
    heads, known = _chained(standing), {key for one in takings for key in one.unreadable}
    found = [one for one in found if one.event_id not in known]
    found += [JournalFinding(Tampering.HEAD_NOT_ARCHIVED, head.size, None) for head in entered if head not in heads]
    found += [JournalFinding(Tampering.HEAD_DIFFERS, head.size, None) for head in heads if head not in entered]
    unstamped = set[str]()
    report = assess_journal(_leaves(ports, heads, keys, found, unstamped), standing, hidden)
    findings = dict.fromkeys([*report.findings, *_without_pushed(found, unstamped)])
    return JournalCheck(report.size, report.root_sha256, tuple(heads), tuple(findings), tuple(left))


def readable_heads(ports: Ports, found: list[JournalFinding]) -> tuple[list[JournalHead], dict[str, str]]:
    """Read every head of the archive that can be, in any order, and the archive's keys by digest.

    Each is read with its stamps, which are checked at their own time; what is wrong with one is added to ``found``.
    """
    keys = {key.rpartition("-")[2]: key for key in ports.archive.keys(JOURNAL_PREFIX)}
    heads = []
    for key in keys.values():
        if f"-{RECORD_KIND}-" in key:
            try:
                heads.append(_archived_head(ports, keys, key))
            except (EvidenceBroken, VerificationFailed, NotFound):
                found.append(JournalFinding(Tampering.HEAD_UNREADABLE, None, key))
    return heads, keys


def _archived_head(ports: Ports, keys: dict[str, str], record_key: str) -> JournalHead:
    head_sha256, stamps = parse_head_record(read_journal_object(ports, keys, record_key.rpartition("-")[2]))
    data = read_journal_object(ports, keys, head_sha256)
    for token_sha256 in stamps.values():
        ports.timestamps.verify(read_journal_object(ports, keys, token_sha256), data)
    if not stamps:
        raise EvidenceBroken(f"{record_key}: no stamp")
    return parse_head(data, stamps)


def read_journal_object(ports: Ports, keys: dict[str, str], sha256: str) -> bytes:
    """Return an object of the archived journal by its digest.

    Raises:
        NotFound: the archive has none.
        EvidenceBroken: it holds other bytes.
        UpstreamUnavailable.
    """
    if sha256 not in keys:
        raise NotFound(f"the archive of the journal has no object {sha256}")
    data = ports.archive.read(keys[sha256])
    if sha256_hex(data) != sha256:
        raise EvidenceBroken(f"{keys[sha256]} holds other bytes")
    return data


def has_segment(ports: Ports, keys: dict[str, str], head: JournalHead) -> bool:
    """Tell whether the archive gives the events of a head as they were stamped.

    Raises:
        UpstreamUnavailable.
    """
    try:
        read_journal_object(ports, keys, head.segment_sha256)
    except (EvidenceBroken, NotFound):
        return False
    return True


def _chained(heads: Sequence[JournalHead]) -> list[JournalHead]:
    """Follow the heads back from the largest; one that no other follows was made beside the chain, by two workers at once."""
    by_size = {head.size: head for head in heads}
    chain, size = list[JournalHead](), max(by_size, default=0)
    while size in by_size:
        chain.append(by_size[size])
        size = by_size[size].previous_size
    return chain[::-1]


def _without_pushed(found: Sequence[JournalFinding], unstamped: set[str]) -> Iterator[JournalFinding]:
    """Leave out the events that another one, inserted or removed, pushed over the border of a segment: nobody touched them.

    ``unstamped`` are the ids after the last head. One of them that a removal pulled before it stays named as inserted: nothing
    tells it from one that was.
    """
    gone = {finding.event_id for finding in found if finding.tampering is Tampering.REMOVED}
    come = {finding.event_id for finding in found if finding.tampering is Tampering.INSERTED}
    pushed = gone & (come | unstamped)
    is_explained = bool((gone | come) - pushed)
    for finding in found:
        if finding.event_id not in pushed:
            yield finding
        elif not is_explained and finding.tampering is Tampering.REMOVED:
            yield JournalFinding(Tampering.MOVED, finding.index, finding.event_id)


def _leaves(
    ports: Ports, heads: Sequence[JournalHead], keys: dict[str, str], found: list[JournalFinding], unstamped: set[str]
) -> Iterator[RecordedLeaf]:
    """Read the tree head by head, each compared on the way with the segment that the archive holds.

    ``unstamped`` receives the ids of the events after the last head.
    """
    for head in heads:
        leaves = _page(ports, head.previous_size, head.size)
        try:
            segment = read_journal_object(ports, keys, head.segment_sha256)
        except (EvidenceBroken, NotFound):
            found.append(JournalFinding(Tampering.SEGMENT_LOST, head.size, None))
        else:
            events = [leaf.canonical for leaf in leaves if leaf.canonical is not None]
            found.extend(compare_with_segment(segment, head.previous_size, events))
        yield from leaves
    first = heads[-1].size if heads else 0
    while leaves := _page(ports, first, first + PAGE):
        unstamped.update(leaf.event_id for leaf in leaves if leaf.event_id is not None)
        yield from leaves
        first = leaves[-1].index + 1


def _page(ports: Ports, first: int, end: int) -> list[RecordedLeaf]:
    with ports.registry.read() as tx:
        page = list(islice(tx.recorded_leaves(first), end - first))
    return [leaf for leaf in page if leaf.index < end]
