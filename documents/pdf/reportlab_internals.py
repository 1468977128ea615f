"""The only place that touches reportlab's undocumented parts, pinned to the version they were read in.

No class or function of reportlab is replaced: what is needed is set on the one document at hand.

1. ``PDFCatalog`` and ``PDFPage`` write only the keys they list; ours need /OutputIntents, /AF, /Tabs and /StructParents:
   the catalogue is told of them, pages are written here.
2. The document's time-stamp and /ID come from the clock or the environment; ours come from the agreement.
3. Objects are numbered on registration; the structure tree and the attachments are written from those numbers.
4. ``PDFStream`` ends its data by nothing or a bare newline; PDF/A (6.1.7.1) wants an end of line outside of /Length:
   streams are written here.
5. ``PDFDocument.format`` takes half of the time of a tagged document, most of it in thousands of objects that are bytes
   already: the file is written here from reportlab's numbered objects.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Callable, Sequence
from datetime import date

import reportlab
from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

from conventions.errors import ConfigurationError
from documents.pdf.numbers import number

EXPECTED_VERSION = "5.1.0"
COMPRESSION_LEVEL = 6
_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"


def verify_reportlab_version(version: str = reportlab.__version__) -> None:
    """Refuse any other reportlab than the one this module was written against.

    Raises:
        ConfigurationError: another version is installed.
    """
    if version != EXPECTED_VERSION:
        msg = f"reportlab {EXPECTED_VERSION} expected, {version} installed: read reportlab_internals again before raising the pin"
        raise ConfigurationError(msg, code="documents.reportlab_version")


class RawObject(pdfdoc.PDFObject):  # type: ignore[misc]  # reportlab is untyped
    """An indirect object whose body we wrote ourselves."""

    __RefOnly__ = 1

    def __init__(self, body: bytes = b"") -> None:
        self.body = body


@functools.lru_cache(maxsize=256)
def stream_body(content: bytes, entries: str = "") -> bytes:
    """Write a compressed stream object with the given further dictionary entries; pages that are alike are compressed once."""
    data = zlib.compress(content, COMPRESSION_LEVEL)
    return plain_stream_body(data, f"/Filter/FlateDecode{entries}")


def plain_stream_body(data: bytes, entries: str = "") -> bytes:
    """Write a stream object whose data is taken as it is."""
    return b"<<%s/Length %d>>\nstream\n" % (entries.encode("ascii"), len(data)) + data + b"\r\nendstream"


def object_number(document: pdfdoc.PDFDocument, item: pdfdoc.PDFObject) -> int:
    """Register an object if it is not yet, and return its number."""
    reference = document.Reference(item)
    found: int = document.idToObjectNumberAndVersion[reference.name][0]
    return found


def reference_number(document: pdfdoc.PDFDocument, reference: pdfdoc.PDFObjectReference) -> int:
    """Return the number of the object behind a reference."""
    found: int = document.idToObjectNumberAndVersion[reference.name][0]
    return found


class _FixedTimeStamp:
    """Stands where reportlab keeps the time of writing."""

    dhh = dmm = 0
    t = 0.0
    tzname = "UTC"

    def __init__(self, day: date) -> None:
        self.YMDhms = (day.year, day.month, day.day, 0, 0, 0)
        self.lt = (*self.YMDhms, 0, 0, 0)


def freeze(canvas: Canvas, day: date) -> None:
    """Give the document the date that it will have whenever it is written."""
    canvas._doc._timeStamp = _FixedTimeStamp(day)


def set_catalog(canvas: Canvas, entries: dict[str, object]) -> None:
    """Set catalogue entries, those that reportlab does not know included."""
    catalog = canvas._doc.Catalog
    catalog.__NoDefault__ = [*catalog.__NoDefault__, *(key for key in entries if key not in catalog.__NoDefault__)]
    catalog.__Refs__ = [key for key in catalog.__Refs__ if key not in entries]
    for key, value in entries.items():
        setattr(catalog, key, value)
    catalog.PageMode = None


def page_numbers(canvas: Canvas) -> list[int]:
    """Return the object number of each page closed so far."""
    return [object_number(canvas._doc, page) for page in canvas._doc.Pages.pages]


def set_page(canvas: Canvas, index: int, entries: str, resources: str = "") -> None:
    """Write a closed page (from 0) ourselves, in the place of reportlab's own object; ``resources`` come beside the fonts."""
    document = canvas._doc
    page = document.Pages.pages[index]
    parent = object_number(document, document.Pages)
    fonts = reference_number(document, pdfdoc.PDFObjectReference(pdfdoc.BasicFonts))
    annotations = " ".join(f"{reference_number(document, reference)} 0 R" for reference in page.Annots or ())
    document.idToObject[document.Reference(page).name] = RawObject(
        (
            f"<</Type/Page/Parent {parent} 0 R/MediaBox[0 0 {number(page.pagewidth)} {number(page.pageheight)}]"
            f"/Resources<</Font {fonts} 0 R/ProcSet[/PDF/Text]{resources}>>{f'/Annots[{annotations}]' if annotations else ''}{entries}>>"
        ).encode("ascii")
    )


def register_font(canvas: Canvas, resource: str, font: RawObject) -> None:
    """Make a font object known to every page under a resource name."""
    document = canvas._doc
    document.Reference(font)
    document.idToObject["BasicFonts"].dict[resource] = font


def add_widget(canvas: Canvas, entries: dict[str, object]) -> pdfdoc.PDFObjectReference:
    """Add an annotation to the current page and return its reference."""
    canvas._addAnnotation(pdfdoc.PDFDictionary(entries))
    return canvas._annotationrefs[-1]


def render_document(canvas: Canvas, identifier_hex: str, further_objects: Callable[[int], Sequence[bytes]]) -> bytes:
    """Write the file: reportlab's objects, then further ones, cross-reference table and trailer with the /ID.

    ``further_objects`` is called with the first free number, once every other object has its own.
    """
    document = canvas._doc
    catalog, info = document.Reference(document.Catalog), document.Reference(document.info)
    numbered: list[RawObject | bytes] = []
    while len(numbered) < document.objectcounter:
        item = document.idToObject[document.numberToId[len(numbered) + 1]]
        numbered.append(item if isinstance(item, RawObject) else pdfdoc.format(item, document, toplevel=1))
    further = further_objects(len(numbered) + 1)
    bodies = [item.body if isinstance(item, RawObject) else item for item in numbered]
    bodies += further
    chunks = [_HEADER]
    offset = len(_HEADER)
    entries = [b"0000000000 65535 f\r\n"]
    for object_rank, body in enumerate(bodies, 1):
        chunk = b"%d 0 obj\n%b\nendobj\n" % (object_rank, body)
        chunks.append(chunk)
        entries.append(b"%010d 00000 n\r\n" % offset)
        offset += len(chunk)
    size = len(bodies) + 1
    chunks += [b"xref\n0 %d\n" % size, *entries]
    trailer = (
        f"trailer\n<</Size {size}/Root {reference_number(document, catalog)} 0 R/Info {reference_number(document, info)} 0 R"
        f"/ID[<{identifier_hex}><{identifier_hex}>]>>\nstartxref\n{offset}\n%%EOF\n"
    )
    chunks.append(trailer.encode("ascii"))
    return b"".join(chunks)
