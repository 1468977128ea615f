"""Wordings as templates: what a wording file says once read, before the values of one agreement are put in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from documents.blocks import Align, Emphasis, Run, Runs


@dataclass(frozen=True, slots=True)
class FieldUse:
    """A named field; ``link`` may hold fields (``{{name}}``)."""

    name: str
    emphasis: Emphasis = Emphasis.NONE
    link: str | None = None


@dataclass(frozen=True, slots=True)
class FieldText:
    """Text that holds fields, at a line of the file."""

    line: int
    pieces: tuple[Run | FieldUse, ...]


Text = Runs | FieldText
"""Text without fields is made of runs at once, and shared by every document."""


@dataclass(frozen=True, slots=True)
class HeadingTemplate:
    """A heading."""

    level: int
    text: Text


@dataclass(frozen=True, slots=True)
class ParagraphTemplate:
    """A paragraph."""

    text: Text


@dataclass(frozen=True, slots=True)
class ListTemplate:
    """A list."""

    ordered: bool
    items: tuple[Text, ...]


@dataclass(frozen=True, slots=True, eq=False)
class RowTemplate:
    """A row of a table: written once, or (``each``) once for every line of a named list. Told apart by identity."""

    cells: tuple[Text, ...]
    each: str | None
    line: int


@dataclass(frozen=True, slots=True)
class TableTemplate:
    """A table."""

    caption: Text
    head: tuple[Text, ...]
    aligns: tuple[Align, ...]
    rows: tuple[RowTemplate, ...]
    total: tuple[Text, ...] | None


@dataclass(frozen=True, slots=True)
class FactSheetTemplate:
    """Names and values."""

    caption: Text
    rows: tuple[tuple[Text, Text], ...]


@dataclass(frozen=True, slots=True)
class SignatureTemplate:
    """Where one party signs."""

    party: str
    formula: Text
    name: Text
    capacity: Text


@dataclass(frozen=True, slots=True)
class SignaturesTemplate:
    """The signature boxes."""

    boxes: tuple[SignatureTemplate, ...]


@dataclass(frozen=True, slots=True)
class PageBreakTemplate:
    """A new page."""


@dataclass(frozen=True, slots=True)
class ChoiceTemplate:
    """Blocks kept when a named condition holds, others when it does not."""

    condition: str
    line: int
    held: tuple[BlockTemplate, ...]
    otherwise: tuple[BlockTemplate, ...]


BlockTemplate = (
    HeadingTemplate
    | ParagraphTemplate
    | ListTemplate
    | TableTemplate
    | FactSheetTemplate
    | SignaturesTemplate
    | PageBreakTemplate
    | ChoiceTemplate
)


@dataclass(frozen=True, slots=True)
class PartTemplate:
    """A part of the document as it is read."""

    title: str
    blocks: tuple[BlockTemplate, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """A wording: its identifier, the SHA-256 of its file, its parts, and the points it makes (``P12``) with their lines."""

    id: str
    sha256_hex: str
    file_name: str
    parts: tuple[PartTemplate, ...]
    points: tuple[tuple[str, int], ...]


def texts_of(block: BlockTemplate) -> Iterator[tuple[Text, str | None]]:
    """Go through the texts of a block, each with the name of the list whose fields it may use."""
    match block:
        case HeadingTemplate(_, text) | ParagraphTemplate(text):
            yield text, None
        case ListTemplate(_, items):
            yield from ((item, None) for item in items)
        case TableTemplate(caption, head, _, rows, total):
            yield caption, None
            yield from ((cell, None) for cell in head)
            yield from ((cell, row.each) for row in rows for cell in row.cells)
            yield from ((cell, None) for cell in total or ())
        case FactSheetTemplate(caption, rows):
            yield caption, None
            yield from ((text, None) for row in rows for text in row)
        case SignaturesTemplate(boxes):
            yield from ((text, None) for box in boxes for text in (box.formula, box.name, box.capacity))
        case ChoiceTemplate(_, _, held, otherwise):
            for inner in (*held, *otherwise):
                yield from texts_of(inner)
        case PageBreakTemplate():
            return
