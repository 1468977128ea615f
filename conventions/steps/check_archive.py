"""Check the archive: every object re-hashed and compared with the registry, the indexes, the journal and its lock, in each store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from conventions.agreements import FactKind
from conventions.archive_check import ArchiveFault, ArchiveFinding, assess_folder
from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.errors import NotFound
from conventions.folder import folder_prefix
from conventions.outgoing import Template
from conventions.ports.registry import ArchiveEntry, JournalEntry
from conventions.ports.stores import Archive
from conventions.ports.system import Ports
from conventions.recording import enqueue, quarantine, record_event
from conventions.steps.alert_agents import ALERT_REFERENCE
from conventions.steps.hold import is_held
from conventions.steps.keep_trail import events_of

AT_ONCE = 4
FAULT_FOUND, RELEASED = "archive.fault_found", f"agreement.{FactKind.RELEASED}"
REPORT_SCHEMA = "contreseing/archive-alert/1"
PREFIXES = ("agreements/", "journal/", "actors/")
"""Where every object of the archive stands; ``doctor/`` holds its trials, each locked for a minute."""


@dataclass(frozen=True)
class StoreFinding:
    """One fault: in which store (from 1), of which folder."""

    store: int
    reference: str
    fault: ArchiveFault
    key: str


@dataclass(frozen=True)
class ArchiveCheck:
    """What was read, and everything that is wrong."""

    folders: int
    objects: int
    stores: int
    findings: tuple[StoreFinding, ...]

    @property
    def holds(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.findings


def check_archive(ports: Ports, *, sample: int | None = None) -> ArchiveCheck:
    """Check every folder, or as many as ``sample`` says, drawn anew each time; an agreement with a fault goes in quarantine.

    Checking everything also finds folders that the registry does not know. Agents get a mail about what no earlier check had
    found, or had found before a person let the agreement out of quarantine.

    Raises:
        UpstreamUnavailable: a store does not answer; nothing can be said.
    """
    folders = all_folders(ports)
    stores = ports.archive.stores()
    chosen = folders if sample is None else _drawn(ports, folders, sample)
    with ThreadPoolExecutor(AT_ONCE, "archive-check") as workers:
        checked = list(workers.map(lambda reference: _check_folder(ports, stores, reference), chosen))
    findings = [finding for _, found in checked for finding in found]
    if sample is None:
        findings += [one for rank, store in enumerate(stores, 1) for one in _strange_folders(rank, store, set(folders))]
    check = ArchiveCheck(len(chosen), sum(count for count, _ in checked), len(stores), tuple(findings))
    _record(ports, check)
    return check


def all_folders(ports: Ports) -> list[str]:
    """List every folder of which the registry knows an object."""
    folders, after = list[str](), ""
    with ports.registry.read() as tx:
        while page := tx.archived_folders(after=after):
            folders += page
            after = page[-1]
    return folders


def _drawn(ports: Ports, folders: Sequence[str], sample: int) -> list[str]:
    seed = ports.secrets.random_id()
    return sorted(folders, key=lambda reference: sha256_hex(f"{seed} {reference}".encode()))[:sample]


def _check_folder(ports: Ports, stores: Sequence[Archive], reference: str) -> tuple[int, list[StoreFinding]]:
    with ports.registry.read() as tx:
        entries, events = tx.archive_entries(reference), list(events_of(tx, reference))
    standing = [entry for entry in entries if entry.completed_at is not None]
    held = is_held(events)
    found = []
    for rank, store in enumerate(stores, 1):
        findings = [*assess_folder(store, folder_prefix(reference), entries), *_unlike_journal(entries, events)]
        missing = {finding.key for finding in findings if finding.fault in {ArchiveFault.MISSING, ArchiveFault.HIDDEN}}
        if held:
            unheld = (entry.key for entry in standing if entry.key not in missing and not store.has_legal_hold(entry.key))
            findings += [ArchiveFinding(ArchiveFault.NOT_HELD, key) for key in unheld]
        found += [StoreFinding(rank, reference, finding.fault, finding.key) for finding in findings]
    return len(standing), found


def _unlike_journal(entries: Sequence[ArchiveEntry], events: Sequence[JournalEntry]) -> Iterator[ArchiveFinding]:
    """What the journal says was archived must be what the registry says is there."""
    known = {entry.key: entry.sha256 for entry in entries}
    for recorded in events:
        key, sha256 = recorded.event.data.get("key"), recorded.event.data.get("sha256")
        is_archival = recorded.event.type.startswith("agreement.") and isinstance(key, str) and key.startswith(PREFIXES)
        if is_archival and (key not in known or sha256 not in {None, known[str(key)]}):
            yield ArchiveFinding(ArchiveFault.NOT_AS_JOURNALLED, str(key))


def _strange_folders(rank: int, store: Archive, known: set[str]) -> Iterator[StoreFinding]:
    for prefix in PREFIXES:
        for key in store.keys(prefix):
            folder = key.rpartition("/")[0]
            reference = folder.removeprefix("agreements/")
            if reference not in known:
                yield StoreFinding(rank, reference, ArchiveFault.EXTRA, key)


def _told_data(one: StoreFinding) -> dict[str, Json]:
    return {"fault": one.fault.value, "key": one.key, "store": one.store}


def _told(one: StoreFinding) -> tuple[Json, ...]:
    return tuple(_told_data(one).values())


def _told_before(events: Sequence[JournalEntry]) -> set[tuple[Json, ...]]:
    """Collect what was found in a folder since a person last let its agreement out of quarantine."""
    told = set[tuple[Json, ...]]()
    for event in (entry.event for entry in events):
        if event.type == RELEASED:
            told.clear()
        elif event.type == FAULT_FOUND:
            told.add((event.data["fault"], event.data["key"], event.data["store"]))
    return told


def _record(ports: Ports, check: ArchiveCheck) -> None:
    now = ports.clock.now()
    with ports.registry.read() as tx:
        told = {reference: _told_before(list(events_of(tx, reference))) for reference in {one.reference for one in check.findings}}
    untold = [one for one in check.findings if _told(one) not in told[one.reference]]
    findings: list[Json] = [{"reference": one.reference, **_told_data(one)} for one in untold]
    report_sha256 = (
        ports.working.put(render_canonical({"schema": REPORT_SCHEMA, "at": now.isoformat(), "findings": findings})) if untold else ""
    )
    with ports.registry.write() as tx:
        for one in check.findings:
            record_event(ports, tx, FAULT_FOUND, at=now, reference=one.reference, data=_told_data(one))
        data: dict[str, Json] = {"folders": check.folders, "objects": check.objects, "findings": len(check.findings)}
        record_event(ports, tx, "archive.checked", at=now, data=data)
        if untold:
            enqueue(ports, tx, Template.ARCHIVE_ALERT, ALERT_REFERENCE, report_sha256, {"report_sha256": report_sha256})
    for reference, fault in {one.reference: one.fault for one in check.findings if one.fault is not ArchiveFault.NOT_HELD}.items():
        try:
            quarantine(ports, reference, f"archived.{fault}")
        except NotFound:
            continue  # a folder of the journal, or one that the registry does not know: nothing to put aside, the finding tells
