"""What stands in the column of a page: things made of lines or rows, which the pages take slice by slice."""

from __future__ import annotations

from typing import Protocol

from documents.blocks import Runs, plain
from documents.pdf.canvas import Rect, TaggedCanvas
from documents.pdf.numbers import number
from documents.pdf.structure import Element, list_attributes
from documents.pdf.style import HEADINGS, MARGIN_LEFT, TEXT_WIDTH, TextStyle
from documents.pdf.text_layout import Line, TextBlock, lay_text

LEAST_LINES = 2  # a paragraph leaves at least two lines at the foot of a page and at the head of the next
OUTLINE_LEVELS = {1: 0, 2: 0, 3: 1}
"""Bookmark level of each heading level that has a bookmark."""


class Flow(Protocol):
    """A thing in the column, made of slices that a page break may part."""

    heights: tuple[float, ...]
    space_before: float
    space_after: float
    keep_with_next: bool
    repeated_height: float
    part: int

    def may_break_before(self, index: int) -> bool:
        """Tell whether a page may begin with that slice (never asked for the first)."""
        ...

    def draw(self, canvas: TaggedCanvas, parent: Element, top: float, first: int, last: int) -> None:
        """Draw the slices from ``first`` to ``last`` (included) downwards from ``top``."""
        ...


class LinkElements(dict[int, Element]):
    """The Link elements of one paragraph, by the rank of their run, so that a link over two lines is one element."""

    def of(self, element: Element, run: int) -> Element:
        """Return the run's Link element, made the first time."""
        if run not in self:
            self[run] = element.child("Link")
        return self[run]


def draw_text(
    canvas: TaggedCanvas, element: Element, block: TextBlock, left: float, top: float, *, lines: tuple[int, int] | None = None, links: LinkElements | None = None
) -> None:
    """Draw a block's lines (``lines``: first and last, included; all if None) downwards as content of an element."""
    first, last = lines or (0, len(block.lines) - 1)
    style = block.style
    begin = canvas.begin_marked(element)
    y = top - style.baseline
    if canvas.frozen_fonts and block.is_common:
        canvas.use_faces(block.faces)
        canvas.emit(f"BT {begin} {style.colour} {number(left)} {number(y)} Td {block.common_operators(first, last)} EMC ET")
    else:
        _draw_segments(canvas, element, block, (left, y), block.lines[first : last + 1], begin, LinkElements() if links is None else links)


def _draw_segments(
    canvas: TaggedCanvas, element: Element, block: TextBlock, start: tuple[float, float], lines: tuple[Line, ...], begin: str, links: LinkElements
) -> None:
    """Draw lines piece by piece: links in Link elements of their own, characters outside the common repertoire."""
    style = block.style
    operators = [f"BT {begin} {style.colour}"]
    left, y = start
    shown_x = shown_y = 0.0
    for line in lines:
        x = left
        for segment in line.segments:
            encoded = canvas.encodings[segment.face].encode(segment.text)
            shown = f"/{segment.face.resource} {number(style.size)} Tf {number(x - shown_x)} {number(y - shown_y)} Td <{encoded}> Tj"
            shown_x, shown_y = x, y
            width = segment.width(style.size)
            if segment.link is None:
                operators.append(shown)
            else:
                link = links.of(element, segment.run)
                operators += ["EMC", canvas.begin_marked(link), shown, "EMC", canvas.begin_marked(element)]
                rect: Rect = (x, y - 0.25 * style.size, x + width, y + 0.8 * style.size)
                canvas.add_link(link, segment.link, rect, f"Lien vers {segment.text.strip()}")
            x += width
        y -= style.leading
    canvas.emit(*operators, "EMC ET")


class TextFlow:
    """A paragraph, a heading or a caption."""

    repeated_height = 0.0

    def __init__(self, runs: Runs, style: TextStyle, part: int, *, tag: str = "P", keep_with_next: bool = False) -> None:
        self.style = style
        self.part = part
        self.keep_with_next = keep_with_next
        self.space_before = style.space_before
        self.space_after = style.space_after
        self.block = lay_text(runs, style, TEXT_WIDTH - style.indent)
        self.heights = (style.leading,) * len(self.block.lines)
        self._tag = tag
        self._element: Element | None = None
        self._links = LinkElements()

    def may_break_before(self, index: int) -> bool:
        """Leave neither a widow nor an orphan."""
        return LEAST_LINES <= index <= len(self.heights) - LEAST_LINES

    def element(self, canvas: TaggedCanvas, parent: Element) -> Element:
        """Return the structure element, made when the first line is drawn."""
        del canvas
        if self._element is None:
            self._element = parent.child(self._tag)
        return self._element

    def draw(self, canvas: TaggedCanvas, parent: Element, top: float, first: int, last: int) -> None:
        """Draw those lines."""
        element = self.element(canvas, parent)
        draw_text(canvas, element, self.block, MARGIN_LEFT + self.style.indent, top, lines=(first, last), links=self._links)


class HeadingFlow(TextFlow):
    """A heading: never at the foot of a page, never parted, bookmarked down to level 3."""

    def __init__(self, level: int, runs: Runs, part: int) -> None:
        super().__init__(runs, HEADINGS[level], part, tag=f"H{level}", keep_with_next=True)
        self._level = level
        self._title = plain(runs)

    def may_break_before(self, index: int) -> bool:
        """Keep the heading in one piece."""
        del index
        return False

    def draw(self, canvas: TaggedCanvas, parent: Element, top: float, first: int, last: int) -> None:
        """Draw the heading and its bookmark."""
        if first == 0 and self._level in OUTLINE_LEVELS:
            canvas.add_bookmark(self._title, OUTLINE_LEVELS[self._level], top + 6.0)
        super().draw(canvas, parent, top, first, last)


class ListElement:
    """The structure element that the items of one list share."""

    def __init__(self, *, ordered: bool) -> None:
        self._ordered = ordered
        self._element: Element | None = None

    def under(self, parent: Element) -> Element:
        """Return the list's element, made with its first item."""
        if self._element is None:
            self._element = parent.child("L", list_attributes(ordered=self._ordered))
        return self._element


class ItemFlow(TextFlow):
    """An item of a list: label, then body."""

    def __init__(self, label: str, runs: Runs, style: TextStyle, part: int, container: ListElement) -> None:
        super().__init__(runs, style, part)
        self._label = label
        self._list = container

    def element(self, canvas: TaggedCanvas, parent: Element) -> Element:
        """Return the body's element."""
        del canvas
        if self._element is None:
            self._item = self._list.under(parent).child("LI")
            self._label_element = self._item.child("Lbl")
            self._element = self._item.child("LBody")
        return self._element

    def draw(self, canvas: TaggedCanvas, parent: Element, top: float, first: int, last: int) -> None:
        """Draw those lines, and the label with the first."""
        self.element(canvas, parent)
        if first == 0:
            style = self.style
            x, y = MARGIN_LEFT + 4.0, top - style.baseline
            face = style.face
            shown = canvas.text_operators(x, y, self._label, face, style.size, style.colour)
            canvas.emit(canvas.begin_marked(self._label_element), shown, "EMC")
        super().draw(canvas, parent, top, first, last)


class BreakFlow:
    """Makes what follows start on a new page."""

    heights = (0.0,)
    space_before = space_after = repeated_height = 0.0
    keep_with_next = False

    def __init__(self, part: int) -> None:
        self.part = part

    def may_break_before(self, index: int) -> bool:
        """A single slice has no inner break."""
        del index
        return False

    def draw(self, canvas: TaggedCanvas, parent: Element, top: float, first: int, last: int) -> None:
        """Draw nothing."""
