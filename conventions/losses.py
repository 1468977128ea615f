"""Objects that were to be put under lock and whose bytes were lost before: told once, and never taken for written.

An intent is committed when the bytes stand in the working store. Where a crash comes before the object is under lock, and the
working store is lost before the next pass, neither store has them: what the folder proves is incomplete, and a person is told
which object. Were the bytes found again and put back in the working store, the next pass would write them.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from conventions.archive_faults import ArchiveFault
from conventions.canonical import Json, render_canonical
from conventions.errors import NotFound
from conventions.outgoing import ALERT_REFERENCE, Template
from conventions.ports.registry import ArchiveEntry, Transaction
from conventions.ports.system import Ports
from conventions.recording import enqueue, quarantine, record_event

OBJECT_LOST = "archive.object_lost"
ALERT_SCHEMA = "contreseing/archive-alert/1"
EVENTS_A_PAGE = 1_000
MADE_AGAIN = ("index", "record", "orders", "evidence", "restamped-")
"""How the kinds begin that the next pass makes again from what the registry and the archive hold: journalled, and nobody is asked."""


def lost_keys(tx: Transaction, reference: str) -> set[str]:
    """Name the objects of a folder that were told as lost."""
    found, read = set[str](), 0
    while page := tx.events(reference, after=read, limit=EVENTS_A_PAGE):
        found |= {str(entry.event.data["key"]) for entry in page if entry.event.type == OBJECT_LOST}
        read += len(page)
    return found


def tell_lost(ports: Ports, reference: str, entries: Sequence[ArchiveEntry]) -> None:
    """Journal the lost objects of a folder that were not told yet; put the agreement aside and write to the agents where one is needed.

    It is put aside first: a stop before the rest is told leaves it so, and the next pass tells.

    Raises:
        UpstreamUnavailable: the working store does not take the report; nothing was told.
    """
    with ports.registry.read() as tx:
        told = lost_keys(tx, reference)
    untold = [entry for entry in entries if entry.key not in told]
    if not untold:
        return
    now, missed = ports.clock.now(), [entry for entry in untold if not entry.kind.startswith(MADE_AGAIN)]
    findings: list[Json] = [
        {"reference": reference, "fault": ArchiveFault.NEVER_WRITTEN.value, "key": entry.key, "store": 1} for entry in missed
    ]
    report = render_canonical({"schema": ALERT_SCHEMA, "at": now.isoformat(), "findings": findings})
    report_sha256 = ports.working.put(report) if missed else ""
    if missed:
        with suppress(NotFound):  # a folder of the journal or of an actor: nothing to put aside, the mail tells
            quarantine(ports, reference, f"archived.{ArchiveFault.NEVER_WRITTEN}", {"key": missed[0].key})
    with ports.registry.write() as tx:
        for entry in untold:
            data: dict[str, Json] = {"key": entry.key, "kind": entry.kind, "sha256": entry.sha256}
            record_event(ports, tx, OBJECT_LOST, at=now, reference=reference, data=data)
        if missed:
            enqueue(ports, tx, Template.ARCHIVE_ALERT, ALERT_REFERENCE, report_sha256, {"report_sha256": report_sha256})
