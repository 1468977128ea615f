"""Check the archive: every object re-hashed and compared with the registry, the indexes, the journal and its lock, in each store.

One object that cannot be read is a finding among others. A store that answers nothing is left, and named; what is found in
the other, and what was found before, is recorded and told all the same. Findings are committed a few folders at a time: a check that
is stopped keeps what it found, and the next one tells the agents of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace

from conventions.agreements import FactKind
from conventions.archive_check import WITNESSES, ArchiveFinding, assess_folder
from conventions.archive_faults import ABSENT, NO_WHOLE_BYTES, ArchiveFault
from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.errors import Busy, EvidenceBroken, NotFound, UpstreamUnavailable
from conventions.folder import finish_folder, folder_prefix
from conventions.holding import is_held
from conventions.losses import ALERT_SCHEMA
from conventions.outgoing import ALERT_REFERENCE, Template
from conventions.ports.registry import ArchiveEntry, JournalEntry
from conventions.ports.stores import Archive
from conventions.ports.system import Ports
from conventions.recording import enqueue, quarantine, record_event
from conventions.steps.keep_trail import events_of

AT_ONCE = 4
A_COMMIT = 20
"""Folders after which what was found is committed."""
FOUND, TOLD = "archive.faults_found", "archive.faults_told"
FAULT_FOUND, RELEASED = "archive.fault_found", f"agreement.{FactKind.RELEASED}"
PREFIXES = ("agreements/", "journal/", "actors/")
"""Where every object of the archive stands."""
TRIALS = "doctor/"
"""Where ``doctor`` puts its trials, each locked for a minute: nothing is compared there."""
FOR_NO_QUARANTINE = frozenset({ArchiveFault.NOT_HELD, ArchiveFault.NOT_COPIED})
"""What is told and mended with nothing put aside: the bytes stand as they were recorded."""


@dataclass(frozen=True)
class StoreFinding:
    """One fault: in which store (from 1), of which folder."""

    store: int
    reference: str
    fault: ArchiveFault
    key: str


@dataclass(frozen=True)
class ArchiveCheck:
    """What was read, and everything that is wrong; of the stores in ``away`` (from 1), some or all could not be read."""

    folders: int
    objects: int
    stores: int
    findings: tuple[StoreFinding, ...]
    away: tuple[int, ...] = ()

    @property
    def holds(self) -> bool:
        """Tell whether nothing is wrong, everywhere."""
        return not self.findings and not self.away


@dataclass
class _Reading:
    """What was found in a store since the last commit, and how many objects each folder that was read should hold, until it went away."""

    rank: int
    store: Archive
    findings: list[StoreFinding]
    objects: dict[str, int]
    away: UpstreamUnavailable | None = None


def check_archive(ports: Ports, *, sample: int | None = None) -> ArchiveCheck:
    """Check every folder, or as many as ``sample`` says, drawn anew each time; an agreement with a fault goes in quarantine.

    What a crash left unfinished is finished first, in every folder. Checking everything also finds folders that the registry does not
    know. Agents get one mail at the end about what no earlier check had found, or had found before a person let the agreement out of
    quarantine; about what a check found that was stopped, at once.

    Raises:
        UpstreamUnavailable: a store does not answer, and nothing wrong was found before or elsewhere.
    """
    tell_found(ports)
    finish_folders(ports)
    folders = all_folders(ports)
    chosen = folders if sample is None else _drawn(ports, folders, sample)
    elsewhere = _witnesses(ports, chosen)
    readings = [_Reading(rank, store, [], {}) for rank, store in enumerate(ports.archive.stores(), 1)]
    findings = list[StoreFinding]()
    for first in range(0, len(chosen), A_COMMIT):
        for reading in (one for one in readings if one.away is None):
            _read_folders(ports, reading, chosen[first : first + A_COMMIT], elsewhere)
        findings += _committed(ports, readings)
    for reading in (one for one in readings if one.away is None and sample is None):
        _look_for_strangers(reading, set(folders))
    findings += _committed(ports, readings)
    objects = dict[str, int]()
    for reading in readings:
        objects.update(reading.objects)
    away = [reading for reading in readings if reading.away is not None]
    check = ArchiveCheck(len(chosen), sum(objects.values()), len(readings), tuple(findings), tuple(reading.rank for reading in away))
    tell_found(ports)
    with ports.registry.write() as tx:
        data: dict[str, Json] = {"folders": check.folders, "objects": check.objects, "findings": len(check.findings)}
        record_event(ports, tx, "archive.checked", at=ports.clock.now(), data=data)
    for reading in away:
        if not findings and reading.away is not None:
            raise reading.away
    return check


def tell_found(ports: Ports) -> None:
    """Have one mail sent about all that was found and that the agents were not told of yet; nothing happens without any.

    Raises:
        UpstreamUnavailable: the working store does not take the report; the next check tells.
    """
    with ports.registry.read() as tx:
        findings = _untold(list(events_of(tx, ALERT_REFERENCE)))
    if not findings:
        return
    now = ports.clock.now()
    report_sha256 = ports.working.put(render_canonical({"schema": ALERT_SCHEMA, "at": now.isoformat(), "findings": findings}))
    with ports.registry.write() as tx:
        record_event(ports, tx, TOLD, at=now, reference=ALERT_REFERENCE, data={"report_sha256": report_sha256})
        enqueue(ports, tx, Template.ARCHIVE_ALERT, ALERT_REFERENCE, report_sha256, {"report_sha256": report_sha256})


def finish_folders(ports: Ports) -> int:
    """Finish every folder in which a crash left an intent, whether a step would visit it or not; return how many objects were written.

    What is lost is told (``conventions.losses``); what is not as intended puts its agreement aside; a store that is away is left to the
    check, which says so.
    """
    finished = 0
    for reference in all_folders(ports, unfinished=True):
        with suppress(Busy, UpstreamUnavailable):
            try:
                finished += finish_folder(ports, reference)
            except EvidenceBroken as error:
                with suppress(NotFound):
                    quarantine(ports, reference, error.code)
    return finished


def all_folders(ports: Ports, *, unfinished: bool = False) -> list[str]:
    """List every folder of which the registry knows an object, or one at least that is not completed."""
    folders, after = list[str](), ""
    with ports.registry.read() as tx:
        while page := tx.archived_folders(after=after, unfinished=unfinished):
            folders += page
            after = page[-1]
    return folders


def _drawn(ports: Ports, folders: Sequence[str], sample: int) -> list[str]:
    seed = ports.secrets.random_id()
    return sorted(folders, key=lambda reference: sha256_hex(f"{seed} {reference}".encode()))[:sample]


def _read_folders(ports: Ports, reading: _Reading, chosen: Sequence[str], elsewhere: Sequence[str]) -> None:
    """Check each folder in one store; when it goes away, what was found stays and what was not begun is not tried."""
    with ThreadPoolExecutor(AT_ONCE, "archive-check") as workers:
        running = {reference: workers.submit(_check_folder, ports, reading, reference, elsewhere) for reference in chosen}
        for reference, future in running.items():
            try:
                reading.objects[reference], found = future.result()
                reading.findings += found
            except CancelledError:
                continue
            except UpstreamUnavailable as error:
                reading.away = error
                workers.shutdown(wait=False, cancel_futures=True)


def _witnesses(ports: Ports, chosen: Sequence[str]) -> Sequence[str]:
    """Name an object of each of a few folders, to be asked for where a folder gives nothing."""
    with ports.registry.read() as tx:
        standing = [[one.key for one in tx.archive_entries(reference) if one.completed_at is not None] for reference in chosen[:WITNESSES]]
    return [keys[0] for keys in standing if keys]


def _check_folder(ports: Ports, reading: _Reading, reference: str, elsewhere: Sequence[str]) -> tuple[int, list[StoreFinding]]:
    with ports.registry.read() as tx:
        entries, events = tx.archive_entries(reference), list(events_of(tx, reference))
    standing = [entry for entry in entries if entry.completed_at is not None]
    findings = [*assess_folder(reading.store, folder_prefix(reference), entries, elsewhere), *_unlike_journal(entries, events)]
    if is_held(events):
        absent = {one.key for one in findings if one.fault in ABSENT}
        unheld = (entry.key for entry in standing if entry.key not in absent and not reading.store.has_legal_hold(entry.key))
        findings += [ArchiveFinding(ArchiveFault.NOT_HELD, key) for key in unheld]
    return len(standing), [StoreFinding(reading.rank, reference, finding.fault, finding.key) for finding in findings]


def _as_copies(readings: Sequence[_Reading]) -> Iterator[StoreFinding]:
    """Give all findings; what one store lacks and another holds whole is only not copied, told once for a folder that lacks all."""
    broken = {(one.store, one.key) for reading in readings for one in reading.findings if one.fault in NO_WHOLE_BYTES}
    for reading in readings:
        lacking = dict[str, list[StoreFinding]]()
        for one in reading.findings:
            others = (other for other in readings if other is not reading and one.reference in other.objects)
            if one.fault is ArchiveFault.MISSING and any((other.rank, one.key) not in broken for other in others):
                lacking.setdefault(one.reference, []).append(replace(one, fault=ArchiveFault.NOT_COPIED))
            else:
                yield one
        for reference, several in lacking.items():
            is_all = len(several) == reading.objects[reference]
            yield from [replace(several[0], key=folder_prefix(reference))] if is_all else several


def _unlike_journal(entries: Sequence[ArchiveEntry], events: Sequence[JournalEntry]) -> Iterator[ArchiveFinding]:
    """What the journal says was archived must be what the registry says is there."""
    known = {entry.key: entry.sha256 for entry in entries}
    for recorded in events:
        key, sha256 = recorded.event.data.get("key"), recorded.event.data.get("sha256")
        is_archival = recorded.event.type.startswith("agreement.") and isinstance(key, str) and key.startswith(PREFIXES)
        if is_archival and (key not in known or sha256 not in {None, known[str(key)]}):
            yield ArchiveFinding(ArchiveFault.NOT_AS_JOURNALLED, str(key))


def _look_for_strangers(reading: _Reading, known: set[str]) -> None:
    """Find what stands in no folder that the registry knows, wherever that is."""
    try:
        keys = reading.store.keys("")
    except UpstreamUnavailable as error:
        reading.away = error
        return
    for key in keys:
        reference = key.rpartition("/")[0].removeprefix("agreements/")
        if reference not in known and not key.startswith(TRIALS):
            reading.findings.append(StoreFinding(reading.rank, reference or key, ArchiveFault.EXTRA, key))


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


def _untold(events: Sequence[JournalEntry]) -> list[Json]:
    """Collect what checks found since the agents were told last."""
    found = list[Json]()
    for event in (entry.event for entry in events if entry.event.type in {FOUND, TOLD}):
        if event.type == TOLD:
            found.clear()
        else:
            several = event.data["findings"]
            assert isinstance(several, list | tuple)  # noqa: S101 written below alone
            found += several
    return found


def _committed(ports: Ports, readings: Sequence[_Reading]) -> Sequence[StoreFinding]:
    """Record what was found since the last time, put the agreements aside, and return it."""
    findings, now = list(_as_copies(readings)), ports.clock.now()
    for reading in readings:
        reading.findings = []
    if not findings:
        return findings
    with ports.registry.read() as tx:
        told = {reference: _told_before(list(events_of(tx, reference))) for reference in {one.reference for one in findings}}
    untold: list[Json] = [{"reference": one.reference, **_told_data(one)} for one in findings if _told(one) not in told[one.reference]]
    with ports.registry.write() as tx:
        for one in findings:
            record_event(ports, tx, FAULT_FOUND, at=now, reference=one.reference, data=_told_data(one))
        if untold:
            record_event(ports, tx, FOUND, at=now, reference=ALERT_REFERENCE, data={"findings": untold})
    for reference, fault in {one.reference: one.fault for one in findings if one.fault not in FOR_NO_QUARANTINE}.items():
        try:
            quarantine(ports, reference, f"archived.{fault}")
        except NotFound:
            continue  # a folder of the journal, or one that the registry does not know: nothing to put aside, the finding tells
    return findings
