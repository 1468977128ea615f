"""The file of a proposal: what it gives, and each fault by its line and its key."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from contreseing.cli import app
from contreseing.proposal_file import parse_proposal_file
from conventions.asked import AmendmentAsked, OrderAsked, TerminationAsked
from conventions.errors import InputRefused
from conventions.particulars import Change, OrderLine

CHAPTER = Path(__file__).parents[3] / "docs" / "operating" / "proposals.md"
ORDER, AMENDMENT, NOTICE = re.findall(r"```toml\n(kind = .*?)```", CHAPTER.read_text(encoding="utf-8"), re.DOTALL)


def test_the_documented_examples_are_read() -> None:
    order, amendment, notice = map(parse_proposal_file, (ORDER, AMENDMENT, NOTICE))
    assert order.deadline == date(2026, 12, 31)
    line = OrderLine("ged-licences", "Licence supplémentaire de l'espace de gestion documentaire, par an", "licences", 10, 4_800)
    assert order.asked == OrderAsked("2026-0014", (line,), "TVA non applicable.")
    change = Change("Siège de l'établissement", "1 rue de l'Ancienne-Mairie, 29000 Port-Fictif", "2 rue de l'Océan, 29000 Port-Fictif")
    assert amendment.asked == AmendmentAsked("2026-0014", (change,), date(2027, 1, 1))
    assert notice.asked == TerminationAsked("2026-0014", ())


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("kind = =", [(1, "")]),
        ('kind = "convention"\nparent = "2026-0001"\ndeadline = 2026-12-31', [(1, "kind")]),
        (ORDER.replace("quantity = 10", "quantity = 0"), [(10, "lines[1].quantity")]),
        (ORDER.replace("quantity = 10", "quantity = true"), [(10, "lines[1].quantity")]),
        (ORDER.replace('"48,00"', '"48 euros"'), [(11, "lines[1].unit_price")]),
        (ORDER.replace('"ged-licences"', '"GED licences"'), [(7, "lines[1].code")]),
        (ORDER.replace('unit = "licences"\n', ""), [(6, "lines[1].unit")]),
        (ORDER.replace("tax_statement", "tva"), [(0, "tax_statement"), (4, "tva")]),
        (ORDER.replace('name = "L', 'nom = "x"\nname = "L'), [(8, "lines[1].nom")]),
        (ORDER.split("[[lines]]")[0] + "lines = [1]", [(6, "lines")]),
        (AMENDMENT.replace("2027-01-01", '"2027-01-01"'), [(4, "effective_on")]),
        (AMENDMENT.replace("2027-01-01", "2027-01-01T10:00:00"), [(4, "effective_on")]),
        (AMENDMENT.replace("subject =", "quoi ="), [(6, "changes[1].subject"), (7, "changes[1].quoi")]),
        (NOTICE.replace("[] ", "[1] "), [(4, "services")]),
        (NOTICE.replace('"2026-0014"', '""'), [(2, "parent")]),
    ],
)
def test_each_fault_is_named_by_line_and_key(text: str, places: list[tuple[int, str]]) -> None:
    with pytest.raises(InputRefused) as error:
        parse_proposal_file(text)
    found = [(problem.line, problem.column) for problem in error.value.problems]
    assert [place for place in places if place not in found] == []
    assert all(problem.advice for problem in error.value.problems)


def test_prices_are_written_as_people_write_them() -> None:
    for written, cents in (("48", 4_800), ("48,5", 4_850), ("1 248.05", 124_805)):
        (line,) = parse_proposal_file(ORDER.replace("48,00", written)).asked.lines  # type: ignore[union-attr]
        assert line.unit_price_cents == cents


def test_the_command_refuses_a_file_in_french(tmp_path: Path) -> None:
    answer = CliRunner().invoke(app, ["propose", str(tmp_path / "absent.toml")])
    assert isinstance(answer.exception, InputRefused)
    assert answer.exception.problems[0].advice == "Ce fichier ne peut pas être lu comme un texte en UTF-8."
