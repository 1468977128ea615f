"""The table that ends the demonstration, as wide as the screen and no wider."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from rich.console import Console

from contreseing.cli.outcome_table import outcome_table
from contreseing.demonstration.members import published_members
from contreseing.demonstration.outputs import Outcome
from conventions.status import Status

SIGNED_AT = datetime(2026, 11, 24, 8, 0, 5, tzinfo=UTC)
DIGEST = "0123456789abcdef" * 4


def outcomes() -> list[Outcome]:
    """One convention for each member of 2020, the last one still to sign."""
    made = []
    for rank, row in enumerate(published_members(), 1):
        reference, amount = f"2026-{rank:04d}", int(row["contribution_2020_eur"])
        is_last = rank == 64
        made.append(
            Outcome(
                reference,
                row["name"],
                row["category"],
                amount,
                Status.AWAITING_MEMBER if is_last else Status.ACTIVE,
                None if is_last else SIGNED_AT,
                None,
                None,
                None if is_last else "B-LTA",
                None if is_last else f"agreements/{reference}/0005-sealed-{DIGEST}",
                None,
                () if is_last else tuple("abcdefghijkl"),
                () if is_last else ("sae",),
            )
        )
    return made


def printed(width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, soft_wrap=True, highlight=False)
    console.print(outcome_table(outcomes(), width))
    assert isinstance(console.file, io.StringIO)
    return [line.rstrip() for line in console.file.getvalue().replace("\u00a0", " ").splitlines()]


@pytest.mark.parametrize("width", [80, 100, 140])
def test_nothing_that_matters_is_cut(width: int) -> None:
    lines = printed(width)
    text = "\n".join(lines)
    assert max(map(len, lines)) <= width
    for one in outcomes():
        row = next(line for line in lines if line.strip().startswith(one.reference))
        assert f"{one.contribution_eur:,}".replace(",", " ") + ",00 €" in row
        assert one.level is None or one.level in row
    words = set(text.split())
    assert not {word for one in outcomes() for word in one.member.split()} - words
    assert {"Active", "signer", "membre", "940"} <= words
    assert "Total de 64 membres" in text


def test_a_narrow_screen_shows_a_row_in_three_lines_at_most() -> None:
    lines = printed(80)
    starts = [number for number, line in enumerate(lines) if line.strip().startswith("2026-")]
    assert max(after - before for before, after in pairwise(starts)) <= 3
    assert "Clé d’archive" not in "".join(lines)


def test_a_wide_screen_shows_all_of_it() -> None:
    text = "\n".join(printed(140))
    for words in ("Clé d’archive", "09:00:05", "…/0005-sealed-01234567…", "12 (+ 1 en attente)"):
        assert words in text
