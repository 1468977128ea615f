"""A face as PDF objects: composite font, descriptor, font file, code maps (ISO 32000-1, 9.7 and 9.10)."""

from __future__ import annotations

import functools

from reportlab.pdfbase import pdfdoc

from documents.fonts import EmbeddedFace, FaceEncoding, embedded_face
from documents.pdf.reportlab_internals import RawObject, object_number, stream_body

_ENTRIES_A_BLOCK = 100  # a bfchar block holds at most 100 entries (Adobe Technical Note 5411)


def font_object(document: pdfdoc.PDFDocument, encoding: FaceEncoding) -> RawObject:
    """Add a face to a document and return its font object."""
    embedded = embedded_face(encoding.face, encoding.characters)
    file_body, map_body, unicode_body = _streams(embedded)
    file_number, map_number, unicode_number = (object_number(document, RawObject(body)) for body in (file_body, map_body, unicode_body))
    descriptor = object_number(
        document,
        RawObject(f"<</Type/FontDescriptor/FontName/{embedded.name}{embedded.descriptor}/FontFile2 {file_number} 0 R>>".encode("ascii")),
    )
    widths = " ".join(map(str, embedded.widths))
    descendant = object_number(
        document,
        RawObject(
            (
                f"<</Type/Font/Subtype/CIDFontType2/BaseFont/{embedded.name}"
                f"/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
                f"/FontDescriptor {descriptor} 0 R/DW 1000/W[1[{widths}]]/CIDToGIDMap {map_number} 0 R>>"
            ).encode("ascii")
        ),
    )
    return RawObject(
        (
            f"<</Type/Font/Subtype/Type0/BaseFont/{embedded.name}/Encoding/Identity-H"
            f"/DescendantFonts[{descendant} 0 R]/ToUnicode {unicode_number} 0 R>>"
        ).encode("ascii")
    )


@functools.lru_cache(maxsize=64)
def _streams(embedded: EmbeddedFace) -> tuple[bytes, bytes, bytes]:
    return (
        stream_body(embedded.font_file, f"/Length1 {len(embedded.font_file)}"),
        stream_body(embedded.glyph_of_code),
        stream_body(render_unicode_map(embedded.characters)),
    )


def render_unicode_map(characters: tuple[int, ...]) -> bytes:
    """Write the ToUnicode map of codes 1, 2, 3, … to those characters."""
    entries = [f"<{code:04X}> <{chr(character).encode('utf-16-be').hex().upper()}>" for code, character in enumerate(characters, 1)]
    blocks = []
    for start in range(0, len(entries), _ENTRIES_A_BLOCK):
        block = entries[start : start + _ENTRIES_A_BLOCK]
        blocks += [f"{len(block)} beginbfchar", *block, "endbfchar"]
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin",
            "12 dict begin",
            "begincmap",
            "/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def",
            "/CMapName /Adobe-Identity-UCS def",
            "/CMapType 2 def",
            "1 begincodespacerange",
            "<0000> <FFFF>",
            "endcodespacerange",
            *blocks,
            "endcmap",
            "CMapName currentdict /CMap defineresource pop",
            "end",
            "end",
        ]
    ).encode("ascii")
