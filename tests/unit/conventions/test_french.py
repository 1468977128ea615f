"""Amounts, dates and numbers as a French reader expects them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from conventions.french import capitalised, counted, format_cents, format_date, format_euros, format_instant, paris_date


@pytest.mark.parametrize(
    ("amount", "text"), [(0, "0,00 €"), (13_000, "13 000,00 €"), (940_000, "940 000,00 €"), (1_234_567, "1 234 567,00 €")]
)
def test_euros(amount: int, text: str) -> None:
    assert format_euros(amount) == text.replace(" ", "\u00a0")


def test_cents() -> None:
    assert format_cents(123_450) == "1\u00a0234,50\u00a0€"
    assert format_cents(5) == "0,05\u00a0€"


def test_dates_and_instants_are_those_of_paris() -> None:
    assert format_date(date(2027, 1, 1)) == "1er\u00a0janvier 2027"
    assert format_date(date(2026, 8, 15)) == "15\u00a0août 2026"
    assert paris_date(datetime(2026, 12, 31, 23, 30, tzinfo=UTC)) == date(2027, 1, 1)
    assert format_instant(datetime(2026, 7, 14, 10, 0, 5, tzinfo=UTC)) == "14\u00a0juillet 2026 à 12:00:05 (heure de Paris)"


@pytest.mark.parametrize(("count", "text"), [(0, "0 convention"), (1, "1 convention"), (2, "2 conventions"), (64, "64 conventions")])
def test_a_noun_is_plural_from_two_on(count: int, text: str) -> None:
    assert counted(count, "convention", "conventions") == text.replace(" ", "\u00a0")


def test_a_sentence_begins_with_a_capital() -> None:
    assert capitalised("à signer") == "À signer"
    assert capitalised("") == ""
