"""Forget the details of visits and accesses when their time is over: addresses, browsers, names typed at the door, words told to agents.

The journal's tree holds salted commitments of them, which stay: every event, leaf and proof is as it was.
"""

from __future__ import annotations

from datetime import datetime

from conventions.ports.system import Ports
from conventions.recording import record_event

ACCESS_EVENTS = ("link.opened", "link.identity_refused", "session.begun", "session.refused")
TOLD_EVENTS = ("question.asked", "note.written", "attention.handled")
MAX_DAY = 28


def purge_personal(ports: Ports) -> int:
    """Delete the personal fields of accesses, and words told to agents, older than the rules' months; return how many fields.

    What still waits for an agent keeps its words in the registry: it would be lost unanswered.

    Raises:
        UpstreamUnavailable.
    """
    now = ports.clock.now()
    before = months_before(now, ports.rules.visits_kept_months)
    with ports.registry.write() as tx:
        purged = tx.purge_personal((*ACCESS_EVENTS, *TOLD_EVENTS), before) + tx.purge_attentions(before)
        if purged:
            record_event(ports, tx, "journal.purged", at=now, data={"fields": purged, "before": before.isoformat()})
    return purged


def months_before(instant: datetime, months: int) -> datetime:
    """Return the instant that many months earlier; the 29th to 31st count as the 28th."""
    month = instant.year * 12 + instant.month - 1 - months
    return instant.replace(year=month // 12, month=month % 12 + 1, day=min(instant.day, MAX_DAY))
