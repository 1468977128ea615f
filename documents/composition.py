"""A wording and one agreement's terms become blocks: fields replaced, lists repeated, choices made, characters checked."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import replace

from conventions.errors import ConfigurationError, InputRefused
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
from documents.fonts import writable_text
from documents.inline import FIELD, LINK_SCHEMES
from documents.vocabulary import ListLines, Values, Vocabulary
from documents.wording_templates import (
    BlockTemplate,
    ChoiceTemplate,
    FactSheetTemplate,
    FieldText,
    HeadingTemplate,
    ListTemplate,
    PageBreakTemplate,
    ParagraphTemplate,
    RowTemplate,
    SignaturesTemplate,
    SignatureTemplate,
    TableTemplate,
    Text,
    Wording,
    texts_of,
)

TableRow = tuple[Runs, ...]
EMPTY_LIST = "Néant"


def verify_wording(wording: Wording, vocabulary: Vocabulary) -> None:
    """Check that a wording uses the fields, lists and conditions of its kind, none unknown, none left out, and who signs it.

    Raises:
        ConfigurationError: names the file, the line and the field.
    """
    used: set[str] = set()
    lists: set[str] = set()
    parties: list[str] = []
    for block in _all_blocks(wording):
        if isinstance(block, ChoiceTemplate):
            if block.condition not in vocabulary.conditions:
                raise _complaint(wording, block.line, block.condition, "condition inconnue")
            continue
        if isinstance(block, TableTemplate):
            lists |= _verify_lists(wording, block, vocabulary)
        if isinstance(block, SignaturesTemplate):
            parties += [box.party for box in block.boxes]
        for text, each in texts_of(block):
            allowed = vocabulary.scalars if each is None else vocabulary.lists[each]
            for name, line in _names(text):
                if name not in allowed:
                    raise _complaint(wording, line, name, "champ inconnu")
                used.add(name)
    for name in sorted(vocabulary.required - used):
        raise _complaint(wording, 0, name, "champ non utilisé")
    for name in sorted(set(vocabulary.lists) - lists):
        raise _complaint(wording, 0, name, "liste non utilisée")
    if tuple(parties) != vocabulary.parties:
        raise _complaint(wording, 0, ", ".join(vocabulary.parties), "signataires attendus, dans cet ordre")


def _verify_lists(wording: Wording, table: TableTemplate, vocabulary: Vocabulary) -> set[str]:
    for row in table.rows:
        if row.each is not None and row.each not in vocabulary.lists:
            raise _complaint(wording, row.line, row.each, "liste inconnue")
    return {row.each for row in table.rows if row.each is not None}


def _all_blocks(wording: Wording) -> Iterator[BlockTemplate]:
    pending: list[BlockTemplate] = [block for part in wording.parts for block in part.blocks]
    while pending:
        block = pending.pop(0)
        yield block
        if isinstance(block, ChoiceTemplate):
            pending = [*block.held, *block.otherwise, *pending]


def _names(text: Text) -> Iterator[tuple[str, int]]:
    if isinstance(text, FieldText):
        for piece in text.pieces:
            if not isinstance(piece, Run):
                yield piece.name, text.line
            for name in FIELD.findall(piece.link or ""):
                yield name, text.line


def _complaint(wording: Wording, line: int, field: str, what: str) -> ConfigurationError:
    return ConfigurationError(
        f"{wording.file_name}:{line}: {what} : {field}", code="wording.field", file=wording.file_name, line=line, field=field, what=what
    )


def compose(wording: Wording, title: str, values: Values) -> Composition:
    """Put one document's values into a wording.

    Raises:
        InputRefused: a field has no value, or one that the fonts cannot write, or a link to somewhere else than the web or a
            mailbox.
    """
    composer = _Composer(wording, values)
    parts = tuple(Part(part.title, tuple(composer.blocks(part.blocks))) for part in wording.parts)
    return Composition(writable_text(title, "title"), parts)


class _Composer:
    def __init__(self, wording: Wording, values: Values) -> None:
        self._file_name = wording.file_name
        self._values = {name: value if value is None else writable_text(value, name) for name, value in values.scalars.items()}
        self._lists = values.lists
        self._conditions = values.conditions

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
                    yield BulletList(ordered, self._row(items))
                case TableTemplate():
                    yield self._table(template)
                case FactSheetTemplate(caption, facts):
                    yield FactSheet(self._runs(caption), tuple((self._runs(name), self._runs(value)) for name, value in facts))
                case SignaturesTemplate(boxes):
                    yield Signatures(tuple(map(self._signature_box, boxes)))
                case PageBreakTemplate():
                    yield PageBreak()

    def _table(self, template: TableTemplate) -> DataTable:
        rows: list[TableRow] = []
        for row in template.rows:
            if row.each is None:
                rows.append(self._row(row.cells))
            else:
                rows += _repeated_rows(self._file_name, row, self._lists[row.each])
        total = self._row(template.total) if template.total is not None else None
        return DataTable(self._runs(template.caption), self._row(template.head), template.aligns, tuple(rows), total)

    def _signature_box(self, template: SignatureTemplate) -> SignatureBox:
        formula, name, capacity = self._row((template.formula, template.name, template.capacity))
        return SignatureBox(template.party, _capitalised(formula), name, _capitalised(capacity))

    def _row(self, texts: tuple[Text, ...]) -> TableRow:
        return tuple(map(self._runs, texts))

    def _runs(self, text: Text) -> Runs:
        return text if isinstance(text, Runs) else _filled(self._file_name, text, self._values)


def _capitalised(runs: Runs) -> Runs:
    """Raise the first letter of a line that stands alone."""
    first, *others = runs
    return Runs((replace(first, text=first.text[:1].upper() + first.text[1:]), *others))


@functools.lru_cache(maxsize=256)
def _repeated_rows(file_name: str, row: RowTemplate, lines: ListLines) -> tuple[TableRow, ...]:
    """Repeat a row over the lines of a list; kept, because a campaign's agreements share most of their lists.

    A list without lines makes one row that says so.
    """
    if not lines:
        return ((Runs((Run(EMPTY_LIST),)), *(Runs(),) * (len(row.cells) - 1)),)
    rows = []
    for rank, line in enumerate(lines, 1):
        values = {name: writable_text(value, f"{row.each}[{rank}].{name}") for name, value in line}
        rows.append(tuple(text if isinstance(text, Runs) else _filled(file_name, text, values) for text in row.cells))
    return tuple(rows)


def _filled(file_name: str, text: FieldText, values: Mapping[str, str | None]) -> Runs:
    def value_of(name: str) -> str:
        value = values[name]
        if value is None:
            raise InputRefused(
                f"{file_name}:{text.line}: field {name} has no value",
                code="documents.missing_value",
                file=file_name,
                line=text.line,
                field=name,
            )
        return value

    runs: list[Run] = []
    for piece in text.pieces:
        said = piece.text if isinstance(piece, Run) else value_of(piece.name)
        link = None
        if piece.link is not None:
            link = FIELD.sub(lambda match: value_of(match[1]), piece.link)
            if not link.startswith(LINK_SCHEMES):
                raise InputRefused(f"{file_name}:{text.line}: not a link to the web or to a mailbox")
        if runs and runs[-1].emphasis is piece.emphasis and runs[-1].link == link:
            runs[-1] = Run(runs[-1].text + said, piece.emphasis, link)
        else:
            runs.append(Run(said, piece.emphasis, link))
    return Runs(runs)
