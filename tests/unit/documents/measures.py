"""Measures taken on a finished file by PDFium, which had no part in laying it out."""

from __future__ import annotations

from typing import Any

import pypdfium2
from pypdf import PdfReader, PdfWriter

Box = tuple[float, float, float, float]


def inked_box(data: bytes, page: int) -> Box:
    """Return the box (left, bottom, right, top, in points) around all characters but spaces shown on a page (from 1)."""
    document = pypdfium2.PdfDocument(data)
    try:
        text = document[page - 1].get_textpage()
        shown = [rank for rank in range(text.count_chars()) if text.get_text_range(rank, 1).strip()]
        drawn = [text.get_charbox(rank) for rank in shown]
        return (
            min(box[0] for box in drawn),
            min(box[1] for box in drawn),
            max(box[2] for box in drawn),
            max(box[3] for box in drawn),
        )
    finally:
        document.close()


def shown_text(data: bytes) -> str:
    """Return all text shown, artifacts included, page after page."""
    document = pypdfium2.PdfDocument(data)
    try:
        return "\n".join(drawn.get_textpage().get_text_range() for drawn in document)
    finally:
        document.close()


def catalogue(document: PdfReader | PdfWriter) -> Any:  # noqa: ANN401 pypdf tells no types of what it holds
    """Return the root of a document's objects."""
    return document.root_object
