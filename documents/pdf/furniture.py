"""What surrounds the column on each page, all of it artifacts: letterhead, running head, foot, demonstration mark."""

from __future__ import annotations

from dataclasses import dataclass

from documents.fonts import text_width
from documents.french import NO_BREAK
from documents.pdf.canvas import FOOTER_ARTIFACT, HEADER_ARTIFACT, TaggedCanvas
from documents.pdf.logo import Logo
from documents.pdf.numbers import number
from documents.pdf.style import (
    ACCENT_RULE,
    LETTERHEAD_NAME,
    MARGIN_LEFT,
    MARGIN_RIGHT,
    PAGE_HEIGHT,
    PAGE_WIDTH,
    RULE,
    SMALL,
    SMALL_STRONG,
    TEXT_WIDTH,
    WARNING,
    TextStyle,
)

DEMONSTRATION = "DÉMONSTRATION – données fictives, sans valeur"
RIGHT = PAGE_WIDTH - MARGIN_RIGHT
LOGO_TOP = 44.0
LOGO_GAP = 14.0
_ELLIPSIS = "…"


@dataclass(frozen=True, slots=True)
class Furniture:
    """Texts around the column: the syndicate's name and its address lines, the document's title, its number."""

    issuer: str
    issuer_lines: tuple[str, ...]
    title: str
    reference: str
    demonstration: bool
    logo: Logo | None = None

    def draw(self, canvas: TaggedCanvas, page: int, page_count: int) -> None:
        """Draw what surrounds a page (from 1)."""
        with canvas.artifact(HEADER_ARTIFACT):
            if page == 1:
                self._draw_letterhead(canvas)
            else:
                self._draw_running_head(canvas)
        with canvas.artifact(FOOTER_ARTIFACT):
            self._draw_foot(canvas, page, page_count)
        canvas.end_furniture()

    def _draw_letterhead(self, canvas: TaggedCanvas) -> None:
        y = PAGE_HEIGHT - 58.0
        room = TEXT_WIDTH
        if self.logo is not None:
            canvas.draw_logo(self.logo, RIGHT, PAGE_HEIGHT - LOGO_TOP)
            room -= self.logo.width + LOGO_GAP
        _show(canvas, self.issuer, LETTERHEAD_NAME, MARGIN_LEFT, y, room=room)
        for line in self.issuer_lines:
            y -= SMALL.leading + 0.8
            _show(canvas, line, SMALL, MARGIN_LEFT, y, room=room)
        _rule(canvas, f"1.2 w {canvas.colour(ACCENT_RULE)}", PAGE_HEIGHT - 104.0)

    def _draw_running_head(self, canvas: TaggedCanvas) -> None:
        y = PAGE_HEIGHT - 50.0
        _show(canvas, self.title, SMALL_STRONG, MARGIN_LEFT, y, room=TEXT_WIDTH * 0.40)
        _show(canvas, self.issuer, SMALL, RIGHT, y, right=True, room=TEXT_WIDTH * 0.57)
        _rule(canvas, f"0.5 w {RULE}", y - 7.0)

    def _draw_foot(self, canvas: TaggedCanvas, page: int, page_count: int) -> None:
        y = 40.0
        _rule(canvas, f"0.5 w {RULE}", y + 14.0)
        _show(canvas, self.reference, SMALL, MARGIN_LEFT, y, room=TEXT_WIDTH * 0.2)
        _show(canvas, NO_BREAK.join(("page", str(page), "sur", str(page_count))), SMALL, RIGHT, y, right=True)
        if self.demonstration:
            width = text_width(DEMONSTRATION, SMALL_STRONG.face) * SMALL_STRONG.size / 1000
            style = TextStyle(SMALL_STRONG.size, SMALL_STRONG.leading, SMALL_STRONG.face, WARNING)
            _show(canvas, DEMONSTRATION, style, (PAGE_WIDTH - width) / 2, y)


def _rule(canvas: TaggedCanvas, pen: str, y: float) -> None:
    canvas.emit(f"{pen} {number(MARGIN_LEFT)} {number(y)} m {number(RIGHT)} {number(y)} l S")


def _show(canvas: TaggedCanvas, text: str, style: TextStyle, x: float, y: float, *, right: bool = False, room: float = TEXT_WIDTH) -> None:
    """Show one line that starts, or ends, at x, shortened to the room there is (the content says it in full elsewhere)."""
    shown = text
    while text_width(shown, style.face) * style.size / 1000 > room:
        shown = shown.removesuffix(_ELLIPSIS)[:-1].rstrip() + _ELLIPSIS
    if right:
        x -= text_width(shown, style.face) * style.size / 1000
    canvas.emit(canvas.text_operators(x, y, shown, style.face, style.size, style.colour))
