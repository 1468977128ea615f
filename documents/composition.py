"""A wording and one agreement's terms become blocks: fields replaced, lists repeated, choices made, characters checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from conventions.errors import ConfigurationError, InputRefused
from conventions.kinds import Kind
from conventions.terms import Terms
from documents.blocks import (
    Block,
    BulletList,
    Composition,
    DataTable,
    FactSheet,
    Heading,
    PageBreak,
    Paragraph,
    Part,
    Run,
    Runs,
    SignatureBox,
    Signatures,
)
from documents.fields import CONDITIONS, LIST_FIELDS, REQUIRED_FIELDS, REQUIRED_LISTS, SCALAR_FIELDS, conditions, list_values, scalar_values
from documents.fonts import writable_text
from documents.inline import FIELD
from documents.wording_templates import (
    BlockTemplate,
    ChoiceTemplate,
    FactSheetTemplate,
    HeadingTemplate,
    ListTemplate,
    Literal,
    PageBreakTemplate,
    ParagraphTemplate,
    RowTemplate,
    SignaturesTemplate,
    TableTemplate,
    Text,
    Wording,
    texts_of,
)

_NOTHING: Mapping[str, str] = {}


def verify_wording(wording: Wording, kind: Kind) -> None:
    """Check that a wording uses the fields of its kind: none unknown, none left out, and characters that the fonts have.

    Raises:
        ConfigurationError: names the file, the line and the field.
    """
    used: set[str] = set()
    lists: set[str] = set()
    for block in _all_blocks(wording):
        if isinstance(block, ChoiceTemplate) and block.condition not in CONDITIONS:
            raise _complaint(wording, block.line, block.condition, "condition inconnue")
        if isinstance(block, TableTemplate):
            for row in block.rows:
                if row.each is not None and row.each not in LIST_FIELDS:
                    raise _complaint(wording, row.line, row.each, "liste inconnue")
                lists |= {row.each} - {None}
        if isinstance(block, ChoiceTemplate):
            continue
        for text, each in texts_of(block):
            allowed = SCALAR_FIELDS | (LIST_FIELDS[each] if each else frozenset())
            for name, line in _names(text):
                if name not in allowed:
                    raise _complaint(wording, line, name, "champ inconnu")
                used.add(name)
            for piece in text:
                if isinstance(piece, Literal):
                    _verify_characters(wording, piece)
    for name in sorted(REQUIRED_FIELDS[kind] - used):
        raise _complaint(wording, 0, name, "champ non utilisé")
    for name in sorted(REQUIRED_LISTS[kind] - lists):
        raise _complaint(wording, 0, name, "liste non utilisée")


def _all_blocks(wording: Wording) -> Iterator[BlockTemplate]:
    pending: list[BlockTemplate] = [block for part in wording.parts for block in part.blocks]
    while pending:
        block = pending.pop(0)
        yield block
        if isinstance(block, ChoiceTemplate):
            pending = [*block.held, *block.otherwise, *pending]


def _names(text: Text) -> Iterator[tuple[str, int]]:
    for piece in text:
        if not isinstance(piece, Literal):
            yield piece.name, piece.line
        for name in FIELD.findall(piece.link or ""):
            yield name, piece.line


def _verify_characters(wording: Wording, piece: Literal) -> None:
    try:
        writable_text(piece.text, "texte")
    except InputRefused as error:
        raise _complaint(wording, piece.line, str(error.details["code_point"]), "caractère absent des polices") from error


def _complaint(wording: Wording, line: int, field: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{wording.file_name}:{line}: {what} : {field}", code="wording.field", file=wording.file_name, line=line, field=field, what=what
    )


def compose(wording: Wording, terms: Terms) -> Composition:
    """Put one agreement's values into a wording.

    Raises:
        InputRefused: a field has no value, or one that the fonts cannot write.
    """
    composer = _Composer(wording, terms)
    parts = tuple(Part(part.title, tuple(composer.blocks(part.blocks))) for part in wording.parts)
    return Composition(writable_text(terms.title, "title"), parts)


class _Composer:
    def __init__(self, wording: Wording, terms: Terms) -> None:
        self._wording = wording
        self._scalars = {name: value if value is None else writable_text(value, name) for name, value in scalar_values(terms).items()}
        self._lists = {
            name: [{field: writable_text(value, f"{name}[{rank}].{field}") for field, value in line.items()} for rank, line in enumerate(lines, 1)]
            for name, lines in list_values(terms).items()
        }
        self._conditions = conditions(terms)

    def blocks(self, templates: tuple[BlockTemplate, ...]) -> Iterator[Block]:
        """Compose blocks."""
        for template in templates:
            match template:
                case ChoiceTemplate(condition, _, held, otherwise):
                    yield from self.blocks(held if self._conditions[condition] else otherwise)
                case HeadingTemplate(level, text):
                    yield Heading(level, self._runs(text))
                case ParagraphTemplate(text):
                    yield Paragraph(self._runs(text))
                case ListTemplate(ordered, items):
                    yield BulletList(ordered, tuple(map(self._runs, items)))
                case TableTemplate(caption, head, aligns, rows, total):
                    yield DataTable(
                        self._runs(caption),
                        tuple(map(self._runs, head)),
                        aligns,
                        tuple(row for template_row in rows for row in self._rows(template_row)),
                        tuple(map(self._runs, total)) if total is not None else None,
                    )
                case FactSheetTemplate(caption, facts):
                    yield FactSheet(self._runs(caption), tuple((self._runs(name), self._runs(value)) for name, value in facts))
                case SignaturesTemplate(boxes):
                    yield Signatures(
                        tuple(
                            SignatureBox(box.party, self._runs(box.formula), self._runs(box.name), self._runs(box.capacity)) for box in boxes
                        )
                    )
                case PageBreakTemplate():
                    yield PageBreak()

    def _rows(self, row: RowTemplate) -> Iterator[tuple[Runs, ...]]:
        for values in self._lists[row.each] if row.each else [_NOTHING]:
            yield tuple(self._runs(cell, values) for cell in row.cells)

    def _runs(self, text: Text, line_values: Mapping[str, str] = _NOTHING) -> Runs:
        runs: list[Run] = []
        for piece in text:
            said = piece.text if isinstance(piece, Literal) else self._value(piece.name, piece.line, line_values)
            link = FIELD.sub(lambda match, at=piece.line: self._value(match[1], at, line_values), piece.link) if piece.link else None
            if runs and runs[-1].emphasis is piece.emphasis and runs[-1].link == link:
                runs[-1] = Run(runs[-1].text + said, piece.emphasis, link)
            else:
                runs.append(Run(said, piece.emphasis, link))
        return Runs(runs)

    def _value(self, name: str, line: int, line_values: Mapping[str, str]) -> str:
        value = line_values.get(name, self._scalars.get(name))
        if value is None:
            raise InputRefused(
                f"{self._wording.file_name}:{line}: field {name} has no value",
                code="documents.missing_value",
                file=self._wording.file_name,
                line=line,
                field=name,
            )
        return value
