"""Measures and colours of the pages: serious, generous, quiet. Lengths in points."""

from __future__ import annotations

from dataclasses import dataclass

from reportlab.lib.pagesizes import A4

from documents.fonts import Face

PAGE_WIDTH: float = A4[0]
PAGE_HEIGHT: float = A4[1]
MARGIN_LEFT = MARGIN_RIGHT = 71.0
TEXT_WIDTH = PAGE_WIDTH - MARGIN_LEFT - MARGIN_RIGHT
TOP = PAGE_HEIGHT - 78.0
FIRST_TOP = PAGE_HEIGHT - 126.0
BOTTOM = 68.0

INK = "0.11 0.14 0.17 rg"
ACCENT = "0.06 0.29 0.36 rg"
MUTED = "0.33 0.38 0.42 rg"
WARNING = "0.60 0.16 0.10 rg"
RULE = "0.72 0.77 0.79 RG"
ACCENT_RULE = "0.06 0.29 0.36 RG"
TINT = "0.93 0.955 0.96 rg"


@dataclass(frozen=True, slots=True, eq=False)
class TextStyle:
    """How a block of text is set; ``indent`` moves all its lines to the right. Each style is one object, told apart by identity."""

    size: float
    leading: float
    face: Face = Face.REGULAR
    colour: str = INK
    space_before: float = 0.0
    space_after: float = 0.0
    indent: float = 0.0

    @property
    def baseline(self) -> float:
        """Distance from a line's top to its baseline."""
        return (self.leading - self.size) / 2 + self.size * 0.78


BODY = TextStyle(10.0, 13.7, space_after=6.0)
LEAD_IN = TextStyle(10.0, 13.7, space_after=3.5)
ITEM = TextStyle(10.0, 13.7, space_after=2.8, indent=17.0)
LAST_ITEM = TextStyle(10.0, 13.7, space_after=7.0, indent=17.0)
TITLE = TextStyle(19.0, 24.0, Face.STRONG, ACCENT, space_after=14.0)
HEADINGS = {
    1: TITLE,
    2: TextStyle(14.2, 18.0, Face.STRONG, ACCENT, space_before=15.0, space_after=5.0),
    3: TextStyle(11.0, 14.6, Face.STRONG, INK, space_before=8.0, space_after=3.0),
    4: TextStyle(10.0, 13.7, Face.STRONG, MUTED, space_before=6.0, space_after=2.0),
}
CAPTION = TextStyle(9.2, 12.5, Face.STRONG, MUTED, space_before=7.0, space_after=4.0)
CELL = TextStyle(9.1, 11.5)
HEAD_CELL = TextStyle(9.1, 11.5, Face.STRONG, ACCENT)
TOTAL_CELL = TextStyle(9.3, 11.8, Face.STRONG, ACCENT)
FACT_NAME = TextStyle(9.4, 12.8, Face.REGULAR, MUTED)
FACT_VALUE = TextStyle(9.9, 13.2, Face.STRONG, INK)
SMALL = TextStyle(8.2, 10.6, colour=MUTED)
SMALL_STRONG = TextStyle(8.2, 10.6, Face.STRONG, MUTED)
LETTERHEAD_NAME = TextStyle(12.5, 15.5, Face.STRONG, ACCENT)
SIGNER_FORMULA = TextStyle(9.6, 12.8, Face.ITALIC, INK)
SIGNER_NAME = TextStyle(10.3, 13.6, Face.STRONG, INK)
SIGNER_CAPACITY = TextStyle(9.6, 12.8, Face.REGULAR, MUTED)
