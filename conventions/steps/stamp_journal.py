"""Give the journal a head: the events since the last one are archived with the tree's size and root, stamped by each authority.

In this order, each under lock: the segment, the head, a token for each authority, and the head's record, which completes it. A
crash leaves objects that nothing refers to, or a complete head that the next call enters in the registry.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from conventions.canonical import sha256_hex
from conventions.claims import Claim, freed_on_error
from conventions.errors import AlreadyRecorded, EvidenceBroken
from conventions.folder import finish_pending, keep
from conventions.journal.heads import JournalHead, parse_head, parse_head_record, render_head, render_head_record, render_segment
from conventions.journal.merkle import leaf_hash
from conventions.ports.registry import ArchiveEntry, Transaction
from conventions.ports.system import Ports
from conventions.retention import retain_until
from conventions.taking_up import takings_up

SEGMENT_KIND, HEAD_KIND, STAMP_KIND, RECORD_KIND = "segment", "head", "stamp", "head-record"
EVENTS_A_HEAD = 50_000
"""More events than this make several heads: some 30 MB are held in memory, whatever the day was."""
LEASE = timedelta(minutes=10)
CLAIM = "journal-head"


def stamp_journal(ports: Ports, *, events_a_head: int = EVENTS_A_HEAD) -> Sequence[JournalHead]:
    """Archive and stamp what happened since the last head; return the heads made, none when nothing happened.

    Raises:
        Busy: another worker is at it.
        EvidenceBroken: an event is not what its leaf says.
        UpstreamUnavailable: an authority or the archive does not answer; no head is recorded.
    """
    ports.registry.sequence_events()
    made = list[JournalHead]()
    while True:
        head = _next_head(ports, events_a_head)
        if head is None:
            return made
        made.append(head)


def journal_folder(at: datetime) -> str:
    """Name the folder of the heads of an instant: one a year, so that none grows for ever."""
    return f"journal/{at.year:04d}"


def _next_head(ports: Ports, most: int) -> JournalHead | None:
    now = ports.clock.now()
    with ports.registry.write() as tx:
        claim = Claim(CLAIM, tx.claim(CLAIM, ports.secrets.random_id(), now, now + LEASE))
    with freed_on_error(ports, (claim,)):
        for year in (now.year - 1, now.year):
            _enter_complete_heads(ports, now.replace(year=year, month=1, day=1))
        with ports.registry.read() as tx:
            before = tx.heads()[-1:]
            first = before[0].size if before else 0
            end = min(tx.tree_size(), first + most)
            segment = _segment(tx, first, end)
            root = tx.tree_root(end)
            programmes = [retain_until(programme, ports.rules.lock_years) for programme in tx.programmes()]
        head = None
        if end > first:
            until = max([*programmes, now.replace(month=1, day=1, year=now.year + ports.rules.lock_years + 1)])
            head = _archived(ports, JournalHead(end, root.hex(), first, now, sha256_hex(segment), {}), segment, until)
        with ports.registry.write() as tx:
            claim.verify(tx)
            if head is not None:
                tx.add_head(head)
    return head


def _segment(tx: Transaction, first: int, end: int) -> bytes:
    events: list[bytes] = []
    for leaf in tx.recorded_leaves(first):
        if leaf.index == end:
            break
        if leaf.canonical is None or leaf.index != first + len(events) or leaf_hash(leaf.canonical) != leaf.leaf_sha256:
            raise EvidenceBroken(f"event {leaf.event_id} is not what leaf {leaf.index} says", code="journal.changed")
        events.append(leaf.canonical)
    return render_segment(events)


def _archived(ports: Ports, bare: JournalHead, segment: bytes, until: datetime) -> JournalHead:
    data, folder = render_head(bare), journal_folder(bare.at)
    stamps = ports.timestamps.stamp(data)
    tokens = {stamp.authority: sha256_hex(stamp.token) for stamp in stamps}
    head = JournalHead(bare.size, bare.root_sha256, bare.previous_size, bare.at, bare.segment_sha256, tokens)
    keep(ports, folder, SEGMENT_KIND, segment, until)
    keep(ports, folder, HEAD_KIND, data, until)
    for stamp in stamps:
        keep(ports, folder, f"{STAMP_KIND}-{stamp.authority}", stamp.token, until)
    keep(ports, folder, RECORD_KIND, render_head_record(head), until)
    return head


def _enter_complete_heads(ports: Ports, year: datetime) -> None:
    """Enter in the registry the heads of a year that are complete in the archive and were cut off just before that."""
    folder = journal_folder(year)
    finish_pending(ports, folder)
    with ports.registry.read() as tx:
        entries = tx.archive_entries(folder)
        known = {sha256_hex(render_head_record(head)) for head in tx.heads()}
        takings = takings_up(tx)
    lost = {key for one in takings for key in one.unreadable}
    for entry in entries:
        if entry.kind == RECORD_KIND and entry.sha256 not in known and entry.key not in lost:
            head_sha256, stamps = parse_head_record(ports.archive.read(entry.key))
            head = parse_head(ports.archive.read(_key(entries, head_sha256)), stamps)
            if any(one.leaves(head) for one in takings):
                continue  # of a journal that was lost: this one went on from before it
            with ports.registry.write() as tx:
                try:
                    tx.add_head(head)
                except AlreadyRecorded:
                    continue  # two workers stamped the same events: the other's head was entered first


def _key(entries: Sequence[ArchiveEntry], sha256: str) -> str:
    return next(entry.key for entry in entries if entry.sha256 == sha256)
