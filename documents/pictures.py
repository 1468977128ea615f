"""Pages as pictures, for who reads without a PDF reader."""

from __future__ import annotations

import io
import threading

import pypdfium2

from conventions.errors import EvidenceBroken, NotFound

WIDTH_PX = 1240

_PDFIUM = threading.Lock()
"""PDFium is not safe to call from two threads at once."""


def render_picture(data: bytes, page: int) -> bytes:
    """Draw one page (from 1) as a PNG, 1,240 pixels wide, form fields and stamps included.

    Raises:
        NotFound: no such page.
        EvidenceBroken: not a PDF.
    """
    with _PDFIUM:
        try:
            document = pypdfium2.PdfDocument(data)
        except pypdfium2.PdfiumError as error:
            raise EvidenceBroken("the file is not a PDF that can be drawn", code="documents.unreadable") from error
        try:
            if not 1 <= page <= len(document):
                raise NotFound(f"no page {page} of {len(document)}", code="documents.no_page", page=page)
            document.init_forms()
            drawn = document[page - 1]
            picture = drawn.render(scale=WIDTH_PX / drawn.get_width()).to_pil()
        finally:
            document.close()
    target = io.BytesIO()
    picture.save(target, "PNG", optimize=False)
    return target.getvalue()
