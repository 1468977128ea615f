"""What was archived, and what Prefect shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update

from conventions.ports.registry import ArchiveEntry, ShownState
from storage.registry.rows import Rows
from storage.registry.tables import archive_entries, shown_states


class ArchiveRows(Rows):
    """Intents and completions of archived objects; the board."""

    def add_archive_entry(self, entry: ArchiveEntry) -> None:
        columns = {
            "reference": entry.reference,
            "seq": entry.seq,
            "key": entry.key,
            "kind": entry.kind,
            "sha256": entry.sha256,
            "size_bytes": entry.size_bytes,
            "retain_until": entry.retain_until,
            "completed_at": entry.completed_at,
        }
        self._add(archive_entries, entry.key, columns)

    def complete_archive_entry(self, key: str, at: datetime) -> None:
        first = func.coalesce(archive_entries.c.completed_at, at)
        self._update(update(archive_entries).where(archive_entries.c.key == key).values(completed_at=first), "archive entry", key)

    def archive_entries(self, reference: str) -> Sequence[ArchiveEntry]:
        rows = self._rows(select(archive_entries).where(archive_entries.c.reference == reference).order_by(archive_entries.c.seq))
        return [ArchiveEntry(r.reference, r.seq, r.kind, r.sha256, r.size_bytes, r.key, r.retain_until, r.completed_at) for r in rows]

    def shown_state(self, reference: str) -> ShownState:
        rows = self._rows(select(shown_states).where(shown_states.c.reference == reference))
        return ShownState(reference, rows[0].shown, rows[0].run_id) if rows else ShownState(reference, None, None)

    def set_shown_state(self, state: ShownState) -> None:
        told = {"shown": state.shown, "run_id": state.run_id}
        written = self._insert(shown_states).values(reference=state.reference, **told)
        self._change(written.on_conflict_do_update(index_elements=[shown_states.c.reference], set_=told))
