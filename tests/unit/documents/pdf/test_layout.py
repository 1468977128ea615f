"""Pages: nothing stands alone where it should not, and lines hold."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conventions.errors import ConfigurationError
from documents.agreements import values_of
from documents.blocks import Align, BulletList, Composition, DataTable, Emphasis, Heading, PageBreak, Paragraph, Part, Run, Runs
from documents.composition import compose
from documents.pdf.bookmarks import Bookmark, Bookmarks
from documents.pdf.flows import BreakFlow, HeadingFlow, TextFlow
from documents.pdf.numbers import number
from documents.pdf.pages import Slice, flows_of, page_top, paginate
from documents.pdf.reportlab_internals import EXPECTED_VERSION, verify_reportlab_version
from documents.pdf.structure import pdf_text
from documents.pdf.style import BODY, BOTTOM, TEXT_WIDTH
from documents.pdf.tables import TableFlow, column_widths
from documents.pdf.text_layout import lay_text
from documents.wording_files import WordingFiles
from tests.builders import example_member, example_terms

WORDS = st.lists(st.text(alphabet="abcdéèWi’-.@", min_size=1, max_size=90), min_size=1, max_size=60)


def runs(text: str) -> Runs:
    return Runs((Run(text),))


@given(WORDS, st.floats(min_value=60, max_value=TEXT_WIDTH))
def test_lines_hold_all_words_within_their_width(words: list[str], width: float) -> None:
    text = " ".join(words)
    lines = lay_text(runs(text), BODY, width).lines
    assert all(line.width <= width + 1e-6 for line in lines)
    assert "".join(segment.text for line in lines for segment in line.segments) == text


def test_mixed_runs_keep_their_words_together() -> None:
    mixed = Runs((Run("Un "), Run("mot", Emphasis.STRONG), Run(", puis "), Run("un lien", link="https://exemple.invalid"), Run(".")))
    (line,) = lay_text(mixed, BODY, TEXT_WIDTH).lines
    assert [segment.text for segment in line.segments] == ["Un ", "mot", ", puis ", "un lien", "."]
    narrow = lay_text(mixed, BODY, 40).lines
    assert all(line.width <= 40 for line in narrow)
    assert not any(line.segments[0].text.startswith((",", ".")) for line in narrow)


def test_address_is_cut_after_a_sign() -> None:
    lines = lay_text(runs("prenom.nom@communaute-de-communes-du-pays-fictif.invalid"), BODY, 150).lines
    assert [line.segments[-1].text[-1] for line in lines[:-1]] == ["-"] * (len(lines) - 1)


def block_of(kind: int, size: int) -> Heading | Paragraph | BulletList | DataTable | PageBreak:
    text = runs("mot " * (size * 18) + "fin")
    table = DataTable(
        text, (runs("A"), runs("B")), (Align.LEFT, Align.RIGHT), ((runs("a"), runs("1")),) * (size * 3), (runs("T"), runs("2"))
    )
    lead = Paragraph(runs("Liste :"))
    made: list[Heading | Paragraph | BulletList | DataTable | PageBreak] = [Heading(2, runs("Titre")), Paragraph(text)]
    made += [BulletList(ordered=False, items=(text,) * size), table, lead, PageBreak()]
    return made[kind]


BLOCKS = st.lists(st.builds(block_of, st.integers(0, 5), st.integers(1, 9)), min_size=1, max_size=40)


def height_of(piece: Slice) -> float:
    repeated = piece.flow.repeated_height if piece.first else 0.0
    return repeated + sum(piece.flow.heights[piece.first : piece.last + 1])


@given(BLOCKS)
def test_pages_hold_everything_once_and_in_order(blocks: list[Heading | Paragraph | BulletList | DataTable | PageBreak]) -> None:
    flows = flows_of(Composition("T", (Part("P", tuple(blocks)),)))
    pages = paginate(flows)
    placed = [(id(piece.flow), index) for slices in pages for piece in slices for index in range(piece.first, piece.last + 1)]
    assert placed == [(id(flow), index) for flow in flows for index in range(len(flow.heights))]
    for rank, slices in enumerate(pages):
        assert slices[0].top == page_top(rank)
        for above, below in itertools.pairwise(slices):
            assert below.top <= above.top - height_of(above) + 1e-6
        assert slices[-1].top - height_of(slices[-1]) >= BOTTOM - 1e-6


@given(BLOCKS)
def test_nothing_stands_alone(blocks: list[Heading | Paragraph | BulletList | DataTable | PageBreak]) -> None:
    flows = flows_of(Composition("T", (Part("P", tuple(blocks)),)))
    after = {id(flow): follower for flow, follower in itertools.pairwise(flows)}
    pages = paginate(flows)
    for slices, following in itertools.pairwise(pages):
        last, first = slices[-1], following[0]
        if last.flow is first.flow:
            assert last.last - last.first >= 1 or len(slices) == 1
            assert len(first.flow.heights) - first.first >= 2
        elif last.flow.keep_with_next:
            only_leads = all(piece.flow.keep_with_next for piece in slices)
            assert only_leads or isinstance(after[id(last.flow)], BreakFlow)


def test_convention_ends_no_page_with_a_heading() -> None:
    wording = WordingFiles().wording("convention/2026-1")
    for name in ("A", "Communauté d’agglomération du pays fictif", "Long " * 40):
        terms = example_terms(member=example_member(name=name))
        pages = paginate(flows_of(compose(wording, terms.title, values_of(terms))))
        assert 12 <= len(pages) <= 15
        assert not any(isinstance(slices[-1].flow, HeadingFlow) for slices in pages)
        assert not any(isinstance(slices[-1].flow, TextFlow) and slices[-1].flow.keep_with_next for slices in pages)


@given(st.lists(st.text(alphabet="abc ", max_size=200), min_size=2, max_size=6), st.integers(1, 4))
def test_columns_fill_the_width(texts: list[str], rows: int) -> None:
    cells = tuple(map(runs, texts))
    aligns = (Align.LEFT, *(Align.RIGHT,) * (len(cells) - 1))
    widths = column_widths(DataTable(runs("T"), cells, aligns, (cells,) * rows))
    assert sum(widths) == pytest.approx(TEXT_WIDTH)
    assert min(widths) > 0


def test_table_comes_back_with_its_head() -> None:
    table = block_of(3, 20)
    assert isinstance(table, DataTable)
    flow = TableFlow(table, 0)
    assert flow.repeated_height > 0
    assert flow.heights[0] > flow.heights[1] + flow.repeated_height


def test_bookmarks_hang_by_level() -> None:
    bookmarks = Bookmarks()
    for title, level in (("A", 0), ("A.1", 1), ("A.2", 1), ("B", 0)):
        bookmarks.add(Bookmark(title, level, 0, 700.0))
    root, bodies = bookmarks.render([7], 3, 10)
    assert root == b"<</Type/Outlines/First 10 0 R/Last 13 0 R/Count 2>>"
    assert bodies[0] == b"<</Title(A)/Parent 3 0 R/Dest[7 0 R/XYZ null 700 null]/Next 13 0 R/First 11 0 R/Last 12 0 R/Count -2>>"
    assert bodies[2] == b"<</Title(A.2)/Parent 10 0 R/Dest[7 0 R/XYZ null 700 null]/Prev 11 0 R>>"


@pytest.mark.parametrize(
    ("value", "written"), [(0.0, "0"), (-0.0001, "0"), (1.5, "1.5"), (595.27559, "595.276"), (-3.0, "-3"), (1e9, "1000000000")]
)
def test_numbers_have_no_exponent(value: float, written: str) -> None:
    assert number(value) == written


def test_text_strings() -> None:
    assert pdf_text(r"a(b)\c") == r"(a\(b\)\\c)"
    assert pdf_text("é") == "<feff00e9>"
    assert pdf_text("a\nb") == "<feff0061000a0062>"


def test_other_reportlab_is_refused() -> None:
    verify_reportlab_version(EXPECTED_VERSION)
    with pytest.raises(ConfigurationError, match=r"5\.2\.0"):
        verify_reportlab_version("5.2.0")
