"""One row of the members' file, or one form, being read: values by column, and all that is wrong with them at once."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from datetime import date

from conventions.errors import Problem
from conventions.people import Civility, is_mail_address

LONGEST_VALUE = 300
LONGEST_NUMBER = 9
"""Digits: no body has a thousand million inhabitants, and Python reads no number of thousands of digits."""
LONGEST_SHOWN = 80
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's categories of what shows nothing and breaks lines or files: controls, halves of pairs, separators of lines."""
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of writing: a name would be read as another one."""


class Row:
    """One row being read; collects what is wrong and goes on, so that the person gets the whole list at once."""

    def __init__(self, line: int, values: Mapping[str, str], problems: list[Problem]) -> None:
        self.line, self.values, self.problems = line, values, problems
        self._checked: set[str] = set()
        self._wrong: set[str] = set()

    def wrong(self, column: str, advice: str) -> None:
        """Say what is wrong with a value, once: what is found first is what to mend first."""
        if column in self._wrong:
            return
        self._wrong.add(column)
        self.problems.append(Problem(self.line, column, shown_value(self.values.get(column, "")), advice))

    def text(self, column: str) -> str:
        """Return a value without the spaces around it; its length and its characters are judged once."""
        value = self.values.get(column, "").strip()
        if column not in self._checked:
            self._checked.add(column)
            if len(value) > LONGEST_VALUE:
                self.wrong(column, f"Valeur trop longue : {LONGEST_VALUE} caractères au plus.")
            elif any(is_unseen(character) for character in value):
                self.wrong(column, "Cette valeur contient un caractère de contrôle ou un retour à la ligne : supprimez-le.")
        return value

    def required(self, column: str) -> str:
        value = self.text(column)
        if not value:
            self.wrong(column, "Cette colonne est obligatoire : indiquez une valeur.")
        return value

    def day(self, column: str) -> date | None:
        value = self.text(column)
        if not value:
            return None
        with suppress(ValueError):
            if _DAY.fullmatch(value):  # Python reads other forms too
                return date.fromisoformat(value)
        self.wrong(column, "Écrivez la date sous la forme AAAA-MM-JJ, par exemple 2026-03-12.")
        return None

    def whole_number(self, column: str) -> int | None:
        value = self.text(column)
        if not value:
            return None
        if not value.isascii() or not value.isdigit():
            self.wrong(column, "Écrivez un nombre entier, sans espace ni virgule.")
            return None
        if len(value) > LONGEST_NUMBER:
            self.wrong(column, f"Nombre trop grand : {LONGEST_NUMBER} chiffres au plus.")
            return None
        return int(value)

    def mail(self, column: str, *, is_required: bool) -> str:
        value = self.required(column) if is_required else self.text(column)
        if value and not is_mail_address(value):
            self.wrong(column, "Ce n’est pas une adresse de messagerie : vérifiez-la.")
        return value

    def civility(self, column: str) -> Civility:
        value = self.required(column)
        try:
            return Civility(value)
        except ValueError:
            if value:
                self.wrong(column, "Écrivez « Mme » ou « M. ».")
            return Civility.MADAME


def is_unseen(character: str) -> bool:
    """Tell whether a character shows nothing, breaks lines or turns the direction of writing."""
    return unicodedata.category(character) in _UNSEEN or character in _TURNING


def shown_value(value: str) -> str:
    """Return a refused value as it may be shown in a list: not too long, and nothing that a terminal would obey."""
    cut = value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…"
    return "".join("\ufffd" if is_unseen(character) else character for character in cut)
