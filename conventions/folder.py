"""An agreement's folder in the archive: numbered objects under lock, and numbered indexes that chain.

``keep`` writes one object: the bytes go to the working store first, then the intent (with its digest) is committed, then
the object is written under lock and read back, then its completion is committed. ``finish_pending`` completes intents that a
crash left, and tells of those that nothing can complete. Every index lists all completed objects and holds the digest of the
index before it. What enters a folder that is held is held before its completion is recorded, and after it where the decision
came between.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import datetime
from types import MappingProxyType
from typing import TypeVar

from conventions.agreements import Agreement, Fact
from conventions.archived_folder import ArchivedObject
from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.errors import AlreadyRecorded, Busy, EvidenceBroken, NotFound
from conventions.holding import is_folder_held
from conventions.losses import lost_keys, tell_lost
from conventions.ports.registry import ArchiveEntry
from conventions.ports.system import Ports

INDEX_KIND = "index"
INDEX_SCHEMA = "contreseing/archive-index/1"
RECORD_SCHEMA = "contreseing/record/1"
NUMBERING_ATTEMPTS = 5
AT_ONCE = 16
"""Objects under way in the whole process: starting threads for each folder cost more than the wait they save."""

T = TypeVar("T")
R = TypeVar("R")
_workers = ThreadPoolExecutor(AT_ONCE, "keep")


def folder_prefix(reference: str) -> str:
    """Return where a folder stands in the archive: an agreement's, or one of the system's own, named by its path (``journal/2026``)."""
    return f"{reference}/" if "/" in reference else f"agreements/{reference}/"


def keep(ports: Ports, reference: str, kind: str, data: bytes, until: datetime) -> ArchiveEntry:
    """Put one object in an agreement's folder under lock; the same kind and bytes again is the same object.

    Where the folder's locks were made longer than ``until``, the object is locked as long as they are.

    Raises:
        EvidenceBroken: the archive holds other bytes under that key.
        UpstreamUnavailable: the archive does not answer; the intent stands and is completed later.
    """
    return keep_all(ports, reference, [(kind, data)], until)[0]


def keep_all(
    ports: Ports,
    reference: str,
    objects: Sequence[tuple[str, bytes | str]],
    until: datetime,
    at_hand: Mapping[str, bytes] = MappingProxyType({}),
) -> Sequence[ArchiveEntry]:
    """Put several objects in a folder, numbered in their order: each a kind, with its bytes or the digest by which they are read.

    In this order, each for all of them: working bytes, intents in one transaction, objects under lock and read back, completions.
    What stands already is neither read nor written; ``at_hand`` holds, by digest, what the caller has just read there.

    Raises:
        EvidenceBroken, NotFound, UpstreamUnavailable: as ``keep``; what was written stays, and is completed later.
    """
    with ports.registry.read() as tx:
        done = {(entry.kind, entry.sha256) for entry in tx.archive_entries(reference) if entry.completed_at is not None}
        held = is_folder_held(tx, reference)

    def prepared(item: tuple[str, bytes | str]) -> tuple[str, str, bytes | None]:
        kind, content = item
        sha256 = content if isinstance(content, str) else sha256_hex(content)
        if (kind, sha256) in done:
            return kind, sha256, None
        if isinstance(content, str):
            return kind, sha256, at_hand[sha256] if sha256 in at_hand else read_by_digest(ports, reference, sha256)
        ports.working.put(content)
        return kind, sha256, content

    ready = _together(prepared, objects)
    entries = _intend(ports, reference, [(kind, sha256, len(data or b"")) for kind, sha256, data in ready], until)
    pairs = [(entry, data) for entry, (_, _, data) in zip(entries, ready, strict=True) if data is not None and not entry.completed_at]
    _together(lambda pair: _write(ports, *pair, held=held), pairs)
    if pairs:
        _record_complete(ports, [entry for entry, _ in pairs], held=held)
    return entries


def finish_pending(ports: Ports, reference: str) -> int:
    """Write every object whose intent a crash left unfinished; return how many.

    One whose bytes neither store has stays an intent, and is told once (``conventions.losses``); the others are written.

    Raises:
        EvidenceBroken, UpstreamUnavailable.
    """
    return _finish(ports, reference)[0]


def finish_folder(ports: Ports, reference: str) -> int:
    """Write what a crash left unfinished in a folder, and the index that lists it where the folder has one; return how many objects.

    Raises:
        Busy, EvidenceBroken, UpstreamUnavailable: as ``finish_pending`` and ``keep_index``.
    """
    finished = finish_pending(ports, reference)
    with ports.registry.read() as tx:
        entries = tx.archive_entries(reference)
    if finished and any(entry.kind == INDEX_KIND for entry in entries):
        keep_index(ports, reference, max(entry.retain_until for entry in entries))
    return finished


def _finish(ports: Ports, reference: str) -> tuple[int, frozenset[str]]:
    """Write what can be, and return how many objects, with the keys of those that are lost.

    An index that was told as lost is left even where its bytes came back: others may follow the one before it since.
    """
    with ports.registry.read() as tx:
        pending = [entry for entry in tx.archive_entries(reference) if entry.completed_at is None]
        told = lost_keys(tx, reference) if any(entry.kind == INDEX_KIND for entry in pending) else set()
    lost = [entry for entry in pending if entry.kind == INDEX_KIND and entry.key in told]
    for entry in (one for one in pending if one not in lost):
        try:
            data = read_by_digest(ports, reference, entry.sha256)
        except NotFound:
            lost.append(entry)
        else:
            _complete(ports, entry, data)
    if lost:
        tell_lost(ports, reference, lost)
    return len(pending) - len(lost), frozenset(entry.key for entry in lost)


def keep_index(ports: Ports, reference: str, until: datetime) -> ArchiveEntry:
    """Write the next index if the last one does not list every object; else return the last.

    Others may be writing the same folder: an index that was not read before this one was made sends it back to be made again,
    so that the chain never forks.

    Raises:
        Busy: the folder never stopped moving.
        EvidenceBroken, UpstreamUnavailable.
    """
    for _ in range(NUMBERING_ATTEMPTS):
        _, lost = _finish(ports, reference)
        with ports.registry.read() as tx:
            entries = tx.archive_entries(reference)
        numbered = [entry for entry in entries if entry.kind == INDEX_KIND]
        indexes = [entry for entry in numbered if entry.key not in lost]
        objects: list[Json] = [
            {"seq": e.seq, "kind": e.kind, "sha256": e.sha256, "size_bytes": e.size_bytes, "key": e.key}
            for e in entries
            if e.kind != INDEX_KIND and e.completed_at is not None
        ]
        if indexes and json.loads(read_by_digest(ports, reference, indexes[-1].sha256))["objects"] == objects:
            return indexes[-1]
        index: Mapping[str, Json] = {
            "schema": INDEX_SCHEMA,
            "reference": reference,
            "number": len(indexes) + 1,
            "previous_sha256": indexes[-1].sha256 if indexes else None,
            "objects": objects,
        }
        data = render_canonical(index)
        try:
            sha256 = ports.working.put(data)
            (entry,) = _intend(ports, reference, [(INDEX_KIND, sha256, len(data))], until, indexes_known=len(numbered))
        except Busy:
            continue
        return _complete(ports, entry, data)
    raise Busy(f"the folder of {reference} is being written by others")


def listed_entries(ports: Ports, reference: str) -> Sequence[ArchiveEntry]:
    """Return what the last index lists, and the indexes up to it: what is being archived at this moment comes with the next.

    Raises:
        NotFound: nothing is archived yet (``bundle.nothing_archived``).
        EvidenceBroken, UpstreamUnavailable.
    """
    with ports.registry.read() as tx:
        completed = [entry for entry in tx.archive_entries(reference) if entry.completed_at is not None]
    indexes = [entry for entry in completed if entry.kind == INDEX_KIND]
    if not indexes:
        raise NotFound(f"nothing of {reference} is archived yet", code="bundle.nothing_archived")
    listed = {item["key"] for item in json.loads(read_kept(ports, indexes[-1]))["objects"]}
    return [entry for entry in completed if entry.key in listed or entry in indexes]


def read_by_digest(ports: Ports, reference: str, sha256: str) -> bytes:
    """Return a file of an agreement by its digest: from the working store, else from its folder in the archive.

    The working store is the nearer one, and may be lost whole; what was put under lock is enough from then on.

    Raises:
        NotFound: neither has it.
        EvidenceBroken: the one that has it holds other bytes.
        UpstreamUnavailable.
    """
    try:
        return ports.working.get(sha256)
    except NotFound:
        with ports.registry.read() as tx:
            kept = [entry for entry in tx.archive_entries(reference) if entry.sha256 == sha256]
        for entry in kept:  # an intent may stand without its object, or with it where a crash came before its completion
            with suppress(NotFound):
                return read_kept(ports, entry)
        raise


def read_kept(ports: Ports, entry: ArchiveEntry) -> bytes:
    """Return an archived object's bytes, compared with what was recorded.

    Raises:
        EvidenceBroken: they are other bytes.
        NotFound, UpstreamUnavailable.
    """
    data = ports.archive.read(entry.key)
    if sha256_hex(data) != entry.sha256:
        raise EvidenceBroken(f"{entry.key}: the archived bytes are not those recorded", code="evidence.archived_differs")
    return data


def read_object(ports: Ports, item: ArchivedObject) -> bytes:
    """Return an object's bytes by its key alone, compared with the digest that the key holds.

    Raises:
        EvidenceBroken: they are other bytes.
        NotFound, UpstreamUnavailable.
    """
    data = ports.archive.read(item.key)
    if sha256_hex(data) != item.sha256:
        raise EvidenceBroken(f"{item.key} holds other bytes", code="archive.other_bytes", key=item.key)
    return data


def archive_record(agreement: Agreement, up_to: Fact) -> bytes:
    """Serialise what was known of an agreement when a fact was recorded, that fact included (canonical JSON).

    The same whenever it is made: what is recorded later does not change it.
    """
    last = [(fact.version, fact.key) for fact in agreement.facts].index((up_to.version, up_to.key))
    facts = agreement.facts[: last + 1]
    digests = {fact.data.get("sha256") for fact in facts}
    artefacts = [artefact for artefact in agreement.artefacts if artefact.sha256 in digests]
    return render_canonical(
        {
            "schema": RECORD_SCHEMA,
            "reference": agreement.reference,
            "kind": agreement.kind.value,
            "programme": agreement.programme_id,
            "campaign": agreement.campaign_id,
            "member": agreement.member_id,
            "recorded_at": facts[-1].at.isoformat(),
            "facts": [{"kind": f.kind.value, "at": f.at.isoformat(), "version": f.version, "data": dict(f.data)} for f in facts],
            "artefacts": [
                {"version": a.version, "stage": a.stage.value, "sha256": a.sha256, "size_bytes": a.size_bytes, "at": a.at.isoformat()}
                for a in artefacts
            ],
        }
    )


def _intend(
    ports: Ports, reference: str, objects: Sequence[tuple[str, str, int]], until: datetime, *, indexes_known: int | None = None
) -> Sequence[ArchiveEntry]:
    """Record the intents (kind, digest, size in bytes) in one transaction and return them, or those that stand.

    Raises:
        Busy: there are not as many indexes as the caller knows of, or others take each number first.
    """
    for _ in range(NUMBERING_ATTEMPTS):
        try:
            with ports.registry.write() as tx:
                entries = list(tx.archive_entries(reference))
                known = {(entry.kind, entry.sha256): entry for entry in entries}
                intended = list[ArchiveEntry]()
                for kind, sha256, size_bytes in objects:
                    entry = known.get((kind, sha256))
                    if entry is None:
                        if indexes_known is not None and indexes_known != sum(one.kind == INDEX_KIND for one in entries):
                            raise Busy(f"another index of {reference} was written meanwhile")
                        seq = max((one.seq for one in entries), default=0) + 1
                        key = f"{folder_prefix(reference)}{seq:04d}-{kind}-{sha256}"
                        locked_until = max([until, *(one.retain_until for one in entries)])
                        entry = known[kind, sha256] = ArchiveEntry(reference, seq, kind, sha256, size_bytes, key, locked_until)
                        tx.add_archive_entry(entry)
                        entries.append(entry)
                    intended.append(entry)
                return intended
        except AlreadyRecorded:
            continue
    raise Busy(f"the folder of {reference} is being written by others")


def _together(act: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """Act on several items at once and return the results in order; an error is raised when all have ended."""
    if len(items) == 1:
        return [act(items[0])]
    acts = [_workers.submit(act, item) for item in items]
    wait(acts)
    return [each.result() for each in acts]


def _write(ports: Ports, entry: ArchiveEntry, data: bytes, *, held: bool) -> None:
    if sha256_hex(data) != entry.sha256:
        raise EvidenceBroken(f"{entry.key}: the working bytes are not those of the intent", code="evidence.digest")
    ports.archive.write(entry.key, data, entry.retain_until)
    if held:
        ports.archive.set_legal_hold(entry.key, held=True)


def _record_complete(ports: Ports, entries: Sequence[ArchiveEntry], *, held: bool) -> None:
    """Record that objects of one folder stand, and hold them where that was decided while they were being written."""
    with ports.registry.write() as tx:
        for entry in entries:
            tx.complete_archive_entry(entry.key, ports.clock.now())
        held_since = not held and is_folder_held(tx, entries[0].reference)
    if held_since:
        for entry in entries:
            ports.archive.set_legal_hold(entry.key, held=True)


def _complete(ports: Ports, entry: ArchiveEntry, data: bytes) -> ArchiveEntry:
    with ports.registry.read() as tx:
        held = is_folder_held(tx, entry.reference)
    _write(ports, entry, data, held=held)
    _record_complete(ports, [entry], held=held)
    return entry
