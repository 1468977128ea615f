"""Nothing overflows its frame: columns and signature boxes hold their lines, pages their text, whatever the data."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Iterator

import pypdfium2
import pytest
from pypdf import PdfWriter

from conventions.canonical import render_canonical
from conventions.errors import InputRefused
from conventions.kinds import Kind
from conventions.particulars import Amendment, Change, Order, OrderLine
from conventions.people import Civility, Person
from conventions.scale import Category
from conventions.services import ServiceGrant
from conventions.terms import RecapitulationLine, Terms
from documents.adapter import ReportlabDocuments
from documents.agreements import title_of, values_of
from documents.blocks import Align, Composition, DataTable, Part, Run, Runs
from documents.composition import compose
from documents.evidence_example import fictitious_evidence
from documents.evidence_file import compose_evidence
from documents.evidence_vocabulary import EVIDENCE_WORDING
from documents.pdf.pages import flows_of
from documents.pdf.signature_boxes import SignaturesFlow
from documents.pdf.style import MARGIN_LEFT, MARGIN_RIGHT, PAGE_HEIGHT, PAGE_WIDTH
from documents.pdf.tables import PADDING_X, FactSheetFlow, lay_table
from documents.pdf.text_layout import TextBlock
from documents.rendering import Issue, render_composition
from documents.wording_files import WordingFiles
from tests.builders import example_terms
from tests.unit.documents.test_kinds import KINDS, terms_of

DOCUMENTS = ReportlabDocuments()
WORDINGS = WordingFiles()
FOOT = 34.0
HAIR = 0.02
"""Points that adding up widths may lose."""

LONG = ("Communauté d’agglomération " * 11, "W" * 300, "Wi-" * 100, "l’" * 150, "0123456789abcdef" * 18)


def frames(composition: Composition) -> Iterator[tuple[TextBlock, float]]:
    """Go through what is set in a frame narrower than the page: its lines, and the width of the frame."""
    for part in composition.parts:
        for block in part.blocks:
            if isinstance(block, DataTable):
                layout = lay_table(block)
                for cell in (*layout.head, *(cell for row in layout.rows for cell in row), *layout.total):
                    yield cell.block, cell.width - 2 * PADDING_X
    for flow in flows_of(composition):
        if isinstance(flow, FactSheetFlow):
            yield from ((cell.block, cell.width - 2 * PADDING_X) for row in flow._rows for cell in row)
        elif isinstance(flow, SignaturesFlow):
            yield from ((text, flow._width) for texts in flow._texts for text in texts)


def overflowing(composition: Composition) -> list[str]:
    """List the lines wider than their frame."""
    return [
        "".join(segment.text for segment in line.segments)
        for block, width in frames(composition)
        for line in block.lines
        if line.width > width + HAIR
    ]


def outside_the_page(data: bytes) -> list[tuple[int, tuple[float, ...]]]:
    """List the pieces of text, as PDFium places them, that leave the column, the foot or the sheet: page (from 1) and box."""
    found = []
    document = pypdfium2.PdfDocument(data)
    try:
        for number, drawn in enumerate(document, 1):
            text = drawn.get_textpage()
            for rank in range(text.count_rects()):
                box = text.get_rect(rank)
                left, bottom, right, top = box
                if left < MARGIN_LEFT - 1 or right > PAGE_WIDTH - MARGIN_RIGHT + 3 or bottom < FOOT or top > PAGE_HEIGHT - FOOT:
                    found.append((number, box))
    finally:
        document.close()
    return found


def composed(terms: Terms) -> Composition:
    return compose(WORDINGS.wording(terms.wording_id), title_of(terms), values_of(terms))


def with_long_names(terms: Terms, name: str) -> Terms:
    person = Person(Civility.MADAME, "Maëlle", name, name)
    syndicate = dataclasses.replace(terms.programme.syndicate, name=name, short_name=name, seat=name)
    return dataclasses.replace(
        terms,
        member=dataclasses.replace(terms.member, name=name, seat=name, representative=person),
        programme=dataclasses.replace(terms.programme, name=name, syndicate=syndicate),
        delegation=dataclasses.replace(terms.delegation, holder=person),
        recapitulation=(RecapitulationLine(name, Category.EPCI, 1_000_000_000), *terms.recapitulation),
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", LONG, ids=["words", "no space", "hyphens", "narrow", "digest"])
def test_names_of_300_characters_stay_in_their_frames(kind: Kind, name: str) -> None:
    terms = with_long_names(terms_of(kind), name)
    assert overflowing(composed(terms)) == []
    assert outside_the_page(DOCUMENTS.render_agreement(terms).data) == []


def test_the_measures_see_an_overflow() -> None:
    one = Runs((Run("un mot"),))
    table = DataTable(Runs((Run("Étroit"),)), (one, one), (Align.LEFT, Align.LEFT), ((one, one),))
    composition = Composition("Essai", (Part("Essai", (table,)),))
    assert overflowing(composition) == []
    lay_table(table).rows[0][1].width = 20.0
    assert overflowing(composition) == ["un mot"]
    writer = PdfWriter(clone_from=io.BytesIO(DOCUMENTS.render_agreement(example_terms()).data))
    writer.pages[2].add_transformation((1, 0, 0, 1, 40, 0))
    moved = io.BytesIO()
    writer.write(moved)
    assert {number for number, _ in outside_the_page(moved.getvalue())} == {3}


def test_order_and_amendment_of_long_words() -> None:
    for name in LONG:
        order = terms_of(Kind.ORDER_FORM)
        assert isinstance(order.particulars, Order)
        lines = (OrderLine("x", name, name, 999_999_999, 99_999_999), *order.particulars.lines)
        order = dataclasses.replace(order, particulars=dataclasses.replace(order.particulars, lines=lines))
        assert overflowing(composed(order)) == []
        amendment = terms_of(Kind.AMENDMENT)
        assert isinstance(amendment.particulars, Amendment)
        changed = dataclasses.replace(amendment.particulars, changes=(Change(name, name, name),))
        assert overflowing(composed(dataclasses.replace(amendment, particulars=changed))) == []


def test_evidence_of_long_words_and_a_thousand_events() -> None:
    data = json.loads(render_canonical(fictitious_evidence()))
    data["people"][0]["name"] = data["member"]["name"] = "W" * 300
    data["events"] = [
        {"index": rank, "at": "2026-01-06T08:00:00Z", "type": "link.opened", "details": [{"name": "Navigateur", "value": "Mozilla/" * 30}]}
        for rank in range(1_000)
    ]
    composition, issue = compose_evidence(WORDINGS.wording(EVIDENCE_WORDING), data)
    assert isinstance(issue, Issue)
    assert overflowing(composition) == []
    assert outside_the_page(render_composition(composition, issue).data) == []


@pytest.mark.timeout(300)
def test_500_services_and_5_000_members_stay_on_their_pages() -> None:
    terms = example_terms(
        services=tuple(ServiceGrant(f"s{rank}", f"Service fictif n° {rank}", (("storage_gb", rank),)) for rank in range(500)),
        recapitulation=tuple(RecapitulationLine(f"Membre fictif {rank:04d}", Category.EPCI, 3_000) for rank in range(5_000)),
    )
    rendered = DOCUMENTS.render_agreement(terms)
    assert rendered.page_count > 100
    assert overflowing(composed(terms)) == []
    assert outside_the_page(rendered.data) == []


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("text", "code_point"), [("\u05d0\u05d1", "U+05D0"), ("\u0627\u0644", "U+0627"), ("Mairie \U0001f3db", "U+1F3DB")])
def test_right_to_left_and_emoji_are_refused_by_name_in_every_kind(kind: Kind, text: str, code_point: str) -> None:
    terms = terms_of(kind)
    with pytest.raises(InputRefused) as caught:
        DOCUMENTS.render_agreement(dataclasses.replace(terms, member=dataclasses.replace(terms.member, name=text)))
    assert (caught.value.details["field"], caught.value.details["code_point"]) == ("member.name", code_point)
