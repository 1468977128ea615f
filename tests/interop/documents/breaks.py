"""Files broken on purpose: one rule of PDF/A-3a or PDF/UA-1 each, on a document that holds all that we write.

``python -m tests.interop.documents.breaks DIRECTORY`` writes them all, to be given to any validator.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pypdf import PdfReader, PdfWriter
from pypdf.generic import (
    ArrayObject,
    BooleanObject,
    DecodedStreamObject,
    DictionaryObject,
    FloatObject,
    NameObject,
    NumberObject,
    TextStringObject,
)

from tests.interop.documents.short_document import render_short
from tests.unit.documents.measures import catalogue

Break = Callable[[PdfWriter], None]


def elements(writer: PdfWriter, tag: str) -> Iterator[DictionaryObject]:
    """Go through the structure elements of a tag."""
    pending = [catalogue(writer)["/StructTreeRoot"]["/K"].get_object()]
    while pending:
        element = pending.pop()
        if element.get("/S") == tag:
            yield element
        kids = element.get("/K", [])
        kids = kids if isinstance(kids, list) else [kids]
        pending += [kid.get_object() for kid in kids if isinstance(kid.get_object(), DictionaryObject) and "/S" in kid.get_object()]


def fields(writer: PdfWriter) -> list[DictionaryObject]:
    """Return the form's fields."""
    return [field.get_object() for field in catalogue(writer)["/AcroForm"]["/Fields"]]


def replace_in_page(writer: PdfWriter, pattern: bytes, replacement: bytes) -> None:
    """Change the first page's own content."""
    pages: Any = writer.pages
    stream = pages[0]["/Contents"][-1].get_object()
    before = stream.get_data()
    after = re.sub(pattern, replacement, before, count=1)
    assert after != before
    stream.set_data(after)


def replace_in_metadata(writer: PdfWriter, before: bytes, after: bytes) -> None:
    """Change the XMP packet."""
    stream = catalogue(writer)["/Metadata"].get_object()
    assert before in stream.get_data()
    stream.set_data(stream.get_data().replace(before, after))


def without(key: str) -> Break:
    def breaks(writer: PdfWriter) -> None:
        del catalogue(writer)[NameObject(key)]

    return breaks


def no_scope(writer: PdfWriter) -> None:
    for element in elements(writer, "/TH"):
        del element["/A"]


def no_tooltip(writer: PdfWriter) -> None:
    for field in fields(writer):
        del field["/TU"]


def no_print_flag(writer: PdfWriter) -> None:
    for field in fields(writer):
        del field["/F"]


def field_out_of_structure(writer: PdfWriter) -> None:
    for field in fields(writer):
        del field["/StructParent"]


def skipped_heading(writer: PdfWriter) -> None:
    for element in elements(writer, "/H2"):
        element[NameObject("/S")] = NameObject("/H4")


def resources(writer: PdfWriter) -> Any:  # noqa: ANN401 pypdf tells no types of what it holds
    """Return what the first page draws with."""
    pages: Any = writer.pages
    return pages[0]["/Resources"]


def fonts_not_embedded(writer: PdfWriter) -> None:
    for font in resources(writer)["/Font"].values():
        del font.get_object()["/DescendantFonts"][0]["/FontDescriptor"]["/FontFile2"]


def no_unicode(writer: PdfWriter) -> None:
    for font in resources(writer)["/Font"].values():
        del font.get_object()["/ToUnicode"]


def no_relationship(writer: PdfWriter) -> None:
    del catalogue(writer)["/AF"][0].get_object()["/AFRelationship"]


def no_display_of_title(writer: PdfWriter) -> None:
    del catalogue(writer)["/ViewerPreferences"]


def untagged_text(writer: PdfWriter) -> None:
    replace_in_page(writer, rb"/H1 <</MCID \d+>> BDC(.*?)EMC", rb"\1")


def unmarked_artifact(writer: PdfWriter) -> None:
    replace_in_page(writer, rb"(?s)/Artifact <<[^>]*>> BDC(.*?)EMC", rb"\1")


def tab_order(writer: PdfWriter) -> None:
    for drawn in writer.pages:
        del drawn["/Tabs"]


def not_marked(writer: PdfWriter) -> None:
    catalogue(writer)[NameObject("/MarkInfo")] = DictionaryObject()


def hidden_field(writer: PdfWriter) -> None:
    for field in fields(writer):
        field[NameObject("/F")] = NumberObject(2)


def javascript(writer: PdfWriter) -> None:
    action = {NameObject("/S"): NameObject("/JavaScript"), NameObject("/JS"): TextStringObject("app.alert(1)")}
    catalogue(writer)[NameObject("/OpenAction")] = DictionaryObject(action)


def additional_actions(writer: PdfWriter) -> None:
    catalogue(writer)[NameObject("/AA")] = DictionaryObject()


def need_appearances(writer: PdfWriter) -> None:
    catalogue(writer)["/AcroForm"][NameObject("/NeedAppearances")] = BooleanObject(True)


def dynamic_form(writer: PdfWriter) -> None:
    catalogue(writer)["/AcroForm"][NameObject("/XFA")] = ArrayObject()


def no_appearance(writer: PdfWriter) -> None:
    del fields(writer)[0]["/AP"]


def links(writer: PdfWriter) -> list[DictionaryObject]:
    """Return the link annotations."""
    pages: Any = writer.pages
    found = [note.get_object() for drawn in pages for note in drawn.get("/Annots", [])]
    return [note for note in found if note["/Subtype"] == "/Link"]


def link_without_description(writer: PdfWriter) -> None:
    for link in links(writer):
        del link["/Contents"]


def link_out_of_structure(writer: PdfWriter) -> None:
    for link in links(writer):
        del link["/StructParent"]


def attachment(writer: PdfWriter) -> Any:  # noqa: ANN401 pypdf tells no types of what it holds
    """Return the file specification of the attachment."""
    return catalogue(writer)["/AF"][0].get_object()


def attachment_without_type(writer: PdfWriter) -> None:
    del attachment(writer)["/EF"]["/F"].get_object()["/Subtype"]


def attachment_without_name(writer: PdfWriter) -> None:
    del attachment(writer)["/UF"]


def renamed(tag: str, other: str) -> Break:
    def breaks(writer: PdfWriter) -> None:
        for element in elements(writer, tag):
            element[NameObject("/S")] = NameObject(other)

    return breaks


def wider_total(writer: PdfWriter) -> None:
    for element in elements(writer, "/TH"):
        attributes: Any = element["/A"]
        attributes[NameObject("/ColSpan")] = NumberObject(5)


def each_font(writer: PdfWriter) -> Iterator[Any]:
    """Go through the descendant fonts of the first page."""
    for font in resources(writer)["/Font"].values():
        yield font.get_object()["/DescendantFonts"][0].get_object()


def wrong_widths(writer: PdfWriter) -> None:
    for font in each_font(writer):
        widths = font["/W"][1]
        font["/W"][1] = ArrayObject(FloatObject(float(width) + 200) for width in widths)


def no_glyph_map(writer: PdfWriter) -> None:
    for font in each_font(writer):
        del font["/CIDToGIDMap"]


def missing_glyph(writer: PdfWriter) -> None:
    replace_in_page(writer, rb"<[0-9A-F]{4}", b"<0000")


def null_character(writer: PdfWriter) -> None:
    for font in resources(writer)["/Font"].values():
        stream = font.get_object()["/ToUnicode"].get_object()
        stream.set_data(re.sub(rb"> <00[0-9A-F]{2}>", b"> <0000>", stream.get_data()))


def suspects(writer: PdfWriter) -> None:
    catalogue(writer)["/MarkInfo"][NameObject("/Suspects")] = BooleanObject(True)


def content_within_artifact(writer: PdfWriter) -> None:
    replace_in_page(writer, rb"(?s)(/H1 <</MCID \d+>> BDC.*?EMC)", rb"/Artifact <</Type/Layout>> BDC \1 EMC")


def artifact_within_content(writer: PdfWriter) -> None:
    replace_in_page(writer, rb"(?s)(/H1 <</MCID \d+>> BDC)(.*?)EMC", rb"\1 /Artifact <</Type/Layout>> BDC EMC \2 EMC")


def ink_of_another_press(writer: PdfWriter) -> None:
    replace_in_page(writer, rb"(/H1 <</MCID \d+>> BDC)", rb"\1 0 0 0 1 k")


def unknown_operator(writer: PdfWriter) -> None:
    replace_in_page(writer, rb"(/H1 <</MCID \d+>> BDC)", rb"\1 unheard")


def wrong_profile(writer: PdfWriter) -> None:
    profile = catalogue(writer)["/OutputIntents"][0]["/DestOutputProfile"].get_object()
    profile.set_data(profile.get_data()[:16] + b"CMYK" + profile.get_data()[20:])


def no_profile(writer: PdfWriter) -> None:
    del catalogue(writer)["/OutputIntents"][0]["/DestOutputProfile"]


def impossible_language(writer: PdfWriter) -> None:
    catalogue(writer)[NameObject("/Lang")] = TextStringObject("français de France")


def external_stream(writer: PdfWriter) -> None:
    stream = DecodedStreamObject()
    stream.set_data(b"")
    stream[NameObject("/F")] = TextStringObject("elsewhere.bin")
    catalogue(writer)[NameObject("/PieceInfo")] = DictionaryObject({NameObject("/X"): writer._add_object(stream)})


def in_metadata(before: bytes, after: bytes) -> Break:
    return lambda writer: replace_in_metadata(writer, before, after)


def without_identifier(data: bytes) -> bytes:
    """Return the file without the /ID of its trailer."""
    start = data.rindex(b"trailer")
    return data[:start] + data[start:].replace(b"/ID", b"/IX", 1)


def with_junk(data: bytes) -> bytes:
    """Return the file with bytes after its end."""
    return data + b"junk that nobody signed\n"


A, UA = "3a", "ua1"
CONTROLS: dict[str, tuple[str, str, Break]] = {
    "language": (UA, "7.2-34", without("/Lang")),
    "language impossible": (A, "6.7.4-1", impossible_language),
    "output intent": (A, "6.2.4.3-2", without("/OutputIntents")),
    "output intent without profile": (A, "6.2.4.3-2", no_profile),
    "output intent of other components": (A, "6.2.4.3-2", wrong_profile),
    "structure tree": (A, "6.7.3.3-1", without("/StructTreeRoot")),
    "marked": (A, "6.7.2.2-1", not_marked),
    "marks suspected": (UA, "7.1-4", suspects),
    "metadata": (A, "6.6.2.1-1", without("/Metadata")),
    "PDF-A identification": (A, "6.6.4-2", in_metadata(b"<pdfaid:part>3</pdfaid:part>", b"")),
    "PDF-A conformance": (A, "6.6.4-3", in_metadata(b"<pdfaid:conformance>A<", b"<pdfaid:conformance>Z<")),
    "PDF-UA identification": (UA, "5-1", in_metadata(b"<pdfuaid:part>1</pdfuaid:part>", b"")),
    "schema of PDF-UA identification": (A, "6.6.2.3.1-2", in_metadata(b"<pdfaProperty:name>part<", b"<pdfaProperty:name>other<")),
    "property out of any schema": (A, "6.6.2.3.1-2", in_metadata(b"<pdf:Producer>", b"<pdf:Unheard>x</pdf:Unheard><pdf:Producer>")),
    "title in metadata": (UA, "7.1-9", in_metadata(b"dc:title>", b"dc:source>")),
    "display of the title": (UA, "7.1-10", no_display_of_title),
    "scope of table heads": (UA, "7.5-1", no_scope),
    "span beyond the table": (UA, "7.2-43", wider_total),
    "rows out of a table": (UA, "7.2-3", renamed("/TBody", "/P")),
    "cells out of a row": (UA, "7.2-9", renamed("/TR", "/P")),
    "items out of a list": (UA, "7.2-19", renamed("/LI", "/P")),
    "label out of an item": (UA, "7.2-20", renamed("/LBody", "/TR")),
    "figure without description": (UA, "7.3-1", renamed("/H1", "/Figure")),
    "element of no standard": (UA, "7.1-5", renamed("/H1", "/Titre")),
    "heading levels": (UA, "7.4.2-1", skipped_heading),
    "field tooltip": (UA, "7.18.1-3", no_tooltip),
    "field print flag": (A, "6.3.2-1", no_print_flag),
    "field hidden": (A, "6.3.2-2", hidden_field),
    "field in the structure": (UA, "7.18.4-1", field_out_of_structure),
    "field without appearance": (A, "6.3.3-1", no_appearance),
    "appearances to be made": (A, "6.4.1-3", need_appearances),
    "dynamic form": (A, "6.4.2-1", dynamic_form),
    "link without description": (UA, "7.18.5-2", link_without_description),
    "link out of the structure": (UA, "7.18.5-1", link_out_of_structure),
    "embedded fonts": (A, "6.2.11.4.1-1", fonts_not_embedded),
    "characters of codes": (A, "6.2.11.7.2-1", no_unicode),
    "code of no character": (UA, "7.21.7-2", null_character),
    "widths of glyphs": (A, "6.2.11.5-1", wrong_widths),
    "glyphs of codes": (A, "6.2.11.3.2-1", no_glyph_map),
    "glyph missing": (A, "6.2.11.8-1", missing_glyph),
    "relationship of the attachment": (A, "6.8-3", no_relationship),
    "type of the attachment": (A, "6.8-1", attachment_without_type),
    "name of the attachment": (A, "6.8-2", attachment_without_name),
    "attachment of nothing": (A, "6.8-4", without("/AF")),
    "text outside the structure": (UA, "7.1-3", untagged_text),
    "rule outside the structure": (UA, "7.1-3", unmarked_artifact),
    "content within an artifact": (UA, "7.1-2", content_within_artifact),
    "artifact within content": (UA, "7.1-1", artifact_within_content),
    "tab order": (UA, "7.18.3-1", tab_order),
    "colour of another press": (A, "6.2.4.3-3", ink_of_another_press),
    "operator of no standard": (A, "6.2.2-1", unknown_operator),
    "action at opening": (A, "6.5.1-1", javascript),
    "additional actions": (A, "6.5.2-1", additional_actions),
    "stream elsewhere": (A, "6.1.7.1-3", external_stream),
}
"""What is broken: the standard and the clause that veraPDF must name, and the change."""

BYTE_CONTROLS: dict[str, tuple[str, str, Callable[[bytes], bytes]]] = {
    "identifier of the file": (A, "6.1.3-1", without_identifier),
    "bytes after the end": (A, "6.1.3-3", with_junk),
}


def broken(data: bytes, breaks: Break) -> bytes:
    """Return the file after a change."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    breaks(writer)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def broken_files() -> Iterator[tuple[str, str, str, bytes]]:
    """Make every broken file: name, standard and clause broken, bytes."""
    short = render_short()
    copy = broken(short, lambda _: None)
    for name, (flavour, rule, breaks) in CONTROLS.items():
        yield name, flavour, rule, broken(short, breaks)
    for name, (flavour, rule, changed) in BYTE_CONTROLS.items():
        yield name, flavour, rule, changed(copy)


if __name__ == "__main__":
    for file_name, _, _, content in broken_files():
        Path(sys.argv[1], f"{file_name}.pdf").write_bytes(content)
