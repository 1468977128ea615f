"""The text of a part, laid in its page."""

from __future__ import annotations

import re

import pytest

from conventions.ports.documents import TwinPart
from documents.adapter import ReportlabDocuments
from documents.structure_text import parse_twin_text
from portal.document_text import lay_text
from tests.builders import example_terms

WIDE = (
    '<table>\n<caption>Niveaux</caption>\n<thead>\n<tr><th scope="col">A</th><th scope="col">« B » &amp; "b"</th>'
    '<th scope="col" class="amount"><strong>C</strong></th><th scope="col" class="amount">D</th></tr>\n</thead>\n'
    '<tbody>\n<tr><th scope="row">un</th><td>2</td><td class="amount">3</td><td class="amount">4</td></tr>\n</tbody>\n'
    '<tfoot>\n<tr><th scope="row" colspan="3">Total</th><td class="amount">5</td></tr>\n</tfoot>\n</table>'
)


@pytest.mark.parametrize(("levels", "laid"), [("2334", "2334"), ("3443", "2332"), ("45543", "23322"), ("24", "23"), ("", "")])
def test_headings_follow_the_page(levels: str, laid: str) -> None:
    html = "".join(f"<h{level}>Titre &lt;h{level}&gt;</h{level}><p>Texte</p>" for level in levels)
    found = lay_text(html)
    assert re.findall(r"<h(\d)>Titre", found) == list(laid)
    assert re.findall(r"</h(\d)>", found) == list(laid)
    assert re.sub(r"</?h\d>", "", found) == re.sub(r"</?h\d>", "", html)


def test_each_cell_of_a_wide_table_names_its_column() -> None:
    found = lay_text(f"<p>{WIDE}</p>")
    assert '<table role="table" class="cards">' in found
    assert re.findall(r'<td[^>]* data-column="([^"]*)">(\d)', found) == [
        ("« B » &amp; &quot;b&quot;", "2"),
        ("C", "3"),
        ("D", "4"),
        ("D", "5"),
    ]
    assert found.count('role="columnheader"') == 4
    assert found.count('role="rowheader"') == 2
    assert found.count('role="rowgroup"') == 3
    assert re.sub(r"<[^>]+>", "", found) == re.sub(r"<[^>]+>", "", WIDE)


def narrowed(*gone: str) -> str:
    html = WIDE
    for cell in gone:
        html = html.replace(cell, "")
    return html


def test_a_table_of_three_columns_folds_and_one_of_two_stays_as_it_is() -> None:
    three = narrowed('<th scope="col" class="amount">D</th>', '<td class="amount">4</td>').replace('colspan="3"', 'colspan="2"')
    assert '<table role="table" class="stacked">' in lay_text(three)
    two = narrowed('<th scope="col" class="amount">D</th>', '<th scope="col" class="amount"><strong>C</strong></th>')
    assert lay_text(two) == two


def test_no_word_of_the_document_changes() -> None:
    for part in ReportlabDocuments().render_twin(example_terms()):
        assert parse_twin_text(TwinPart(part.title, str(lay_text(part.html)))) == parse_twin_text(part)
