"""Tables: columns measured from their content, rows kept whole, head repeated as an artifact, amounts aligned right."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Sequence

from documents.blocks import Align, DataTable, FactSheet, Runs, plain
from documents.fonts import text_width
from documents.pdf.canvas import REPEATED_ARTIFACT, TaggedCanvas
from documents.pdf.flows import LEAST_LINES, Flow, draw_text
from documents.pdf.numbers import number
from documents.pdf.structure import Element, table_attributes
from documents.pdf.style import (
    ACCENT_RULE,
    CAPTION,
    CELL,
    FACT_NAME,
    FACT_VALUE,
    HEAD_CELL,
    MARGIN_LEFT,
    RULE,
    TEXT_WIDTH,
    TINT,
    TOTAL_CELL,
    TextStyle,
)
from documents.pdf.text_layout import lay_text

PADDING_X = 6.0
PADDING_TOP = 2.2
PADDING_BOTTOM = 2.8
_NARROWEST = 48.0
COLUMN_HEAD = table_attributes(scope="Column")
ROW_HEAD = table_attributes(scope="Row")


class Cell:
    """One cell: its lines within a column."""

    __slots__ = ("align", "block", "left", "style", "width")

    def __init__(self, runs: Runs, style: TextStyle, left: float, width: float, align: Align) -> None:
        self.style = style
        self.left = left
        self.width = width
        self.align = align
        self.block = lay_text(runs, style, width - 2 * PADDING_X)

    @property
    def height(self) -> float:
        """Height with its padding."""
        return max(self.style.leading, self.block.height) + PADDING_TOP + PADDING_BOTTOM

    def draw(self, canvas: TaggedCanvas, element: Element, top: float) -> None:
        """Draw the lines as content of the element; an empty cell draws nothing."""
        for rank, (x, y) in enumerate(self._line_places(top)):
            if self.align is Align.RIGHT:
                draw_text(canvas, element, self.block, x, y, lines=(rank, rank))
            elif rank == 0:
                draw_text(canvas, element, self.block, x, y)

    def draw_repeated(self, canvas: TaggedCanvas, top: float) -> None:
        """Draw the lines as an artifact's content."""
        for line, (x, y) in zip(self.block.lines, self._line_places(top), strict=True):
            shown_x, baseline = x, y - self.style.baseline
            for segment in line.segments:
                canvas.emit(canvas.text_operators(shown_x, baseline, segment.text, segment.face, self.style.size, self.style.colour))
                shown_x += segment.width(self.style.size)

    def _line_places(self, top: float) -> Iterator[tuple[float, float]]:
        """Left end and top of each line."""
        y = top - PADDING_TOP
        for line in self.block.lines:
            yield self.left + PADDING_X if self.align is Align.LEFT else self.left + self.width - PADDING_X - line.width, y
            y -= self.style.leading


def column_widths(table: DataTable) -> tuple[float, ...]:
    """Share the width of the page between columns.

    Each column gets what its longest text wants, the widest left-aligned one what is left. Where that is too much, heads
    turn first; then columns that want more than an equal share are reduced in proportion.
    """
    heads = [plain(runs) for runs in table.head]
    contents = [_content_width(table, column) for column in range(len(heads))]
    widths = _padded(max(content, _width(head)) for content, head in zip(contents, heads, strict=True))
    if sum(widths) > TEXT_WIDTH:
        widths = _padded(max(content, *map(_width, head.split(" "))) for content, head in zip(contents, heads, strict=True))
    rest = TEXT_WIDTH - sum(widths)
    if rest >= 0:
        widest = max(range(len(widths)), key=lambda column: (table.aligns[column] is Align.LEFT, widths[column]))
        widths[widest] += rest
        return tuple(widths)
    return _crowded(table, widths)


def _crowded(table: DataTable, wanted: list[float]) -> tuple[float, ...]:
    """Share the page between columns that want more than there is.

    Each gets its widest word, or an equal share where that is less, and what is left in proportion to the square root of
    what it still wants, which evens out the heights of cells.
    """
    fair = TEXT_WIDTH / len(wanted)
    least = [min(fair, width) for width in _padded(_widest_word(table, column) for column in range(len(wanted)))]
    hunger = [max(0.0, want - width) ** 0.5 for want, width in zip(wanted, least, strict=True)]
    rest = TEXT_WIDTH - sum(least)
    return tuple(width + rest * share / sum(hunger) for width, share in zip(least, hunger, strict=True))


def _widest_word(table: DataTable, column: int) -> float:
    texts = [plain(row[column]) for row in (table.head, *table.rows)]
    return max(_width(word) for text in texts for word in text.split(" "))


def _padded(widths: Iterable[float]) -> list[float]:
    return [width + 2 * PADDING_X + 1.0 for width in widths]


def _content_width(table: DataTable, column: int) -> float:
    texts = [plain(row[column]) for row in table.rows]
    if table.total is not None and table.aligns[column] is Align.RIGHT:
        texts.append(plain(table.total[column]))
    return max(map(_width, texts), default=_NARROWEST)


def _width(text: str) -> float:
    """Width of a text set in the widest style of a table."""
    return text_width(text, TOTAL_CELL.face) * TOTAL_CELL.size / 1000


class RowsFlow(Flow):
    """Rows in a Table element."""

    space_after = 11.0

    def may_break_before(self, index: int) -> bool:
        """Leave at least two rows on each side, the total never alone."""
        return LEAST_LINES <= index <= len(self.heights) - LEAST_LINES


class TableLayout:
    """Cells and heights of a data table, shared by all documents that hold the same."""

    def __init__(self, table: DataTable) -> None:
        widths = column_widths(table)
        lefts = [MARGIN_LEFT + sum(widths[:column]) for column in range(len(widths))]
        geometry = list(zip(lefts, widths, table.aligns, strict=True))
        self.caption = lay_text(table.caption, CAPTION, TEXT_WIDTH)
        self.summary = plain(table.caption)
        self.head = [Cell(runs, HEAD_CELL, *place) for runs, place in zip(table.head, geometry, strict=True)]
        self.rows = [[Cell(runs, CELL, *place) for runs, place in zip(row, geometry, strict=True)] for row in table.rows]
        self.total = _total_cells(table, geometry)
        self.total_span = table.total_label_columns
        self.head_height = max(cell.height for cell in self.head)
        self.row_heights = [max(cell.height for cell in row) for row in self.rows]
        if self.total:
            self.row_heights.append(max(cell.height for cell in self.total))
        self.first_height = self.caption.height + CAPTION.space_after + self.head_height
        """Height of what stands above the first row."""


def _total_cells(table: DataTable, geometry: list[tuple[float, float, Align]]) -> list[Cell]:
    """Lay the total out: its label spans the columns before its first figure."""
    if table.total is None:
        return []
    span = table.total_label_columns
    label_width = sum(width for _, width, _ in geometry[:span])
    label = Cell(table.total[0], TOTAL_CELL, geometry[0][0], label_width, Align.LEFT)
    return [label, *(Cell(runs, TOTAL_CELL, *place) for runs, place in zip(table.total[span:], geometry[span:], strict=True))]


@functools.lru_cache(maxsize=128)
def lay_table(table: DataTable) -> TableLayout:
    """Lay a data table out."""
    return TableLayout(table)


class TableFlow(RowsFlow):
    """A data table. Its first slice holds caption, head and first row; the head comes back on each page."""

    def __init__(self, table: DataTable, part: int) -> None:
        layout = lay_table(table)
        first, *others = layout.row_heights
        super().__init__(part)
        self.space_before = CAPTION.space_before
        self.heights = (layout.first_height + first, *others)
        self.repeated_height = layout.head_height
        self._layout = layout
        self._elements: dict[str, Element] = {}

    def draw(self, canvas: TaggedCanvas, parent: Element, top: float, first: int, last: int) -> None:
        """Draw those rows, with the caption and the head above the first, the repeated head above any other."""
        layout = self._layout
        table = self._element("Table", parent, table_attributes(summary=layout.summary))
        if first == 0:
            draw_text(canvas, table.child("Caption"), layout.caption, MARGIN_LEFT, top)
            top -= layout.first_height - layout.head_height
        self._draw_head(canvas, table, top, repeated=first > 0)
        top -= layout.head_height
        rules = []
        for index in range(first, last + 1):
            if index < len(layout.rows):
                _draw_cells(canvas, self._element("TBody", table).child("TR"), layout.rows[index], top)
            else:
                self._draw_total(canvas, table.child("TFoot").child("TR"), top, layout.row_heights[index])
            top -= layout.row_heights[index]
            rules.append(top)
        _draw_rules(canvas, f"0.4 w {RULE}", rules)

    def _element(self, tag: str, parent: Element, attributes: str = "") -> Element:
        """Return the element that all slices of the table share."""
        if tag not in self._elements:
            self._elements[tag] = parent.child(tag, attributes)
        return self._elements[tag]

    def _draw_head(self, canvas: TaggedCanvas, table: Element, top: float, *, repeated: bool) -> None:
        height = self._layout.head_height
        _draw_tint(canvas, top, height)
        _draw_rules(canvas, f"1 w {canvas.colour(ACCENT_RULE)}", [top - height])
        if repeated:
            with canvas.artifact(REPEATED_ARTIFACT):
                for cell in self._layout.head:
                    cell.draw_repeated(canvas, top)
            return
        row = table.child("THead").child("TR")
        for cell in self._layout.head:
            cell.draw(canvas, row.child("TH", COLUMN_HEAD), top)

    def _draw_total(self, canvas: TaggedCanvas, row: Element, top: float, height: float) -> None:
        _draw_tint(canvas, top, height)
        label, *figures = self._layout.total
        label.draw(canvas, row.child("TH", table_attributes(scope="Row", columns=self._layout.total_span)), top)
        for cell in figures:
            cell.draw(canvas, row.child("TD"), top)


def _draw_cells(canvas: TaggedCanvas, row: Element, cells: Sequence[Cell], top: float) -> None:
    """Draw a row whose first cell is its head."""
    head, *others = cells
    head.draw(canvas, row.child("TH", ROW_HEAD), top)
    for cell in others:
        cell.draw(canvas, row.child("TD"), top)


def _draw_tint(canvas: TaggedCanvas, top: float, height: float) -> None:
    with canvas.artifact():
        canvas.emit(f"{canvas.colour(TINT)} {number(MARGIN_LEFT)} {number(top - height)} {number(TEXT_WIDTH)} {number(height)} re f")


def _draw_rules(canvas: TaggedCanvas, pen: str, heights: Sequence[float]) -> None:
    """Draw horizontal rules across the column."""
    if heights:
        left, right = number(MARGIN_LEFT), number(MARGIN_LEFT + TEXT_WIDTH)
        with canvas.artifact():
            canvas.emit(pen, *(f"{left} {number(y)} m {right} {number(y)} l" for y in heights), "S")


class FactSheetFlow(RowsFlow):
    """Names and values between two rules: a table whose rows have heads."""

    NAME_WIDTH = 140.0
    MOST_ROWS_KEPT_WHOLE = 8
    space_before = 7.0

    def __init__(self, sheet: FactSheet, part: int) -> None:
        super().__init__(part)
        self._summary = plain(sheet.caption)
        value_left = MARGIN_LEFT + self.NAME_WIDTH
        self._rows = [
            (
                Cell(name, FACT_NAME, MARGIN_LEFT, self.NAME_WIDTH, Align.LEFT),
                Cell(value, FACT_VALUE, value_left, TEXT_WIDTH - self.NAME_WIDTH, Align.LEFT),
            )
            for name, value in sheet.rows
        ]
        self.heights = tuple(max(cell.height for cell in row) for row in self._rows)
        self._body: Element | None = None

    def may_break_before(self, index: int) -> bool:
        """Keep a short sheet in one piece."""
        return len(self.heights) > self.MOST_ROWS_KEPT_WHOLE and super().may_break_before(index)

    def draw(self, canvas: TaggedCanvas, parent: Element, top: float, first: int, last: int) -> None:
        """Draw those rows and the rules around them."""
        if self._body is None:
            self._body = parent.child("Table", table_attributes(summary=self._summary)).child("TBody")
        rules = [top]
        for index in range(first, last + 1):
            _draw_cells(canvas, self._body.child("TR"), self._rows[index], top)
            top -= self.heights[index]
            rules.append(top)
        _draw_rules(canvas, f"0.4 w {RULE}", rules[1:-1])
        _draw_rules(canvas, f"1 w {canvas.colour(ACCENT_RULE)}", (rules[0], rules[-1]))
