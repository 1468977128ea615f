"""Whether a folder is held: the last decision of its journal counts, and what enters it while it is held is held too."""

from __future__ import annotations

from collections.abc import Sequence

from conventions.ports.registry import JournalEntry, Transaction

HELD, LET_GO = "archive.held", "archive.let_go"
EVENTS_A_PAGE = 1_000


def is_held(events: Sequence[JournalEntry]) -> bool:
    """Tell from the journal of a folder whether it is held."""
    decisions = [entry.event.type for entry in events if entry.event.type in {HELD, LET_GO}]
    return decisions[-1:] == [HELD]


def is_folder_held(tx: Transaction, reference: str) -> bool:
    """Tell whether the folder of a reference is held now."""
    held, read = False, 0
    while page := tx.events(reference, after=read, limit=EVENTS_A_PAGE):
        held = is_held([*page]) if any(entry.event.type in {HELD, LET_GO} for entry in page) else held
        read += len(page)
    return held
