"""French that depends on a value: agreement, acts, instants."""

from __future__ import annotations

from datetime import datetime

from conventions.french import PARIS, format_date
from conventions.people import Civility, Person
from conventions.powers import Act
from conventions.sentences import ACT_LABELS


def describe_act(act: Act) -> str:
    """Write an act: « délibération n° 2025-112 du 11 décembre 2025 (conseil communautaire) »."""
    return f"{ACT_LABELS[act.type]} n°\u00a0{act.number} du {format_date(act.on)} ({act.body})"


def lower_first(text: str) -> str:
    """Put words inside a sentence: « Vice-Président délégué » becomes « vice-président délégué », names after it stay."""
    first, space, rest = text.partition(" ")
    return first.lower() + space + rest


def agree(word: str, person: Person) -> str:
    """Give a participle or adjective the person's gender: « invité » becomes « invitée »."""
    return f"{word}e" if person.civility is Civility.MADAME else word


def format_minute(at: datetime) -> str:
    """Write an instant as ``23 novembre 2026 à 15 h 04 (heure de Paris)``: people need no seconds."""
    return f"{format_short_minute(at)} (heure de Paris)"


def format_short_minute(at: datetime) -> str:
    """Write an instant as ``23 novembre 2026 à 15 h 04``, where the page says once that it is Paris time."""
    local = at.astimezone(PARIS)
    return f"{format_date(local.date())} à {local:%H}\u00a0h\u00a0{local:%M}"


def group_digits(count: int) -> str:
    """Write a whole number with no-break spaces between thousands."""
    return f"{count:,}".replace(",", "\u00a0")
