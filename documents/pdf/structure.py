"""The structure tree (ISO 32000-1, 14.7): what a screen reader reads, in the order in which it is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from reportlab.pdfbase import pdfdoc

from documents.pdf.reportlab_internals import RawObject, object_number, reference_number


def pdf_text(text: str) -> str:
    """Write a text string (ISO 32000-1, 7.9.2.2), in UTF-16 as soon as it is not ASCII."""
    if text.isascii() and text.isprintable():
        return "(" + text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") + ")"
    return "<" + (b"\xfe\xff" + text.encode("utf-16-be")).hex() + ">"


@dataclass(frozen=True, slots=True)
class Mark:
    """Marked content of a page (from 0), by its number."""

    page: int
    mcid: int


@dataclass(frozen=True, slots=True)
class Annotated:
    """An annotation of a page (from 0)."""

    page: int
    reference: pdfdoc.PDFObjectReference


@dataclass(slots=True, eq=False)
class Element:
    """A structure element; ``attributes`` is written as it stands."""

    tag: str
    parent: Element | None = None
    attributes: str = ""
    kids: list[Element | Mark | Annotated] = field(default_factory=list)
    number: int = 0

    def child(self, tag: str, attributes: str = "") -> Element:
        """Add and return a last child."""
        element = Element(tag, self, attributes)
        self.kids.append(element)
        return element

    def walk(self) -> Iterator[Element]:
        """Go through the element and its descendants, in order."""
        yield self
        for kid in self.kids:
            if isinstance(kid, Element):
                yield from kid.walk()


def table_attributes(*, scope: str = "", columns: int = 1, summary: str = "") -> str:
    """Write the attributes that the Table owner knows: header scope, columns spanned, summary."""
    entries = (f"/Scope/{scope}" if scope else "") + (f"/ColSpan {columns}" if columns > 1 else "")
    entries += f"/Summary {pdf_text(summary)}" if summary else ""
    return f"/A<</O/Table{entries}>>" if entries else ""


def list_attributes(*, ordered: bool) -> str:
    """Write the numbering of a list."""
    return f"/A<</O/List/ListNumbering/{'Decimal' if ordered else 'Disc'}>>"


class StructureTree:
    """The tree and its parent tree: from each page's marked content and each annotation back to its element."""

    def __init__(self) -> None:
        self.root = Element("Document")
        self._owners: list[list[Element] | Element] = []

    def open_page(self) -> int:
        """Reserve and return the key of a new page."""
        self._owners.append([])
        return len(self._owners) - 1

    def mark(self, element: Element, page: int, key: int) -> int:
        """Give an element a piece of content of a page and return its number there."""
        owners = self._owners[key]
        assert isinstance(owners, list)
        owners.append(element)
        mcid = len(owners) - 1
        element.kids.append(Mark(page, mcid))
        return mcid

    def reserve_annotation(self, element: Element) -> int:
        """Reserve and return the key of an annotation that belongs to the element."""
        self._owners.append(element)
        return len(self._owners) - 1

    def register(self, document: pdfdoc.PDFDocument, page_numbers: list[int]) -> RawObject:
        """Write the whole tree as objects of the document and return its root object."""
        root = RawObject()
        root_number = object_number(document, root)
        elements = list(self.root.walk())
        bodies = [RawObject() for _ in elements]
        for element, body in zip(elements, bodies, strict=True):
            element.number = object_number(document, body)
        for element, body in zip(elements, bodies, strict=True):
            body.body = _element_body(element, root_number, page_numbers, document)
        root.body = (
            f"<</Type/StructTreeRoot/K {self.root.number} 0 R/ParentTree<</Nums[{self._parent_entries()}]>>"
            f"/ParentTreeNextKey {len(self._owners)}>>"
        ).encode("ascii")
        return root

    def _parent_entries(self) -> str:
        entries = []
        for key, owner in enumerate(self._owners):
            if isinstance(owner, Element):
                entries.append(f"{key} {owner.number} 0 R")
            else:
                entries.append(f"{key}[{' '.join(f'{element.number} 0 R' for element in owner)}]")
        return " ".join(entries)


def _element_body(element: Element, root_number: int, page_numbers: list[int], document: pdfdoc.PDFDocument) -> bytes:
    parent = element.parent.number if element.parent else root_number
    kids: list[str] = []
    home: int | None = None
    for kid in element.kids:
        if isinstance(kid, Element):
            kids.append(f"{kid.number} 0 R")
        elif isinstance(kid, Mark):
            if home is None:
                home = kid.page
            kids.append(str(kid.mcid) if kid.page == home else f"<</Type/MCR/Pg {page_numbers[kid.page]} 0 R/MCID {kid.mcid}>>")
        else:
            number = reference_number(document, kid.reference)
            kids.append(f"<</Type/OBJR/Pg {page_numbers[kid.page]} 0 R/Obj {number} 0 R>>")
    page = f"/Pg {page_numbers[home]} 0 R" if home is not None else ""
    content = f"/K {kids[0]}" if len(kids) == 1 else f"/K[{' '.join(kids)}]" if kids else ""
    return f"<</Type/StructElem/S/{element.tag}/P {parent} 0 R{page}{content}{element.attributes}>>".encode("ascii")
