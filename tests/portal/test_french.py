"""French of the pages: spaces, agreement, articles."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from jinja2 import Environment

from portal.grammar import agree, format_minute, group_digits, lower_first
from portal.typography import FrenchSpaces, lay_spaces
from tests.builders import example_delegation, example_member


@pytest.mark.parametrize(
    ("plain", "laid"),
    [
        ("Qui ?", "Qui\u202f?"),
        ("Non ! Oui ; si", "Non\u202f! Oui\u202f; si"),
        ("Combien : 3", "Combien\u00a0: 3"),
        ("« mot »", "«\u00a0mot\u00a0»"),
        ("n° 12", "n°\u00a012"),
        ("M. Le Goff, Mme Le Goff", "M.\u00a0Le Goff, Mme\u00a0Le Goff"),
        ("2 000 caractères, le 3 mars", "2\u00a0000 caractères, le 3 mars"),
        ("99 %", "99\u00a0%"),
        ('<a href="/x?y=1">', '<a href="/x?y=1">'),
        ("<!doctype html>", "<!doctype html>"),
    ],
)
def test_spaces(plain: str, laid: str) -> None:
    assert lay_spaces(plain) == laid


def test_values_and_expressions_are_left_as_they_are() -> None:
    environment = Environment(autoescape=True, extensions=[FrenchSpaces])
    template = environment.from_string("{{ x if x != 1 else 2 }} ? {{ x }} : {% if x %}« {{ x }} »{% endif %}")
    assert template.render(x="a ? b : c") == "a ? b : c\u202f? a ? b : c\u00a0: «\u00a0a ? b : c\u00a0»"


def test_agreement_and_capacity() -> None:
    assert agree("invité", example_member().representative) == "invitée"
    assert agree("invité", example_delegation().holder) == "invité"
    assert lower_first("Vice-Président délégué de Ker") == "vice-président délégué de Ker"


def test_numbers_and_instants() -> None:
    assert group_digits(40_000) == "40\u00a0000"
    assert format_minute(datetime(2026, 7, 1, 22, 5, tzinfo=UTC)) == "2\u00a0juillet 2026 à 00\u00a0h\u00a005 (heure de Paris)"
