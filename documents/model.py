"""A wording as a model: its text with no agreement's values, each variable part said in words.

What changes from one document to the next stands in brackets after the word « variable », and within a ``mark`` element for who
sees it. A choice shows both its texts, each under a line that says when it is kept; a row that is repeated shows once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conventions.ports.documents import TwinPart
from documents.blocks import Run, Runs
from documents.composition import compose
from documents.field_names import CONDITION_NAMES, FIELD_NAMES, LIST_NAMES
from documents.french import NO_BREAK
from documents.inline import FIELD
from documents.twin import render_parts
from documents.vocabulary import Values
from documents.wording_templates import (
    BlockTemplate,
    ChoiceTemplate,
    FactSheetTemplate,
    FieldText,
    FieldUse,
    HeadingTemplate,
    ListTemplate,
    PageBreakTemplate,
    ParagraphTemplate,
    RowTemplate,
    SignaturesTemplate,
    TableTemplate,
    Text,
    Wording,
)

_OPENING, _CLOSING = "\ue001", "\ue002"
"""Stand for the element until all text is escaped; of private use, so that no wording holds them (``writable_text``)."""


def render_model(wording: Wording) -> tuple[TwinPart, ...]:
    """Write a wording's model as HTML, one fragment for each of its parts."""
    parts = tuple(replace(part, blocks=tuple(_unfilled(part.blocks))) for part in wording.parts)
    composed = compose(replace(wording, parts=parts), wording.id, Values({}))
    return tuple(TwinPart(part.title, _marked(part.html)) for part in render_parts(composed))


def _marked(html: str) -> str:
    return html.replace(_OPENING, "<mark>[").replace(_CLOSING, "]</mark>")


def _unfilled(blocks: tuple[BlockTemplate, ...]) -> Iterator[BlockTemplate]:
    """Say fields by their names and lay choices out: what is left has nothing to fill."""
    for block in blocks:
        match block:
            case ChoiceTemplate(condition, _, held, otherwise):
                yield from _both(CONDITION_NAMES[condition], held, otherwise)
            case HeadingTemplate(level, text):
                yield HeadingTemplate(level, _named(text))
            case ParagraphTemplate(text):
                yield ParagraphTemplate(_named(text))
            case ListTemplate(ordered, items):
                yield ListTemplate(ordered, _all_named(items))
            case TableTemplate():
                yield _table(block)
            case FactSheetTemplate(caption, rows):
                yield FactSheetTemplate(_unmarked(caption), tuple((_named(name), _named(value)) for name, value in rows))
            case SignaturesTemplate(boxes):
                yield SignaturesTemplate(
                    tuple(replace(box, formula=_named(box.formula), name=_named(box.name), capacity=_named(box.capacity)) for box in boxes)
                )
            case PageBreakTemplate():
                yield block


def _both(condition: str, held: tuple[BlockTemplate, ...], otherwise: tuple[BlockTemplate, ...]) -> Iterator[BlockTemplate]:
    yield _note(f"variable{NO_BREAK}: ce qui suit, {condition}")
    yield from _unfilled(held)
    if otherwise:
        yield _note(f"variable{NO_BREAK}: sinon, ce qui suit")
        yield from _unfilled(otherwise)
    yield _note("fin du texte variable")


def _note(said: str) -> ParagraphTemplate:
    return ParagraphTemplate(Runs((Run(f"{_OPENING}{said}{_CLOSING}"),)))


def _table(table: TableTemplate) -> TableTemplate:
    caption = Runs((*_named(table.caption), *(Run(f" {_name(LIST_NAMES[row.each])}") for row in table.rows if row.each is not None)))
    return TableTemplate(
        caption,
        _all_named(table.head),
        table.aligns,
        tuple(RowTemplate(_all_named(row.cells), None, row.line) for row in table.rows),
        _all_named(table.total) if table.total is not None else None,
    )


def _all_named(texts: tuple[Text, ...]) -> tuple[Runs, ...]:
    return tuple(map(_named, texts))


def _named(text: Text) -> Runs:
    if not isinstance(text, FieldText):
        return text
    return Runs(map(_piece, text.pieces))


def _piece(piece: Run | FieldUse) -> Run:
    """Say one piece; a link leads somewhere only where its address is the same for all."""
    said = piece.text if isinstance(piece, Run) else _name(FIELD_NAMES[piece.name])
    return Run(said, piece.emphasis, None if FIELD.search(piece.link or "") else piece.link)


def _name(said: str) -> str:
    return f"{_OPENING}variable{NO_BREAK}: {said}{_CLOSING}"


def _unmarked(text: Text) -> Runs:
    """Say fields where no element can stand: this text becomes an attribute."""
    return Runs(replace(run, text=run.text.replace(_OPENING, "[").replace(_CLOSING, "]")) for run in _named(text))
