"""The visible stamp of a signature: a one-page PDF that the signing room places on the field."""

from __future__ import annotations

import functools
from zoneinfo import ZoneInfo

from conventions.canonical import sha256_hex
from conventions.errors import InputRefused
from conventions.ports.documents import StampText
from documents.blocks import Run, Runs
from documents.fonts import Face, writable_text
from documents.french import set_french_spaces, spell_instant
from documents.pdf.canvas import TaggedCanvas
from documents.pdf.flows import draw_text
from documents.pdf.metadata import PRODUCER, DocumentProperties
from documents.pdf.numbers import number
from documents.pdf.style import ACCENT, INK, MUTED, TINT, TextStyle
from documents.pdf.text_layout import TextBlock, lay_text

PARIS = ZoneInfo("Europe/Paris")
_PADDING = 6.0
_BAR = 2.2
_INSET = 0.6
"""Leaves the frame that the agreement draws around the field to be seen."""
_SIZES = (9.0, 8.5, 8.0, 7.5, 7.0, 6.5, 6.0, 5.5, 5.0)
"""Tried from the largest: the stamp holds all its text or is refused."""


def render_stamp_page(text: StampText, width_pt: float, height_pt: float) -> bytes:
    """Draw the stamp, fonts embedded, the instant in Paris time.

    Raises:
        InputRefused: a character that the fonts lack, a naive instant, or more text than the stamp can hold.
    """
    if text.at.tzinfo is None:
        raise InputRefused("the instant of a stamp needs its time zone", code="documents.naive_instant")
    paragraphs = _paragraphs(text)
    for size in _SIZES:
        laid = [
            lay_text(Runs((Run(said),)), style, width_pt - 2 * _PADDING - _BAR)
            for said, style in zip(paragraphs, _styles(size), strict=True)
            if said
        ]
        if sum(block.height for block in laid) <= height_pt - 2 * _PADDING:
            return _draw(text, laid, width_pt, height_pt)
    raise InputRefused("more text than the stamp can hold", code="documents.stamp_overflow")


def _paragraphs(text: StampText) -> tuple[str, ...]:
    return (
        set_french_spaces("Signé électroniquement par"),
        writable_text(text.name, "stamp.name"),
        writable_text(text.capacity, "stamp.capacity"),
        writable_text(text.formula, "stamp.formula"),
        f"le {spell_instant(text.at.astimezone(PARIS))}",
        writable_text(text.level_text, "stamp.level_text"),
    )


@functools.cache
def _styles(size: float) -> tuple[TextStyle, ...]:
    """Return the style of each paragraph."""
    leading = size * 1.24
    quiet = TextStyle(size * 0.9, leading, Face.REGULAR, MUTED)
    return (
        quiet,
        TextStyle(size * 1.15, leading * 1.15, Face.STRONG, ACCENT),
        TextStyle(size, leading, Face.REGULAR, INK),
        TextStyle(size * 0.95, leading, Face.ITALIC, INK),
        quiet,
        quiet,
    )


def _draw(text: StampText, laid: list[TextBlock], width_pt: float, height_pt: float) -> bytes:
    day = text.at.astimezone(PARIS).date()
    identifier = sha256_hex(repr((text, width_pt, height_pt)).encode("utf-8"))[:32]
    properties = DocumentProperties("Signature électronique", PRODUCER, "Signature", day, identifier)
    canvas = TaggedCanvas((width_pt, height_pt), properties, frozen_fonts=False)
    canvas.begin_page()
    with canvas.artifact():
        canvas.emit(f"{TINT} {_INSET} {_INSET} {number(width_pt - 2 * _INSET)} {number(height_pt - 2 * _INSET)} re f")
        canvas.emit(f"{ACCENT} 0 0 {_BAR} {number(height_pt)} re f")
    y = height_pt - _PADDING
    for block in laid:
        draw_text(canvas, canvas.tree.root.child("P"), block, _PADDING + _BAR, y)
        y -= block.height
    canvas.close_page()
    return canvas.render()
