"""The structure tree (ISO 32000-1, 14.7): what a screen reader reads, in the order in which it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from reportlab.pdfbase import pdfdoc


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
        pending = [self]
        while pending:
            element = pending.pop()
            yield element
            pending += [kid for kid in reversed(element.kids) if isinstance(kid, Element)]


@dataclass(frozen=True)
class Places:
    """Object numbers that the tree refers to: its own root's, each page's, and those behind references."""

    root_number: int
    pages: Sequence[int]
    number_of: Callable[[pdfdoc.PDFObjectReference], int]


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
        self._next_key = 0
        self._page_owners: dict[int, list[Element]] = {}
        self._annotation_owners: dict[int, Element] = {}

    def open_page(self) -> int:
        """Reserve and return the key of a new page."""
        key = self._take_key()
        self._page_owners[key] = []
        return key

    def reserve_annotation(self, element: Element) -> int:
        """Reserve and return the key of an annotation that belongs to the element."""
        key = self._take_key()
        self._annotation_owners[key] = element
        return key

    def _take_key(self) -> int:
        self._next_key += 1
        return self._next_key - 1

    def mark(self, element: Element, page: int, key: int) -> int:
        """Give an element a piece of content of a page and return its number there."""
        owners = self._page_owners[key]
        element.kids.append(Mark(page, len(owners)))
        owners.append(element)
        return len(owners) - 1

    def render(self, places: Places, first_number: int) -> tuple[bytes, list[bytes]]:
        """Write the tree: the body of its root object, then those of the elements, numbered from ``first_number``."""
        elements = list(self.root.walk())
        for number, element in enumerate(elements, first_number):
            element.number = number
        root = (
            f"<</Type/StructTreeRoot/K {self.root.number} 0 R/ParentTree<</Nums[{self._parent_entries()}]>>"
            f"/ParentTreeNextKey {self._next_key}>>"
        )
        return root.encode("ascii"), [_element_body(element, places) for element in elements]

    def _parent_entries(self) -> str:
        entries = []
        for key in range(self._next_key):
            if key in self._annotation_owners:
                entries.append(f"{key} {self._annotation_owners[key].number} 0 R")
            else:
                entries.append(f"{key}[{' '.join([f'{element.number} 0 R' for element in self._page_owners[key]])}]")
        return " ".join(entries)


def _element_body(element: Element, places: Places) -> bytes:
    parent = element.parent.number if element.parent else places.root_number
    kids: list[str] = []
    home: int | None = None
    for kid in element.kids:
        if isinstance(kid, Element):
            kids.append(f"{kid.number} 0 R")
        elif isinstance(kid, Mark):
            if home is None:
                home = kid.page
            kids.append(str(kid.mcid) if kid.page == home else f"<</Type/MCR/Pg {places.pages[kid.page]} 0 R/MCID {kid.mcid}>>")
        else:
            number = places.number_of(kid.reference)
            kids.append(f"<</Type/OBJR/Pg {places.pages[kid.page]} 0 R/Obj {number} 0 R>>")
    page = f"/Pg {places.pages[home]} 0 R" if home is not None else ""
    content = f"/K {kids[0]}" if len(kids) == 1 else f"/K[{' '.join(kids)}]" if kids else ""
    return f"<</Type/StructElem/S/{element.tag}/P {parent} 0 R{page}{content}{element.attributes}>>".encode("ascii")
