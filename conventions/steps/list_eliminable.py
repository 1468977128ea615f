"""The elimination list: agreements that nothing keeps any more. It is a list, journalled; nothing is ever deleted here.

An agreement is on it when its administrative life and every lock have ended, nothing holds it, and its final fate lets it go: what
is to be kept for ever is on it only once an archiving service acknowledged its transfer. Public archives are eliminated after the
visa of the departmental archives only (articles L. 212-2 and R. 212-14 of the French heritage code): the list is what is sent for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.errors import NotFound
from conventions.french import paris_date
from conventions.holding import is_held
from conventions.ports.registry import JournalEntry, Transaction
from conventions.ports.system import Ports
from conventions.recording import record_event
from conventions.retention import FinalFate, retention_of
from conventions.steps.check_archive import all_folders
from conventions.steps.keep_trail import events_of

LISTED = "archive.elimination_listed"
TRANSFER_ACCEPTED = "archive.transfer_accepted"


@dataclass(frozen=True)
class Eliminable:
    """One folder that nothing keeps: whose, how many objects and bytes, what was agreed for it, the last end of a lock.

    ``is_transferred``: an archiving service acknowledged that it keeps it.
    """

    reference: str
    organisation: str
    objects: int
    size_bytes: int
    administrative_until: date
    final_fate: FinalFate
    unlocked_at: datetime
    is_transferred: bool


def list_eliminable(ports: Ports, on: datetime) -> Sequence[Eliminable]:
    """List, by reference, the agreements that nothing keeps at an instant, and journal that the list was made, with its digest."""
    found = list[Eliminable]()
    for reference in all_folders(ports):
        with ports.registry.read() as tx:
            one = _eliminable(ports, tx, reference, on)
        if one is not None:
            found.append(one)
    lines: list[Json] = [[one.reference, one.objects, one.size_bytes, one.final_fate.value] for one in found]
    data: dict[str, Json] = {"on": on.isoformat(), "agreements": len(found), "sha256": sha256_hex(render_canonical(lines))}
    with ports.registry.write() as tx:
        record_event(ports, tx, LISTED, at=ports.clock.now(), data=data)
    return found


def is_transferred(events: Sequence[JournalEntry]) -> bool:
    """Tell from the journal of an agreement whether an archiving service acknowledged its transfer."""
    return any(entry.event.type == TRANSFER_ACCEPTED for entry in events)


def _eliminable(ports: Ports, tx: Transaction, reference: str, on: datetime) -> Eliminable | None:
    entries = tx.archive_entries(reference)
    unlocked_at = max(entry.retain_until for entry in entries)
    if unlocked_at >= on:
        return None
    try:
        agreement = tx.agreement(reference)
    except NotFound:
        return None  # folders of the journal and of actors: whole programmes rest on them
    retention = retention_of(agreement) or ports.rules.retention(tx.programme(agreement.programme_id))
    events = list(events_of(tx, reference))
    transferred = is_transferred(events)
    kept_for_ever = retention.final_fate is FinalFate.KEEP and not transferred
    if retention.administrative_until >= paris_date(on) or kept_for_ever or is_held(events):
        return None
    organisation, size_bytes = tx.member(agreement.member_id).name, sum(entry.size_bytes for entry in entries)
    until, fate = retention.administrative_until, retention.final_fate
    return Eliminable(reference, organisation, len(entries), size_bytes, until, fate, unlocked_at, transferred)
