"""The twin says the same words as the pages, in plain semantic HTML, part by part."""

from __future__ import annotations

import dataclasses
import itertools
import re
from html.parser import HTMLParser

import pytest

from conventions.errors import EvidenceBroken
from conventions.ports.documents import TwinPart
from conventions.terms import Terms
from documents.adapter import ReportlabDocuments
from documents.structure_text import parse_structure_text, parse_twin_text, verify_twin
from tests.builders import example_member, example_programme, example_terms

DOCUMENTS = ReportlabDocuments()
ALLOWED = frozenset(
    "section h2 h3 h4 h5 p ul ol li table caption thead tbody tfoot tr th td strong em a div".split()  # noqa: SIM905 reads better
)


@pytest.fixture(scope="module")
def parts() -> tuple[TwinPart, ...]:
    return DOCUMENTS.render_twin(example_terms())


@pytest.mark.parametrize(
    "terms",
    [
        example_terms(),
        example_terms(demonstration=False),
        example_terms(services=(), recapitulation=()),
        example_terms(programme=example_programme(retroactive_effect=True)),
        example_terms(member=example_member(name="A < B & C > D « É » <script>")),
    ],
    ids=["example", "not a demonstration", "empty lists", "retroactive", "signs of HTML"],
)
def test_same_words_as_the_pages(terms: Terms) -> None:
    data, parts = DOCUMENTS.render_agreement(terms).data, DOCUMENTS.render_twin(terms)
    verify_twin(data, parts)
    assert parse_structure_text(data) == [parse_twin_text(part) for part in parts]


def test_one_part_for_each_section(parts: tuple[TwinPart, ...]) -> None:
    assert [part.title for part in parts] == [section.title for section in DOCUMENTS.render_agreement(example_terms()).sections]


def test_a_word_that_differs_is_seen(parts: tuple[TwinPart, ...]) -> None:
    data = DOCUMENTS.render_agreement(example_terms()).data
    changed = (dataclasses.replace(parts[0], html=parts[0].html.replace("13\u00a0000,00", "12\u00a0000,00")), *parts[1:])
    with pytest.raises(EvidenceBroken, match="Les parties"):
        verify_twin(data, changed)
    with pytest.raises(EvidenceBroken, match="9 parts"):
        verify_twin(data, parts[1:])
    with pytest.raises(EvidenceBroken):
        verify_twin(b"not a PDF", parts)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED
        self.open.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_plain_semantic_html(parts: tuple[TwinPart, ...]) -> None:
    for part in parts:
        reader = _Reader()
        reader.feed(part.html)
        reader.close()
        assert reader.open == []
        names = {(tag, name) for tag, name, _ in reader.attributes}
        assert names <= {
            ("section", "lang"),
            ("th", "scope"),
            ("th", "class"),
            ("th", "colspan"),
            ("td", "class"),
            ("table", "class"),
            ("table", "aria-label"),
            ("a", "href"),
            ("div", "class"),
        }
        assert all(value and value.startswith(("https://", "mailto:")) for _, name, value in reader.attributes if name == "href")


def test_levels_never_skip(parts: tuple[TwinPart, ...]) -> None:
    levels = [int(level) for part in parts for level in re.findall(r"<h(\d)>", part.html)]
    assert levels[0] == 2
    assert levels.count(2) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_tables_name_their_heads(parts: tuple[TwinPart, ...]) -> None:
    html = "".join(part.html for part in parts)
    assert html.count("<table") == html.count("<caption>") + html.count("aria-label")
    assert html.count("<th ") == html.count('scope="col"') + html.count('scope="row"')
