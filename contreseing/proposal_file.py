"""The file of a proposal: TOML, from which an order form, an amendment or a termination notice is drafted."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from conventions.asked import AmendmentAsked, Asked, OrderAsked, TerminationAsked
from conventions.errors import InputRefused, Problem
from conventions.kinds import Kind
from conventions.particulars import Change, OrderLine
from conventions.proposal_form import (
    CODE_ADVICE,
    LENGTH_ADVICE,
    MOST_CHARACTERS,
    MOST_OF_ONE,
    PROPOSED,
    QUANTITY_ADVICE,
    is_service_code,
    parse_cents,
)

_HEADER = re.compile(r"\s*\[\[?\s*([a-z_]+)\s*\]\]?")
_EXPECTED = {str: "un texte entre guillemets", int: "un nombre entier", date: "une date (AAAA-MM-JJ, sans guillemets)", list: "une liste"}

Value = TypeVar("Value", str, int, date, list[object])


@dataclass(frozen=True)
class ProposalFile:
    """What is proposed, and the last day to sign it."""

    asked: Asked
    deadline: date


class _Table:
    """A table being read; each value that is wrong is a problem that names its line and its key."""

    def __init__(self, values: Mapping[str, object], lines: Mapping[str, int], problems: list[Problem], place: tuple[str, int]) -> None:
        self._values, self._lines, self._problems = values, lines, problems
        self._name, self._line = place
        self._read: set[str] = set()

    def wrong(self, key: str, advice: str) -> None:
        """Add a problem."""
        value = self._values.get(key, "")
        shown = str(value) if isinstance(value, str | int) else ""
        self._problems.append(Problem(self._lines.get(key, self._line), f"{self._name}{key}", shown[:80], advice))

    def value(self, key: str, type_: type[Value], default: Value) -> Value:
        """Return a value of a type; a problem and ``default`` where there is none."""
        self._read.add(key)
        value = self._values.get(key)
        if isinstance(value, type_) and not isinstance(value, bool | datetime):
            return value
        self.wrong(key, f"Cette clé manque : écrivez {_EXPECTED[type_]}." if value is None else f"Écrivez {_EXPECTED[type_]}.")
        return default

    def text(self, key: str) -> str:
        """Return a text that says something."""
        text = self.value(key, str, "-").strip()
        if not text or len(text) > MOST_CHARACTERS:
            self.wrong(key, LENGTH_ADVICE)
        return text

    def code(self, key: str) -> str:
        """Return the code of a service."""
        code = self.value(key, str, "-")
        if code != "-" and not is_service_code(code):
            self.wrong(key, CODE_ADVICE)
        return code

    def quantity(self, key: str) -> int:
        """Return a whole number of one at least."""
        quantity = self.value(key, int, 1)
        if not 1 <= quantity <= MOST_OF_ONE:
            self.wrong(key, QUANTITY_ADVICE)
        return quantity

    def cents(self, key: str) -> int:
        """Return a price in cents, written in euros between quotes."""
        written = self.value(key, str, "0")
        cents = parse_cents(written)
        if cents is None:
            self.wrong(key, "Écrivez un prix en euros hors taxes, entre guillemets : « 48,00 ».")
        return cents or 0

    def refuse_unknown(self) -> None:
        """Add a problem for each key that was not read."""
        for key in self._values:
            if key not in self._read:
                self.wrong(key, "Clé inconnue : supprimez-la ou corrigez son nom.")


class _File:
    """The whole file: its first table, its lists of tables, and where each key stands."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.problems: list[Problem] = []
        try:
            self._values: dict[str, object] = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise refused([Problem(_line_of_error(str(error)), "", "", f"Le fichier n’est pas un TOML lisible : {error}")]) from error
        self._places = _places(text)

    def top(self) -> _Table:
        """Return the keys that stand before any table."""
        return _Table(self._values, self._places.get(("", 0), {}), self.problems, ("", 0))

    def tables(self, top: _Table, name: str) -> Iterator[_Table]:
        """Yield the tables ``[[name]]``; none is a problem."""
        listed = top.value(name, list, [])
        if any(not isinstance(item, dict) for item in listed):
            top.wrong(name, f"Écrivez chaque élément sous [[{name}]].")
        for rank, item in enumerate(listed):
            lines = self._places.get((name, rank), {})
            if isinstance(item, dict):
                table = _Table(item, lines, self.problems, (f"{name}[{rank + 1}].", lines.get("", 0)))
                yield table
                table.refuse_unknown()


def parse_proposal_file(text: str) -> ProposalFile:
    """Read a proposal: ``kind``, ``parent``, ``deadline``, and what the kind asks for.

    Raises:
        InputRefused: ``problems`` names every line and key that is wrong, and what to write there.
    """
    file = _File(text)
    top = file.top()
    written, parent, deadline = top.value("kind", str, ""), top.text("parent"), top.value("deadline", date, date.max)
    if written not in PROPOSED:
        top.wrong("kind", f"Écrivez l’une de ces natures : {', '.join(PROPOSED)}.")
        raise refused(file.problems)
    asked = _asked(file, top, Kind(written), parent)
    top.refuse_unknown()
    if file.problems:
        raise refused(file.problems)
    return ProposalFile(asked, deadline)


def _asked(file: _File, top: _Table, kind: Kind, parent: str) -> Asked:
    if kind is Kind.ORDER_FORM:
        lines = tuple(
            OrderLine(line.code("code"), line.text("name"), line.text("unit"), line.quantity("quantity"), line.cents("unit_price"))
            for line in file.tables(top, "lines")
        )
        return OrderAsked(parent, lines, top.text("tax_statement"))
    if kind is Kind.AMENDMENT:
        changes = tuple(Change(one.text("subject"), one.text("before"), one.text("after")) for one in file.tables(top, "changes"))
        return AmendmentAsked(parent, changes, top.value("effective_on", date, date.max))
    services = top.value("services", list, [])
    if any(not isinstance(code, str) for code in services):
        top.wrong("services", 'Écrivez les codes des services à arrêter : ["ged", "sae"] ; [] pour tous.')
    return TerminationAsked(parent, tuple(str(code) for code in services))


def refused(problems: list[Problem]) -> InputRefused:
    """Return the refusal that tells these problems."""
    return InputRefused(f"proposal file: {len(problems)} problems", code="proposal.refused", problems=problems, count=len(problems))


def _places(text: str) -> dict[tuple[str, int], dict[str, int]]:
    """Map each table, by name and rank, to the lines of its keys; the empty key is the table's own line."""
    places: dict[tuple[str, int], dict[str, int]] = {("", 0): {}}
    ranks: dict[str, int] = {}
    here = places["", 0]
    for number, line in enumerate(text.splitlines(), start=1):
        header = _HEADER.match(line)
        if header is not None:
            name = header[1]
            rank = ranks[name] = ranks.get(name, -1) + 1
            here = places[name, rank] = {"": number}
        elif "=" in line and not line.lstrip().startswith("#"):
            here.setdefault(line.partition("=")[0].strip(), number)
    return places


def _line_of_error(message: str) -> int:
    found = re.search(r"at line (\d+)", message)
    return int(found[1]) if found else 0
