"""What an agent fills in to propose an order form, an amendment or a termination notice, read whole or refused whole.

Fields are named ``deadline``, ``tax-statement``, ``effective-on``, ``extent``, ``services-<code>``, and, from 1 on,
``lines-<n>-<what>`` and ``changes-<n>-<what>``; a line left empty is none. ``contreseing propose`` reads the same from a file,
by the same limits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from conventions.asked import AmendmentAsked, Asked, OrderAsked, TerminationAsked
from conventions.errors import InputRefused, Problem
from conventions.kinds import Kind
from conventions.member_row import is_unseen
from conventions.particulars import Change, OrderLine

PROPOSED = (Kind.ORDER_FORM, Kind.AMENDMENT, Kind.TERMINATION_NOTICE)
MOST_CHARACTERS = 2_000
MOST_OF_ONE = 1_000_000
MOST_ROWS = 30
"""Lines of one order form, or changes of one amendment, that the form takes; a file has no such limit."""

LINE_FIELDS = ("code", "name", "unit", "quantity", "unit-price")
CHANGE_FIELDS = ("subject", "before", "after")
ROWS_OF: Mapping[Kind, tuple[str, Sequence[str]]] = {
    Kind.ORDER_FORM: ("lines", LINE_FIELDS),
    Kind.AMENDMENT: ("changes", CHANGE_FIELDS),
}
"""Kinds that are made of rows: what begins the names of their fields, and what ends them."""

SOME, ALL = "some", "all"
CODE_ADVICE = "Écrivez un code : minuscules sans accent, chiffres et tirets, 40 caractères au plus."
QUANTITY_ADVICE = f"Écrivez un nombre entier de 1 à {MOST_OF_ONE}."
LENGTH_ADVICE = f"Écrivez de 1 à {MOST_CHARACTERS} caractères."
_PRICE = re.compile(r"([0-9]{1,7})(?:[.,]([0-9]{1,2}))?", re.ASCII)
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


def is_service_code(text: str) -> bool:
    """Tell whether a text may be the code of a service."""
    return _CODE.fullmatch(text) is not None


def parse_cents(text: str) -> int | None:
    """Return in cents a price written in euros, « 48,00 » or « 1 048.5 »; None where it is none."""
    match = _PRICE.fullmatch("".join(text.removesuffix("€").split()))
    return None if match is None else int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


def rows_given(kind: Kind, values: Mapping[str, str]) -> int:
    """Count the rows that the form has, filled or not; one at least for a kind that is made of rows."""
    if kind not in ROWS_OF:
        return 0
    start, ends = ROWS_OF[kind]
    given = [number for number in range(1, MOST_ROWS + 1) if any(f"{start}-{number}-{end}" in values for end in ends)]
    return max(given, default=1)


def read_proposal(kind: Kind, parent: str, values: Mapping[str, str]) -> tuple[Asked, date]:
    """Read what is proposed about an agreement, and the last day to sign it.

    Raises:
        InputRefused: ``form.refused``; ``problems`` names each field that is wrong.
    """
    form = _Form(values)
    match kind:
        case Kind.ORDER_FORM:
            lines = tuple(form.line(number) for number in form.filled(kind))
            asked: Asked = OrderAsked(parent, lines, form.text("tax-statement"))
        case Kind.AMENDMENT:
            changes = tuple(form.change(number) for number in form.filled(kind))
            asked = AmendmentAsked(parent, changes, form.day("effective-on"))
        case _:
            asked = TerminationAsked(parent, form.services())
    deadline = form.day("deadline")
    if form.problems:
        raise InputRefused("the form is incomplete or wrong", code="form.refused", problems=form.problems, count=len(form.problems))
    return asked, deadline


class _Form:
    """The fields being read; collects what is wrong and goes on, so that the person gets the whole list at once."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.problems: list[Problem] = []

    def given(self, name: str) -> str:
        """Return a value on one line, its words one space apart."""
        return " ".join(self._values.get(name, "").split())

    def wrong(self, name: str, advice: str) -> None:
        """Add a problem."""
        self.problems.append(Problem(0, name, "", advice))

    def filled(self, kind: Kind) -> list[int]:
        """Number the rows that say something; where none does, the first, whose fields are then all asked for."""
        start, ends = ROWS_OF[kind]
        rows = range(1, rows_given(kind, self._values) + 1)
        return [number for number in rows if any(self.given(f"{start}-{number}-{end}") for end in ends)] or [1]

    def text(self, name: str) -> str:
        """Return a text that says something."""
        text = self.given(name)
        if not 1 <= len(text) <= MOST_CHARACTERS:
            self.wrong(name, "Répondez à cette question." if not text else LENGTH_ADVICE)
        elif any(is_unseen(character) for character in text):
            self.wrong(name, "Ce texte contient un caractère qui ne se voit pas : écrivez-le à nouveau au clavier.")
        return text

    def line(self, number: int) -> OrderLine:
        """Return a line of an order form."""
        name = f"lines-{number}"
        code = self.text(f"{name}-code")
        if code and not is_service_code(code):
            self.wrong(f"{name}-code", CODE_ADVICE)
        service, unit, quantity = self.text(f"{name}-name"), self.text(f"{name}-unit"), self.text(f"{name}-quantity")
        digits = "".join(quantity.split())
        count = int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= len(str(MOST_OF_ONE)) else 0
        if quantity and not 1 <= count <= MOST_OF_ONE:
            self.wrong(f"{name}-quantity", QUANTITY_ADVICE)
        price = self.text(f"{name}-unit-price")
        cents = parse_cents(price)
        if price and cents is None:
            self.wrong(f"{name}-unit-price", "Écrivez un prix en euros hors taxes, par exemple 48,00.")
        return OrderLine(code, service, unit, count, cents or 0)

    def change(self, number: int) -> Change:
        """Return a change of an amendment."""
        name = f"changes-{number}"
        return Change(self.text(f"{name}-subject"), self.text(f"{name}-before"), self.text(f"{name}-after"))

    def services(self) -> tuple[str, ...]:
        """Return the codes of the services to end; none stands for all."""
        extent = self._values.get("extent", "")
        codes = tuple(name.removeprefix("services-") for name in self._values if name.startswith("services-"))
        if extent not in {ALL, SOME}:
            self.wrong("extent", "Choisissez ce qui prend fin.")
        elif extent == SOME and not codes:
            self.wrong("extent", "Cochez les services qui prennent fin.")
        elif extent == ALL and codes:
            self.wrong("extent", "Des services sont cochés : choisissez « certains services », ou décochez-les.")
        return codes

    def day(self, name: str) -> date:
        """Return a day."""
        try:
            return date.fromisoformat(self.given(name))
        except ValueError:
            self.wrong(name, "Écrivez une date.")
            return date.max
