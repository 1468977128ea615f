"""What stands in the column of a page: things made of lines or rows, which the pages take slice by slice."""

from __future__ import annotations

from abc import ABC, abstractmethod

from documents.blocks import Runs, plain
from documents.pdf.canvas import Rect, TaggedCanvas
from documents.pdf.numbers import number
from documents.pdf.structure import Element, list_attributes
from documents.pdf.style import HEADINGS, MARGIN_LEFT, TEXT_WIDTH, TextStyle
from documents.pdf.text_layout import Line, TextBlock, lay_text

LEAST_LINES = 2  # a paragraph leaves at least two lines at the foot of a page and at the head of the next
LABEL_INDENT = 4.0
OUTLINE_LEVELS = {1: 0, 2: 0, 3: 1}
"""Bookmark level of each heading level that has a bookmark."""


class Flow(ABC):
    """A thing in the column, made of slices of those heights that a page break may part.

    ``repeated_height`` is what a slice other than the first needs on top where a page begins with it; ``part`` is the rank
    of the reading part that the flow belongs to.
    """

    heights: tuple[float, ...] = ()
    space_before = 0.0
    space_after = 0.0
    repeated_height = 0.0
    keep_with_next = False

    def __init__(self, part: int) -> None:
        self.part = part

    def may_break_before(self, index: int) -> bool:
        """Tell whether a page may begin with that slice (never asked for the first)."""
        del index
        return False

    @abstractmethod
    def draw(self, canvas: TaggedCanvas, parent: Element, top: float, first: int, last: int) -> None:
        """Draw the slices from ``first`` to ``last`` (included) downwards from ``top``."""


class LinkElements(dict[int, Element]):
    """The Link elements of one paragraph, by the rank of their run, so that a link over two lines is one element."""

    def of(self, element: Element, run: int) -> Element:
        """Return the run's Link element, made the first time."""
        if run not in self:
            self[run] = element.child("Link")
        return self[run]


def draw_text(
    canvas: TaggedCanvas,
    element: Element,
    block: TextBlock,
    left: float,
    top: float,
    *,
    lines: tuple[int, int] | None = None,
    links: LinkElements | None = None,
) -> None:
    """Draw a block's lines (``lines``: first and last, included; all if None) downwards as content of an element."""
    first, last = lines or (0, len(block.lines) - 1)
    style = block.style
    y = top - style.baseline
    if canvas.frozen_fonts and block.is_common:
        canvas.use_faces(block.faces)
        begin = canvas.begin_marked(element)
        canvas.emit(f"BT {begin} {canvas.colour(style.colour)} {number(left)} {number(y)} Td {block.common_operators(first, last)} EMC ET")
    else:
        _draw_segments(canvas, element, style, left, y, block.lines[first : last + 1], LinkElements() if links is None else links)


def _draw_segments(
    canvas: TaggedCanvas, element: Element, style: TextStyle, left: float, y: float, lines: tuple[Line, ...], links: LinkElements
) -> None:
    """Draw lines piece by piece: links in Link elements of their own, characters outside the common repertoire."""
    operators = [f"BT {canvas.begin_marked(element)} {canvas.colour(style.colour)}"]
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


class TextFlow(Flow):
    """A paragraph, a heading or a caption."""

    def __init__(self, runs: Runs, style: TextStyle, part: int, *, tag: str = "P", keep_with_next: bool = False) -> None:
        super().__init__(part)
        self.style = style
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

    def draw(self, canvas: TaggedCanvas, parent: Element, top: float, first: int, last: int) -> None:
        """Draw those lines."""
        if self._element is None:
            self._element = self.open_element(canvas, parent, top)
        draw_text(canvas, self._element, self.block, MARGIN_LEFT + self.style.indent, top, lines=(first, last), links=self._links)

    def open_element(self, canvas: TaggedCanvas, parent: Element, top: float) -> Element:
        """Make the structure element of the text, before its first line is drawn at ``top``."""
        del canvas, top
        return parent.child(self._tag)


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

    def open_element(self, canvas: TaggedCanvas, parent: Element, top: float) -> Element:
        """Add the heading's bookmark too."""
        if self._level in OUTLINE_LEVELS:
            canvas.add_bookmark(self._title, OUTLINE_LEVELS[self._level], top + 6.0)
        return super().open_element(canvas, parent, top)


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

    def open_element(self, canvas: TaggedCanvas, parent: Element, top: float) -> Element:
        """Draw the label, and make the body's element."""
        style = self.style
        item = self._list.under(parent).child("LI")
        shown = canvas.text_operators(MARGIN_LEFT + LABEL_INDENT, top - style.baseline, self._label, style.face, style.size, style.colour)
        canvas.emit(canvas.begin_marked(item.child("Lbl")), shown, "EMC")
        return item.child("LBody")


class BreakFlow(Flow):
    """Makes what follows start on a new page."""

    def draw(self, canvas: TaggedCanvas, parent: Element, top: float, first: int, last: int) -> None:
        """Draw nothing."""
