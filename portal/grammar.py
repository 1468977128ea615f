"""French that depends on a value: agreement, articles, acts, instants."""

from __future__ import annotations

from datetime import datetime

from conventions.french import PARIS, format_date
from conventions.people import Civility, Person
from conventions.powers import Act
from conventions.sentences import ACT_LABELS

_OF_THE = {"communauté": "de la", "commune": "de la", "région": "de la", "métropole": "de la", "ville": "de la"} | {
    "conseil": "du",
    "département": "du",
    "syndicat": "du",
    "centre": "du",
}
"""First words of bodies' names that take an article; any other name takes none."""

_ACCENTS = str.maketrans("éèêàâôîûç", "eeeaaoiuc")
_VOWELS = "aeiouyh"


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


def of_body(name: str) -> str:
    """Write « de » and a body's name: « de la Communauté … », « du Département … », « d’Arc Sud », « de Brest métropole »."""
    first = name.partition(" ")[0].lower()
    plain = first.translate(_ACCENTS)
    article = next((article for word, article in _OF_THE.items() if word.translate(_ACCENTS) == plain), None)
    if article is not None:
        return f"{article} {name}"
    return f"d’{name}" if plain[:1] in _VOWELS else f"de {name}"


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
