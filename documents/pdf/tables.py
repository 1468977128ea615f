"""Tables: columns measured from their content, rows kept whole, head repeated as an artifact, amounts aligned right."""

from __future__ import annotations

from collections.abc import Iterator

from documents.blocks import Align, DataTable, FactSheet, Runs, plain
from documents.fonts import text_width
from documents.pdf.canvas import LAYOUT_ARTIFACT, REPEATED_ARTIFACT, TaggedCanvas
from documents.pdf.flows import LEAST_LINES, draw_text
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
            for segment in line.segments:
                canvas.emit(canvas.text_operators(x, y - self.style.baseline, segment.text, segment.face, self.style.size, self.style.colour))
                x += segment.width(self.style.size)

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
    contents = [_content_width(table, column) for column in range(len(table.head))]
    for wanted in (
        [max(content, _width(head)) for content, head in zip(contents, map(plain, table.head), strict=True)],
        [max(content, *map(_width, head.split(" "))) for content, head in zip(contents, map(plain, table.head), strict=True)],
    ):
        widths = [width + 2 * PADDING_X + 1.0 for width in wanted]
        rest = TEXT_WIDTH - sum(widths)
        if rest >= 0:
            widest = max(range(len(widths)), key=lambda column: (table.aligns[column] is Align.LEFT, widths[column]))
            widths[widest] += rest
            return tuple(widths)
    fair = TEXT_WIDTH / len(widths)
    taken = sum(width for width in widths if width <= fair)
    elastic = sum(widths) - taken
    return tuple(width if width <= fair else width * (TEXT_WIDTH - taken) / elastic for width in widths)


def _content_width(table: DataTable, column: int) -> float:
    texts = [plain(row[column]) for row in table.rows]
    if table.total is not None and table.aligns[column] is Align.RIGHT:
        texts.append(plain(table.total[column]))
    return max(map(_width, texts), default=_NARROWEST)


def _width(text: str) -> float:
    """Width of a text set in the widest style of a table."""
    return text_width(text, TOTAL_CELL.face) * TOTAL_CELL.size / 1000


class _RowsFlow:
    """Rows in a Table element."""

    space_before = 0.0
    space_after = 11.0
    keep_with_next = False
    repeated_height = 0.0
    heights: tuple[float, ...] = ()

    def may_break_before(self, index: int) -> bool:
        """Leave at least two rows on each side, the total never alone."""
        return LEAST_LINES <= index <= len(self.heights) - LEAST_LINES


class TableFlow(_RowsFlow):
    """A data table. Its first slice holds caption, head and first row; the head comes back on each page."""

    def __init__(self, table: DataTable, part: int) -> None:
        self.part = part
        self.space_before = CAPTION.space_before
        widths = column_widths(table)
        lefts = [MARGIN_LEFT + sum(widths[:column]) for column in range(len(widths))]
        geometry = list(zip(lefts, widths, table.aligns, strict=True))
        self._caption = lay_text(table.caption, CAPTION, TEXT_WIDTH)
        self._summary = plain(table.caption)
        self._head = [Cell(runs, HEAD_CELL, *place) for runs, place in zip(table.head, geometry, strict=True)]
        self._rows = [[Cell(runs, CELL, *place) for runs, place in zip(row, geometry, strict=True)] for row in table.rows]
        self._total = self._total_cells(table, geometry)
        self._head_height = max(cell.height for cell in self._head)
        heights = [max(cell.height for cell in row) for row in self._rows]
        if self._total:
            heights.append(max(cell.height for cell in self._total))
        self._caption_height = self._caption.height + CAPTION.space_after
        heights = heights or [0.0]
        heights[0] += self._caption_height + self._head_height
        self.heights = tuple(heights)
        self.repeated_height = self._head_height
        self._table: Element | None = None
        self._body: Element | None = None

    @staticmethod
    def _total_cells(table: DataTable, geometry: list[tuple[float, float, Align]]) -> list[Cell]:
        """Lay the total out: its label spans the columns before the first amount."""
        if table.total is None:
            return []
        label_columns = table.total_label_columns
        left = geometry[0][0]
        label_width = sum(width for _, width, _ in geometry[:label_columns])
        cells = [Cell(table.total[0], TOTAL_CELL, left, label_width, Align.LEFT)]
        cells += [Cell(table.total[column], TOTAL_CELL, *geometry[column]) for column in range(label_columns, len(geometry))]
        return cells

    def draw(self, canvas: TaggedCanvas, parent: Element, top: float, first: int, last: int) -> None:
        """Draw those rows, with the caption and the head above the first, the repeated head above any other."""
        if first == 0:
            self._table = parent.child("Table", table_attributes(summary=self._summary))
            draw_text(canvas, self._table.child("Caption"), self._caption, MARGIN_LEFT, top)
            top -= self._caption_height
        assert self._table is not None
        self._draw_head(canvas, self._table, top, first)
        top -= self._head_height
        if self._body is None and self._rows:
            self._body = self._table.child("TBody")
        rules = [top]
        for index in range(first, last + 1):
            height = self.heights[index] - (self._caption_height + self._head_height if index == 0 else 0.0)
            if index < len(self._rows):
                assert self._body is not None
                self._draw_row(canvas, self._body.child("TR"), self._rows[index], top)
            else:
                self._draw_total(canvas, self._table.child("TFoot").child("TR"), top, height)
            top -= height
            rules.append(top)
        with canvas.artifact(LAYOUT_ARTIFACT):
            right = number(MARGIN_LEFT + TEXT_WIDTH)
            left = number(MARGIN_LEFT)
            canvas.emit(f"0.4 w {RULE}", *(f"{left} {number(y)} m {right} {number(y)} l" for y in rules[1:]), "S")

    def _draw_head(self, canvas: TaggedCanvas, table: Element, top: float, first: int) -> None:
        bottom = top - self._head_height
        with canvas.artifact(LAYOUT_ARTIFACT):
            canvas.emit(
                f"{TINT} {number(MARGIN_LEFT)} {number(bottom)} {number(TEXT_WIDTH)} {number(self._head_height)} re f",
                f"1 w {ACCENT_RULE} {number(MARGIN_LEFT)} {number(bottom)} m {number(MARGIN_LEFT + TEXT_WIDTH)} {number(bottom)} l S",
            )
        if first > 0:
            with canvas.artifact(REPEATED_ARTIFACT):
                for cell in self._head:
                    cell.draw_repeated(canvas, top)
            return
        row = table.child("THead").child("TR")
        for cell in self._head:
            cell.draw(canvas, row.child("TH", table_attributes(scope="Column")), top)

    @staticmethod
    def _draw_row(canvas: TaggedCanvas, row: Element, cells: list[Cell], top: float) -> None:
        for column, cell in enumerate(cells):
            head = column == 0
            cell.draw(canvas, row.child("TH" if head else "TD", table_attributes(scope="Row") if head else ""), top)

    def _draw_total(self, canvas: TaggedCanvas, row: Element, top: float, height: float) -> None:
        with canvas.artifact(LAYOUT_ARTIFACT):
            canvas.emit(f"{TINT} {number(MARGIN_LEFT)} {number(top - height)} {number(TEXT_WIDTH)} {number(height)} re f")
        spanned = len(self._head) - len(self._total) + 1
        for column, cell in enumerate(self._total):
            head = column == 0
            attributes = table_attributes(scope="Row", columns=spanned) if head else ""
            cell.draw(canvas, row.child("TH" if head else "TD", attributes), top)


class FactSheetFlow(_RowsFlow):
    """Names and values between two rules: a table whose rows have heads."""

    NAME_WIDTH = 140.0
    space_before = 7.0

    def __init__(self, sheet: FactSheet, part: int) -> None:
        self.part = part
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

    def draw(self, canvas: TaggedCanvas, parent: Element, top: float, first: int, last: int) -> None:
        """Draw those rows and the rules around them."""
        if self._body is None:
            self._body = parent.child("Table", table_attributes(summary=self._summary)).child("TBody")
        rules = [top]
        for index in range(first, last + 1):
            row = self._body.child("TR")
            name, value = self._rows[index]
            name.draw(canvas, row.child("TH", table_attributes(scope="Row")), top)
            value.draw(canvas, row.child("TD"), top)
            top -= self.heights[index]
            rules.append(top)
        left, right = number(MARGIN_LEFT), number(MARGIN_LEFT + TEXT_WIDTH)
        with canvas.artifact(LAYOUT_ARTIFACT):
            canvas.emit(f"0.4 w {RULE}", *(f"{left} {number(y)} m {right} {number(y)} l" for y in rules[1:-1]), "S")
            canvas.emit(f"1 w {ACCENT_RULE}", *(f"{left} {number(y)} m {right} {number(y)} l" for y in (rules[0], rules[-1])), "S")
