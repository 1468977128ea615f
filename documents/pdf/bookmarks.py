"""Bookmarks (ISO 32000-1, 12.3.3): the headings, in a tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from documents.pdf.numbers import number
from documents.pdf.structure import pdf_text


@dataclass(slots=True, eq=False)
class Bookmark:
    """A heading: its title, its level (from 0), and where it stands: page (from 0) and height."""

    title: str
    level: int
    page: int
    top: float
    children: list[Bookmark] = field(default_factory=list)
    number: int = 0


class Bookmarks:
    """The tree, built heading by heading."""

    def __init__(self) -> None:
        self._root = Bookmark("", -1, 0, 0.0)
        self._all: list[Bookmark] = []

    def add(self, bookmark: Bookmark) -> None:
        """Hang a heading under the last one of a lower level."""
        parent = self._root
        while parent.children and parent.children[-1].level < bookmark.level:
            parent = parent.children[-1]
        parent.children.append(bookmark)
        self._all.append(bookmark)

    def render(self, pages: Sequence[int], root_number: int, first_number: int) -> tuple[bytes, list[bytes]]:
        """Write the tree: the body of its root object, then those of the bookmarks, numbered from ``first_number``."""
        self._root.number = root_number
        for rank, bookmark in enumerate(self._all, first_number):
            bookmark.number = rank
        bodies: dict[int, bytes] = {}
        for parent in (self._root, *self._all):
            for rank, bookmark in enumerate(parent.children):
                entries = f"/Title{pdf_text(bookmark.title)}/Parent {parent.number} 0 R"
                entries += f"/Dest[{pages[bookmark.page]} 0 R/XYZ null {number(bookmark.top)} null]"
                if rank:
                    entries += f"/Prev {parent.children[rank - 1].number} 0 R"
                if rank + 1 < len(parent.children):
                    entries += f"/Next {parent.children[rank + 1].number} 0 R"
                bodies[bookmark.number] = f"<<{entries}{_family(bookmark)}>>".encode("ascii")
        root = f"<</Type/Outlines{_family(self._root)}>>".encode("ascii")
        return root, [bodies[bookmark.number] for bookmark in self._all]


def _family(bookmark: Bookmark) -> str:
    """Write first and last child; the count is negative where they are folded (all but the top level)."""
    if not bookmark.children:
        return ""
    count = len(bookmark.children) if bookmark.level < 0 else -len(bookmark.children)
    return f"/First {bookmark.children[0].number} 0 R/Last {bookmark.children[-1].number} 0 R/Count {count}"
