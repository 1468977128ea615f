"""Amounts, dates and spaces as French typography writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from documents.french import set_french_spaces, spell_amount, spell_date, spell_instant, spell_integer, spell_siret


@pytest.mark.parametrize(
    ("euros", "written"),
    [(0, "0,00\u00a0€"), (3_000, "3\u00a0000,00\u00a0€"), (13_000, "13\u00a0000,00\u00a0€"), (1_250_000, "1\u00a0250\u00a0000,00\u00a0€")],
)
def test_amount_never_breaks(euros: int, written: str) -> None:
    assert spell_amount(euros) == written


def test_dates_in_full() -> None:
    assert spell_date(date(2026, 1, 1)) == "1er\u00a0janvier\u00a02026"
    assert spell_date(date(2026, 8, 15)) == "15\u00a0août\u00a02026"


def test_integer_and_siret_in_groups() -> None:
    assert spell_integer(400_000) == "400\u00a0000"
    assert spell_siret("00000014100010") == "000\u00a0000\u00a0141\u00a000010"


def test_instant_says_zone_and_offset() -> None:
    winter = datetime(2026, 11, 23, 14, 4, 5, tzinfo=UTC).astimezone(ZoneInfo("Europe/Paris"))
    summer = datetime(2026, 7, 1, 14, 4, 5, tzinfo=UTC).astimezone(ZoneInfo("Europe/Paris"))
    assert spell_instant(winter) == "23/11/2026 à 15:04:05 (heure de Paris, UTC+01:00)"
    assert spell_instant(summer) == "01/07/2026 à 16:04:05 (heure de Paris, UTC+02:00)"


@pytest.mark.parametrize(
    ("written", "spaced"),
    [
        ("d'abord : « ceci » ; quoi ? oui !", "d’abord\u00a0: «\u00a0ceci\u00a0»\u202f; quoi\u202f? oui\u202f!"),
        ("99 % en 4 heures, 10 000 habitants, 20 000 €", "99\u00a0% en 4\u00a0heures, 10\u00a0000 habitants, 20\u00a0000\u00a0€"),
        ("loi n° 78-17, article 8", "loi n°\u00a078-17, article\u00a08"),
    ],
)
def test_spaces_of_our_own_text(written: str, spaced: str) -> None:
    assert set_french_spaces(written) == spaced
