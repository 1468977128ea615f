"""Have the agents told, by one mail a day at most, that the journal does not hold any more."""

from __future__ import annotations

from conventions.canonical import Json, render_canonical
from conventions.french import paris_date
from conventions.outgoing import Template
from conventions.ports.system import Ports
from conventions.recording import enqueue, record_event
from conventions.steps.verify_journal import JournalCheck

JOURNAL_REFERENCE = "journal"
"""What stands for a reference in the outbox: the mail is of no agreement."""
REPORT_SCHEMA = "contreseing/journal-alert/1"


def alert_journal(ports: Ports, check: JournalCheck) -> None:
    """Record what a check of the journal found wrong, and enqueue the mail that tells it; nothing when the journal holds.

    Raises:
        UpstreamUnavailable: nothing was recorded.
    """
    if check.holds:
        return
    now = ports.clock.now()
    findings: list[Json] = [{"tampering": one.tampering.value, "index": one.index, "event_id": one.event_id} for one in check.findings]
    report_sha256 = ports.working.put(render_canonical({"schema": REPORT_SCHEMA, "at": now.isoformat(), "findings": findings}))
    with ports.registry.write() as tx:
        record_event(ports, tx, "journal.faults_found", at=now, data={"count": len(findings), "report_sha256": report_sha256})
        enqueue(ports, tx, Template.JOURNAL_ALERT, JOURNAL_REFERENCE, paris_date(now).isoformat(), {"report_sha256": report_sha256})
