"""The table that ends the demonstration: all that is known of each convention, or what matters most on a narrow screen."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table

from contreseing.demonstration.outputs import Outcome
from conventions.french import PARIS, counted, format_euros
from conventions.sentences import STATUS_LABELS

WHOLE_FROM = 120
"""Columns of a screen from which the table is whole."""

STATUS_WIDTH = 12
SHOWN_OF_DIGEST = 8


def outcome_table(outcomes: Sequence[Outcome], width: int) -> Table:
    """Lay the table out for a screen of ``width`` columns; names fold between words, nothing else is broken and nothing is cut."""
    is_whole = width >= WHOLE_FROM
    table = Table(title="Démonstration", title_justify="left", box=box.SIMPLE_HEAD, collapse_padding=True, pad_edge=False, width=width)
    table.add_column("Convention", no_wrap=True)
    table.add_column("Membre", ratio=1, overflow="fold")
    table.add_column("Par an", no_wrap=True, justify="right")
    table.add_column("État", width=STATUS_WIDTH, overflow="fold")
    if is_whole:
        table.add_column("Signée à", no_wrap=True)
    table.add_column("Niveau", no_wrap=True)
    if is_whole:
        table.add_column("Clé d’archive", no_wrap=True)
        table.add_column("Services ouverts", no_wrap=True)
    for one in outcomes:
        table.add_row(*_cells(one, is_whole=is_whole))
    total = format_euros(sum(one.contribution_eur for one in outcomes))
    table.add_section()
    table.add_row("", f"Total de {counted(len(outcomes), 'membre', 'membres')}", total)
    return table


def _cells(one: Outcome, *, is_whole: bool) -> list[str]:
    first = [one.reference, one.member, format_euros(one.contribution_eur), STATUS_LABELS[one.status]]
    if not is_whole:
        return [*first, one.level or ""]
    signed = one.signed_at.astimezone(PARIS).strftime("%H:%M:%S") if one.signed_at else ""
    services = f"{len(one.services)} (+ {len(one.services_pending)} en attente)" if one.services else ""
    return [*first, signed, one.level or "", _short(one.archive_key), services]


def _short(key: str | None) -> str:
    """Leave out of a key its folder, which is the reference, and most of its digest."""
    if not key:
        return ""
    name, _, digest = key.rpartition("/")[2].rpartition("-")
    return f"…/{name}-{digest[:SHOWN_OF_DIGEST]}…"
