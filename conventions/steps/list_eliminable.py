"""The elimination list: agreements whose every lock has ended and that nothing holds. It is a list; nothing is ever deleted here.

Public archives are eliminated after the visa of the departmental archives only (articles L. 212-2 and R. 212-14 of the French
heritage code): the list is what is sent for that visa.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from conventions.errors import NotFound
from conventions.ports.system import Ports
from conventions.steps.check_archive import all_folders, events_of
from conventions.steps.hold import is_held


@dataclass(frozen=True)
class Eliminable:
    """One folder whose locks have ended: whose, how many objects and bytes, the last end of a lock."""

    reference: str
    organisation: str
    objects: int
    size_bytes: int
    unlocked_at: datetime


def list_eliminable(ports: Ports, on: datetime) -> list[Eliminable]:
    """List, by reference, the agreements that no lock and no hold keeps at an instant."""
    found = []
    for reference in all_folders(ports):
        with ports.registry.read() as tx:
            entries = tx.archive_entries(reference)
            last = max(entry.retain_until for entry in entries)
            if last >= on or is_held(events_of(tx, reference)):
                continue
            try:
                organisation = tx.member(tx.agreement(reference).member_id).name
            except NotFound:
                continue  # the journal's own folders are not eliminated by this list
        found.append(Eliminable(reference, organisation, len(entries), sum(entry.size_bytes for entry in entries), last))
    return found
