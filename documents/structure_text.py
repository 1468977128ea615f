"""What a PDF says to a screen reader, read back by another library than the one that wrote it, to compare it with its twin."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.errors import PyPdfError
from pypdf.generic import ArrayObject, ContentStream, DictionaryObject, IndirectObject, StreamObject

from conventions.errors import EvidenceBroken
from conventions.ports.documents import TwinPart

Node = Any
"""An object of pypdf, which tells no types."""

LABEL = "/Lbl"
SECTION = "/Sect"
_BLOCKS = frozenset({"/P", "/H1", "/H2", "/H3", "/H4", "/H5", "/H6", "/LBody", "/TH", "/TD", "/Caption"})
_HTML_BLOCKS = frozenset({"p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "th", "td", "caption"})


def parse_structure_text(data: bytes) -> list[list[str]]:
    """Read the text of each section of a tagged PDF, one string a block, in reading order; labels of lists left out.

    White space is reduced to single spaces; no-break spaces stay.

    Raises:
        EvidenceBroken: not a PDF, or not tagged as ours are.
    """
    try:
        reader = PdfReader(io.BytesIO(data), strict=True)
        tree = _object(reader.root_object["/StructTreeRoot"])
        root = _object(tree["/K"])
        contents = {page.indirect_reference.idnum: _marked_text(page) for page in reader.pages if page.indirect_reference}
        return [list(_blocks(section, contents)) for section in _children(root) if section["/S"] == SECTION]
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError) as error:
        raise EvidenceBroken("the structure of the file cannot be read", code="documents.structure") from error


def _object(value: Node) -> Node:
    return value.get_object() if isinstance(value, IndirectObject) else value


def _kids(element: Node) -> list[Node]:
    kids = _object(element.get("/K", ArrayObject()))
    return list(kids) if isinstance(kids, ArrayObject) else [kids]


def _children(element: Node) -> list[Node]:
    found = [_object(kid) for kid in _kids(element)]
    return [kid for kid in found if isinstance(kid, DictionaryObject) and "/S" in kid]


def _blocks(element: Node, contents: Mapping[int, Mapping[int, str]]) -> Iterator[str]:
    if element["/S"] == LABEL:
        return
    if element["/S"] in _BLOCKS:
        text = " ".join("".join(_texts(element, contents)).split(" ")).strip(" ")
        if text:
            yield " ".join(filter(None, text.split(" ")))
        return
    for child in _children(element):
        yield from _blocks(child, contents)


def _texts(element: Node, contents: Mapping[int, Mapping[int, str]]) -> Iterator[str]:
    page = element.raw_get("/Pg").idnum if "/Pg" in element else None
    for kid in _kids(element):
        item = _object(kid)
        if isinstance(item, int):
            if page is None:
                raise ValueError("marked content without its page")
            yield contents[page][item]
        elif "/S" in item:
            yield from _texts(item, contents)
        elif item.get("/Type") == "/MCR":
            yield contents[item.raw_get("/Pg").idnum][item["/MCID"]]


def _marked_text(page: PageObject) -> dict[int, str]:
    """Read the text of each piece of marked content of a page."""
    resources = _object(page["/Resources"])
    maps = {name: _unicode_map(_object(font)) for name, font in _object(resources["/Font"]).items()}
    texts: dict[int, str] = {}
    open_marks: list[int | None] = []
    font = ""
    for operands, operator in ContentStream(page["/Contents"], page.pdf).operations:
        if operator in {b"BDC", b"BMC"}:
            properties = operands[1] if len(operands) > 1 else {}
            mcid = properties.get("/MCID") if isinstance(properties, DictionaryObject) else None
            open_marks.append(mcid)
            if mcid is not None:
                texts.setdefault(mcid, "")
        elif operator == b"EMC":
            open_marks.pop()
        elif operator == b"Tf":
            font = operands[0]
        elif operator == b"Tj" and open_marks and open_marks[-1] is not None:
            texts[open_marks[-1]] += _decoded(operands[0].original_bytes, maps[font])
    return texts


def _decoded(codes: bytes, unicode_map: Mapping[int, str]) -> str:
    return "".join(unicode_map[int.from_bytes(codes[at : at + 2], "big")] for at in range(0, len(codes), 2))


def _unicode_map(font: DictionaryObject) -> dict[int, str]:
    stream = _object(font["/ToUnicode"])
    if not isinstance(stream, StreamObject):
        raise TypeError("a font's code map is not a stream")
    pairs = [line.split() for line in stream.get_data().decode("ascii").split("\n") if line.startswith("<") and line != "<0000> <FFFF>"]
    return {int(code.strip("<>"), 16): bytes.fromhex(text.strip("<>")).decode("utf-16-be") for code, text in pairs}


class _TextOfBlocks(HTMLParser):
    """Gathers the text of an HTML fragment, one string a block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in _HTML_BLOCKS:
            self._inside = True
            self.blocks.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in _HTML_BLOCKS:
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.blocks[-1] += data


def parse_twin_text(part: TwinPart) -> list[str]:
    """Read the text of a twin's part, one string a block, as ``parse_structure_text`` gives that of a section."""
    parser = _TextOfBlocks()
    parser.feed(part.html)
    parser.close()
    return [" ".join(filter(None, text.split(" "))) for text in parser.blocks if text.strip(" ")]


def verify_twin(data: bytes, parts: tuple[TwinPart, ...]) -> None:
    """Check that a PDF and its twin say the same words in the same order.

    Raises:
        EvidenceBroken: names the first part that differs.
    """
    sections = parse_structure_text(data)
    if len(sections) != len(parts):
        raise EvidenceBroken(f"{len(sections)} sections in the file, {len(parts)} parts in its twin", code="documents.twin_differs")
    for section, part in zip(sections, parts, strict=True):
        if section != parse_twin_text(part):
            raise EvidenceBroken(f"the twin differs from the file in the part {part.title}", code="documents.twin_differs")
