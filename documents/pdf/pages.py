"""From blocks to pages: flows are cut into pages, then drawn with their letterhead, running head and foot."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from conventions.errors import InputRefused
from documents.blocks import Block, BulletList, Composition, DataTable, FactSheet, Heading, PageBreak, Paragraph, Signatures, plain
from documents.pdf.canvas import TaggedCanvas
from documents.pdf.flows import BreakFlow, Flow, HeadingFlow, ItemFlow, ListElement, TextFlow
from documents.pdf.furniture import Furniture
from documents.pdf.signature_boxes import SignaturesFlow
from documents.pdf.structure import Element
from documents.pdf.style import BODY, BOTTOM, FIRST_TOP, ITEM, LAST_ITEM, LEAD_IN, TOP
from documents.pdf.tables import FactSheetFlow, TableFlow

BULLET = "•"
KEPT_WITH_SIGNATURES = 3


@dataclass(frozen=True, slots=True)
class Slice:
    """Part of a flow on a page: slices ``first`` to ``last``, from ``top`` downwards."""

    flow: Flow
    top: float
    first: int
    last: int


def flows_of(composition: Composition) -> list[Flow]:
    """Lay every block out; each flow knows the rank of its part. Signatures never stand alone on a page.

    What precedes them since the last heading comes with them, up to three blocks.
    """
    flows = [flow for part, content in enumerate(composition.parts) for block in content.blocks for flow in _block_flows(block, part)]
    for rank, signatures in enumerate(flows):
        if isinstance(signatures, SignaturesFlow):
            before = flows[max(0, rank - KEPT_WITH_SIGNATURES) : rank]
            for flow in itertools.takewhile(lambda flow: not isinstance(flow, HeadingFlow), reversed(before)):
                flow.keep_with_next = True
    return flows


def _block_flows(block: Block, part: int) -> Iterator[Flow]:
    match block:
        case Heading(level, runs):
            yield HeadingFlow(level, runs, part)
        case Paragraph(runs):
            leads = plain(runs).endswith(":")
            yield TextFlow(runs, LEAD_IN if leads else BODY, part, keep_with_next=leads)
        case BulletList(ordered, items):
            container = ListElement(ordered=ordered)
            for rank, runs in enumerate(items, 1):
                style = LAST_ITEM if rank == len(items) else ITEM
                yield ItemFlow(f"{rank}." if ordered else BULLET, runs, style, part, container)
        case DataTable():
            yield TableFlow(block, part)
        case FactSheet():
            yield FactSheetFlow(block, part)
        case Signatures():
            yield SignaturesFlow(block, part)
        case PageBreak():
            yield BreakFlow(part)


def page_top(page_index: int) -> float:
    """Height at which the column begins: lower on the first page, under the letterhead."""
    return FIRST_TOP if page_index == 0 else TOP


class _Atom:
    """One slice of a flow, and whether a page may begin with it."""

    __slots__ = ("break_before", "flow", "index", "new_page")

    def __init__(self, flow: Flow, index: int, *, break_before: bool, new_page: bool) -> None:
        self.flow = flow
        self.index = index
        self.break_before = break_before
        self.new_page = new_page


def _atoms(flows: Sequence[Flow]) -> list[_Atom]:
    atoms: list[_Atom] = []
    previous: Flow | None = None
    new_page = False
    for flow in flows:
        if isinstance(flow, BreakFlow):
            new_page = True
            continue
        for index in range(len(flow.heights)):
            allowed = flow.may_break_before(index) if index else previous is None or not previous.keep_with_next
            atoms.append(_Atom(flow, index, break_before=allowed, new_page=new_page))
            new_page = False
        if flow.heights:
            previous = flow
    return atoms


def paginate(flows: Sequence[Flow]) -> list[list[Slice]]:
    """Cut flows into pages at the last place allowed before each overflow.

    Raises:
        InputRefused: one slice (a table's row, the signature boxes) is taller than a page.
    """
    atoms = _atoms(flows)
    pages: list[list[Slice]] = []
    start = 0
    while start < len(atoms):
        end = _page_end(atoms, start, page_top(len(pages)) - BOTTOM)
        pages.append(_slices(atoms[start:end], page_top(len(pages))))
        start = end
    return pages


def _page_end(atoms: list[_Atom], start: int, room: float) -> int:
    """Return the index after the last atom of the page that begins with ``start``."""
    used = 0.0
    last_allowed = start
    pending = 0.0
    for position in range(start, len(atoms)):
        atom = atoms[position]
        flow = atom.flow
        if position > start:
            if atom.new_page:
                return position
            if atom.break_before:
                last_allowed = position
            if atom.index == 0:
                used += max(pending, flow.space_before)
        elif atom.index:
            used += flow.repeated_height
        used += flow.heights[atom.index]
        if used > room:
            if position == start:
                raise InputRefused("a row or a block is taller than a page", code="documents.too_tall")
            return last_allowed if last_allowed > start else position
        pending = flow.space_after
    return len(atoms)


def _slices(atoms: list[_Atom], top: float) -> list[Slice]:
    slices: list[Slice] = []
    y = top
    pending = 0.0
    position = 0
    while position < len(atoms):
        flow, first = atoms[position].flow, atoms[position].index
        count = 1
        while position + count < len(atoms) and atoms[position + count].flow is flow:
            count += 1
        if position and first == 0:
            y -= max(pending, flow.space_before)
        slices.append(Slice(flow, y, first, first + count - 1))
        if first:
            y -= flow.repeated_height
        y -= sum(flow.heights[first : first + count])
        pending = flow.space_after
        position += count
    return slices


def draw_pages(canvas: TaggedCanvas, pages: Sequence[Sequence[Slice]], part_count: int, furniture: Furniture) -> list[tuple[int, int]]:
    """Draw the columns and what surrounds them; return the first and last page (from 1) of each part."""
    sections: dict[int, Element] = {}
    ranges: dict[int, tuple[int, int]] = {}
    for number, slices in enumerate(pages, 1):
        canvas.begin_page()
        furniture.draw(canvas, number, len(pages))
        for piece in slices:
            part = piece.flow.part
            if part not in sections:
                sections[part] = canvas.tree.root.child("Sect")
            ranges[part] = (ranges.get(part, (number, number))[0], number)
            piece.flow.draw(canvas, sections[part], piece.top, piece.first, piece.last)
        canvas.close_page()
    return [ranges[part] for part in range(part_count)]
