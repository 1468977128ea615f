"""Copy to each store of the archive what it lacks and another holds whole: locked as long, held where it is, nothing written over.

Taken again after an interruption, it goes on: what stands already is left. Every copy is compared with the digest that the
registry recorded before it is written, and read back after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from conventions.archive_check import WITNESSES, gives_any
from conventions.canonical import sha256_hex
from conventions.errors import NotFound, RuleRefused, UpstreamUnavailable
from conventions.folder import folder_prefix
from conventions.holding import is_folder_held
from conventions.ports.registry import ArchiveEntry
from conventions.ports.stores import Archive
from conventions.ports.system import Ports
from conventions.recording import record_event
from conventions.steps.check_archive import all_folders

BEGAN, REPAIRED, ENDED = "archive.repair_began", "archive.repaired", "archive.repair_ended"
AT_ONCE = 8
LEAST_LOCK = timedelta(minutes=1)
"""No store takes a lock that has ended."""
FOLDERS_A_WORD = 100


@dataclass(frozen=True)
class Repair:
    """How many folders were looked at, how many objects copied, and the keys that no store gives as they were written."""

    folders: int
    copied: int
    lost: tuple[str, ...]


def repair_archive(ports: Ports, told: Callable[[Repair], None]) -> Repair:
    """Fill each store from the others, folder by folder, each journalled; ``told`` hears of the advance.

    Raises:
        RuleRefused: there is one store alone.
        EvidenceBroken: a store does not give back what was just written to it.
        UpstreamUnavailable: what was copied stays; the same call goes on from there.
    """
    stores, folders = ports.archive.stores(), all_folders(ports)
    if len(stores) == 1:
        raise RuleRefused("there is no other store to copy from", code="archive.one_store")
    with ports.registry.write() as tx:
        record_event(ports, tx, BEGAN, at=ports.clock.now(), data={"stores": len(stores), "folders": len(folders)})
    done = Repair(0, 0, ())
    for reference in folders:
        copied, lost = _repair_folder(ports, stores, reference)
        done = Repair(done.folders + 1, done.copied + copied, tuple(sorted({*done.lost, *lost})))
        if done.folders % FOLDERS_A_WORD == 0:
            told(done)
    with ports.registry.write() as tx:
        record_event(ports, tx, ENDED, at=ports.clock.now(), data={"copied": done.copied, "lost": len(done.lost)})
    return done


def _repair_folder(ports: Ports, stores: Sequence[Archive], reference: str) -> tuple[int, Sequence[str]]:
    with ports.registry.read() as tx:
        entries = [entry for entry in tx.archive_entries(reference) if entry.completed_at is not None]
        held = is_folder_held(tx, reference)
    total, lost = 0, list[str]()
    for rank, store in enumerate(stores, 1):
        others = [other for other in stores if other is not store]
        present = {version.key for version in store.versions(folder_prefix(reference))}
        lacking = [entry for entry in entries if entry.key not in present]

        def copy(entry: ArchiveEntry, store: Archive = store, others: Sequence[Archive] = others) -> bool:
            return _copy(store, others, entry, [one.key for one in entries if one.key != entry.key], ports.clock.now())

        with ThreadPoolExecutor(AT_ONCE, "repair-archive") as workers:
            outcomes = list(workers.map(copy, lacking))
        lost += [entry.key for entry, is_copied in zip(lacking, outcomes, strict=True) if not is_copied]
        if held:
            _hold(store, [entry.key for entry in entries])
        copied = sum(outcomes)
        total += copied
        if copied:
            with ports.registry.write() as tx:
                record_event(ports, tx, REPAIRED, at=ports.clock.now(), reference=reference, data={"store": rank, "objects": copied})
    return total, lost


def _copy(store: Archive, others: Sequence[Archive], entry: ArchiveEntry, neighbours: Sequence[str], now: datetime) -> bool:
    """Write an object that a store lacks from the first other that gives it as it was recorded; tell whether one did."""
    for other in others:
        try:
            data = other.read(entry.key)
            if sha256_hex(data) != entry.sha256:
                continue
            locked, is_held = other.state(entry.key), other.has_legal_hold(entry.key)
        except NotFound:
            continue
        except UpstreamUnavailable:
            if not gives_any(other, neighbours[:WITNESSES]):
                raise
            continue
        store.write(entry.key, data, max(entry.retain_until, locked.retain_until, now + LEAST_LOCK))
        if is_held:
            store.set_legal_hold(entry.key, held=True)
        return True
    return False


def _hold(store: Archive, keys: Sequence[str]) -> None:
    """Hold what stands of a folder that is held: an interruption may have left a copy that is not."""
    for key in keys:
        try:
            if not store.has_legal_hold(key):
                store.set_legal_hold(key, held=True)
        except NotFound:
            continue
