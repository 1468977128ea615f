"""French spelling of facts: amounts, dates, numbers, with no-break spaces where a line must not turn."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

NO_BREAK = "\u00a0"
NARROW_NO_BREAK = "\u202f"

MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre")


def spell_date(day: date) -> str:
    """Write a date in full: « 1er janvier 2026 »."""
    number = "1er" if day.day == 1 else str(day.day)
    return NO_BREAK.join((number, MONTHS[day.month - 1], str(day.year)))


def spell_integer(number: int) -> str:
    """Write an integer with its thousands apart."""
    return f"{number:,}".replace(",", NO_BREAK)


def spell_amount(euros: int) -> str:
    """Write whole euros as an amount: « 13 000,00 € »."""
    return f"{spell_integer(euros)},00{NO_BREAK}€"


def spell_cents(cents: int) -> str:
    """Write cents as an amount in euros: « 45,50 € »."""
    return f"{spell_integer(cents // 100)},{cents % 100:02d}{NO_BREAK}€"


def spell_siret(siret: str) -> str:
    """Write a SIRET in its groups: « 123 456 789 00012 »."""
    return NO_BREAK.join((siret[:3], siret[3:6], siret[6:9], siret[9:]))


def spell_instant(at: datetime) -> str:
    """Write an aware Paris time: « 23/11/2026 à 15:04:05 (heure de Paris, UTC+01:00) »."""
    offset = at.strftime("%z")
    return f"{at:%d/%m/%Y} à {at:%H:%M:%S} (heure de Paris, UTC{offset[:3]}:{offset[3:5]})"


def spell_clock(at: datetime) -> str:
    """Write an aware local time for a table, with its distance from UTC: « 23/11/2026 15:04:05 (UTC+1) »."""
    hours = (at.utcoffset() or timedelta()).total_seconds() / 3600
    return f"{at:%d/%m/%Y} {at:%H:%M:%S}{NO_BREAK}(UTC{hours:+g})"


def spell_digest(digest_hex: str) -> str:
    """Write a digest in groups of sixteen characters, for the eye to compare; a line may turn after each second group."""
    groups = [digest_hex[start : start + 16] for start in range(0, len(digest_hex), 16)]
    return " ".join(NO_BREAK.join(groups[pair : pair + 2]) for pair in range(0, len(groups), 2))


_BEFORE_COLON = re.compile(r" (?=[:»])|(?<=«) ")
_BEFORE_HIGH = re.compile(r" (?=[;!?])")
_NUMBER_AND_UNIT = re.compile(
    r"(?<=\d) (?=(?:%|€|h\b|Go\b|jours?\b|heures?\b|minutes?\b|mois\b|ans?\b|\d{3}\b))|(?<=\bn°) |(?<=\b[Aa]rticle) (?=\d)"
)


def set_french_spaces(text: str) -> str:
    """Put no-break spaces where French typography wants them, and typographic apostrophes, in text of ours."""
    text = text.replace("'", "’")
    text = _BEFORE_COLON.sub(NO_BREAK, text)
    text = _BEFORE_HIGH.sub(NARROW_NO_BREAK, text)
    return _NUMBER_AND_UNIT.sub(NO_BREAK, text)
