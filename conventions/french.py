"""Amounts, dates and instants as French readers write them."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime
from zoneinfo import ZoneInfo

PARIS = ZoneInfo("Europe/Paris")
NO_BREAK = "\u00a0"

_MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre")

_VOWELS = frozenset("aeiou")


def format_euros(amount_eur: int) -> str:
    """Write whole euros as ``15 000,00 €``, with no-break spaces."""
    return format_cents(amount_eur * 100)


def format_cents(amount_cents: int) -> str:
    """Write cents as ``1 234,50 €``, with no-break spaces."""
    euros, cents = divmod(amount_cents, 100)
    return f"{euros:,}".replace(",", NO_BREAK) + f",{cents:02d}{NO_BREAK}€"


def format_date(day: date) -> str:
    """Write a date as ``1er janvier 2027``."""
    number = "1er" if day.day == 1 else str(day.day)
    return f"{number}{NO_BREAK}{_MONTHS[day.month - 1]} {day.year}"


def paris_date(at: datetime) -> date:
    """Return the calendar day in Paris of an aware instant."""
    return at.astimezone(PARIS).date()


def format_instant(at: datetime) -> str:
    """Write an instant as ``23 novembre 2026 à 15:04:05 (heure de Paris)``."""
    local = at.astimezone(PARIS)
    return f"{format_date(local.date())} à {local:%H:%M:%S} (heure de Paris)"


def counted(count: int, one: str, many: str) -> str:
    """Write a number with its noun, plural from two on: ``0 convention``, ``2 conventions``."""
    return f"{count}{NO_BREAK}{one if count in (0, 1) else many}"


def typographic(text: str) -> str:
    """Write the apostrophes of a text as people read them."""
    return text.replace("'", "’")


def is_elided_before(word: str) -> bool:
    """Tell whether « le », « la » and « de » lose their vowel before a word; not before « h », which only a dictionary could tell."""
    return unicodedata.normalize("NFD", word)[:1].lower() in _VOWELS


def capitalised(text: str) -> str:
    """Begin a sentence with a capital."""
    return text[:1].upper() + text[1:]
