"""What was archived, and what Prefect shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select, update

from conventions.errors import NotFound
from conventions.ports.registry import ArchiveEntry, ShownState
from storage.registry.columns import Instant
from storage.registry.rows import Rows, insert_into
from storage.registry.tables import archive_entries, shown_states

COMPLETE = (
    update(archive_entries)
    .where(archive_entries.c.key == bindparam("k_key"))
    .values(completed_at=func.coalesce(archive_entries.c.completed_at, bindparam("at", type_=Instant)))
)
ENTRIES = select(archive_entries).where(archive_entries.c.reference == bindparam("reference")).order_by(archive_entries.c.seq)
FOLDERS = (
    select(archive_entries.c.reference)
    .where(archive_entries.c.reference > bindparam("after"))
    .distinct()
    .order_by(archive_entries.c.reference)
    .limit(bindparam("limit"))
)
UNFINISHED_FOLDERS = FOLDERS.where(archive_entries.c.completed_at.is_(None))
EXTEND = (
    update(archive_entries)
    .where(archive_entries.c.key == bindparam("k_key"), archive_entries.c.retain_until < bindparam("until", type_=Instant))
    .values(retain_until=bindparam("until", type_=Instant))
)
SHOWN = select(shown_states).where(shown_states.c.reference == bindparam("reference"))
SET_SHOWN = insert_into(shown_states, "ON CONFLICT (reference) DO UPDATE SET shown = excluded.shown, run_id = excluded.run_id")


class ArchiveRows(Rows):
    """Intents and completions of archived objects; the board."""

    def add_archive_entry(self, entry: ArchiveEntry) -> None:
        self._add(archive_entries, entry.key, _columns(entry))

    def add_archive_entries(self, entries: Sequence[ArchiveEntry]) -> None:
        self._add_all(archive_entries, [_columns(entry) for entry in entries])

    def complete_archive_entry(self, key: str, at: datetime) -> None:
        if self._change(COMPLETE, {"k_key": key, "at": at}) == 0:
            raise NotFound(f"no archive entry {key}")

    def archive_entries(self, reference: str) -> Sequence[ArchiveEntry]:
        rows = self._rows(ENTRIES, reference=reference)
        return [ArchiveEntry(r.reference, r.seq, r.kind, r.sha256, r.size_bytes, r.key, r.retain_until, r.completed_at) for r in rows]

    def archived_folders(self, *, after: str = "", limit: int = 1000, unfinished: bool = False) -> Sequence[str]:
        return [row.reference for row in self._rows(UNFINISHED_FOLDERS if unfinished else FOLDERS, after=after, limit=limit)]

    def extend_archive_entry(self, key: str, retain_until: datetime) -> None:
        self._change(EXTEND, {"k_key": key, "until": retain_until})

    def shown_state(self, reference: str) -> ShownState:
        rows = self._rows(SHOWN, reference=reference)
        return ShownState(reference, rows[0].shown, rows[0].run_id) if rows else ShownState(reference, None, None)

    def set_shown_state(self, state: ShownState) -> None:
        self._change(SET_SHOWN, {"reference": state.reference, "shown": state.shown, "run_id": state.run_id})


def _columns(entry: ArchiveEntry) -> dict[str, object]:
    return {
        "reference": entry.reference,
        "seq": entry.seq,
        "key": entry.key,
        "kind": entry.kind,
        "sha256": entry.sha256,
        "size_bytes": entry.size_bytes,
        "retain_until": entry.retain_until,
        "completed_at": entry.completed_at,
    }
