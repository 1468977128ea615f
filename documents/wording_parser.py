"""Parser of wording files: a small Markdown, strict, every error with its file and line.

Blocks are separated by blank lines. ``#`` to ``####`` headings; ``-`` or ``1.`` lists, one item a line, a continued item
indented; pipe tables under a line ``Tableau : caption``, where a first cell ``each NAME`` repeats the row over a list and
``total`` makes the total row; ``<!-- P12 -->`` names a point that the text makes. Directives stand alone on a line:

    ::: part TITLE          a reading part begins
    ::: page                a new page
    ::: if NAME / ::: else / :::
    ::: facts CAPTION       lines « name | value », closed by :::
    ::: signatures          lines « party | formula | name | capacity », closed by :::
"""

from __future__ import annotations

import re

from conventions.canonical import sha256_hex
from conventions.errors import ConfigurationError
from documents.blocks import SIGNATURE_FIELDS, Align, Runs, plain
from documents.french import set_french_spaces
from documents.inline import parse_inline
from documents.wording_templates import (
    BlockTemplate,
    ChoiceTemplate,
    FactSheetTemplate,
    HeadingTemplate,
    ListTemplate,
    PageBreakTemplate,
    ParagraphTemplate,
    PartTemplate,
    RowTemplate,
    SignaturesTemplate,
    SignatureTemplate,
    TableTemplate,
    Text,
    Wording,
)

CAPTION_PREFIX = "Tableau : "
DEEPEST_HEADING = 4
_COMMENT = re.compile(r"<!--(.*?)--> ?")
_POINT = re.compile(r"P\d{1,3}")
_HEADING = re.compile(r"(#+) +(.+)")
_ITEM = re.compile(r"(-|\d+\.) +(.+)")
_RULE_CELL = re.compile(r":?-{2,}:?")
_CELL = re.compile(r"(?:\\.|[^|\\])*")
_CLOSERS = (":::", "::: else")
_EACH = re.compile(r"each ([a-z_]+)")


def parse_wording(data: bytes, wording_id: str, file_name: str) -> Wording:
    """Parse a wording file (UTF-8 bytes).

    Raises:
        ConfigurationError: names the file, the line and what is wrong there.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        msg = f"{file_name}: not UTF-8"
        raise ConfigurationError(msg, code="wording.encoding", file=file_name) from error
    return _Parser(text, wording_id, file_name, sha256_hex(data)).parse()


class _Parser:
    """Reads lines one after the other; ``position`` is the next line's index."""

    def __init__(self, text: str, wording_id: str, file_name: str, digest: str) -> None:
        self.file_name = file_name
        self.wording_id = wording_id
        self.digest = digest
        self.points: list[tuple[str, int]] = []
        self.lines = [self._without_comments(line, rank) for rank, line in enumerate(text.split("\n"), 1)]
        self.position = 0
        self.heading_level = 0

    def complaint(self, line: int, what: str) -> ConfigurationError:
        """Make the error for a line."""
        return ConfigurationError(f"{self.file_name}:{line}: {what}", code="wording.syntax", file=self.file_name, line=line, what=what)

    def _without_comments(self, line: str, rank: int) -> str:
        for comment in _COMMENT.findall(line):
            for word in comment.replace(",", " ").split():
                if not _POINT.fullmatch(word):
                    raise self.complaint(rank, f"un commentaire ne porte que des points (P1, P2…) : « {word} »")
                self.points.append((word, rank))
        bare = _COMMENT.sub("", line)
        if "<!--" in bare or "-->" in bare:
            raise self.complaint(rank, "commentaire non refermé")
        return bare.rstrip()

    @property
    def line_number(self) -> int:
        """Number of the line about to be read."""
        return self.position + 1

    def parse(self) -> Wording:
        """Parse the whole file."""
        parts: list[PartTemplate] = []
        self._skip_blanks()
        while self.position < len(self.lines):
            line = self.lines[self.position]
            if not line.startswith("::: part "):
                raise self.complaint(self.line_number, "texte hors de toute partie : commencer par « ::: part TITRE »")
            title = set_french_spaces(line.removeprefix("::: part ").strip())
            self.position += 1
            parts.append(PartTemplate(title, tuple(self._blocks(closers=()))))
            self._skip_blanks()
        if not parts:
            raise self.complaint(1, "texte vide")
        return Wording(self.wording_id, self.digest, self.file_name, tuple(parts), tuple(self.points))

    def _skip_blanks(self) -> None:
        while self.position < len(self.lines) and not self.lines[self.position].strip():
            self.position += 1

    def _at_block_end(self) -> bool:
        """Tell whether a blank line, a closing directive or the end comes next."""
        return self.position == len(self.lines) or self.lines[self.position].strip() in {"", *_CLOSERS}

    def _blocks(self, closers: tuple[str, ...]) -> list[BlockTemplate]:
        """Read blocks up to a closing directive (left unread), or to the next part or the end where none is wanted."""
        opened_at = self.position
        blocks: list[BlockTemplate] = []
        while True:
            self._skip_blanks()
            if self.position == len(self.lines):
                if closers:
                    raise self.complaint(opened_at, "bloc « ::: » non refermé")
                return blocks
            line = self.lines[self.position]
            if line in closers:
                return blocks
            if line.startswith("::: part "):
                if closers:
                    raise self.complaint(opened_at, "bloc « ::: » non refermé")
                return blocks
            blocks.append(self._block(line))

    def _block(self, line: str) -> BlockTemplate:
        if line.startswith(":::"):
            return self._directive(line)
        if line.startswith("#"):
            return self._heading(line)
        if line.startswith(CAPTION_PREFIX):
            return self._table(line)
        if line.startswith("|"):
            raise self.complaint(self.line_number, f"tableau sans légende : ligne « {CAPTION_PREFIX}… » attendue au-dessus")
        if _ITEM.fullmatch(line):
            return self._list()
        if line.startswith(" "):
            raise self.complaint(self.line_number, "ligne en retrait hors d'une liste")
        return self._paragraph()

    def _inline(self, source: str, line: int) -> Text:
        return parse_inline(source, line, lambda what: self.complaint(line, what))

    def _heading(self, line: str) -> HeadingTemplate:
        match = _HEADING.fullmatch(line)
        if match is None or len(match[1]) > DEEPEST_HEADING:
            raise self.complaint(self.line_number, "titre mal formé (# à ####, puis une espace)")
        level = len(match[1])
        if level > self.heading_level + 1 or (level == 1 and self.heading_level):
            raise self.complaint(self.line_number, f"titre de niveau {level} après un niveau {self.heading_level}")
        self.heading_level = level
        self.position += 1
        return HeadingTemplate(level, self._inline(match[2], self.position))

    def _paragraph(self) -> ParagraphTemplate:
        first = self.line_number
        gathered: list[str] = []
        while not self._at_block_end():
            line = self.lines[self.position]
            if gathered and (line.startswith(("#", "|", ":::")) or _ITEM.fullmatch(line)):
                raise self.complaint(self.line_number, "ligne vide attendue avant ce bloc")
            gathered.append(line.strip())
            self.position += 1
        return ParagraphTemplate(self._inline(" ".join(gathered), first))

    def _list(self) -> ListTemplate:
        ordered = not self.lines[self.position].startswith("-")
        items: list[tuple[str, int]] = []
        while not self._at_block_end():
            line = self.lines[self.position]
            match = _ITEM.fullmatch(line)
            if match is not None:
                if (match[1] != "-") is not ordered:
                    raise self.complaint(self.line_number, "liste à puces et liste numérotée mêlées")
                if ordered and match[1] != f"{len(items) + 1}.":
                    raise self.complaint(self.line_number, f"numéro {len(items) + 1}. attendu")
                items.append((match[2], self.line_number))
            elif line.startswith("  "):
                text, at = items[-1]
                items[-1] = (f"{text} {line.strip()}", at)
            else:
                raise self.complaint(self.line_number, "liste non refermée : ligne vide ou retrait attendu")
            self.position += 1
        return ListTemplate(ordered, tuple(self._inline(text, at) for text, at in items))

    def _table(self, caption: str) -> TableTemplate:
        caption_text = self._inline(caption.removeprefix(CAPTION_PREFIX), self.line_number)
        self.position += 1
        head = self._cells("en-tête de tableau attendu")
        head_at = self.position
        rule = self._cells("filet de tableau attendu (| --- | --: |)")
        if len(rule) != len(head) or not all(_RULE_CELL.fullmatch(cell) for cell in rule):
            raise self.complaint(self.position, f"filet de tableau : {len(head)} cellules « --- » ou « --: » attendues")
        aligns = tuple(Align.RIGHT if cell.endswith(":") and not cell.startswith(":") else Align.LEFT for cell in rule)
        rows: list[RowTemplate] = []
        total: tuple[Text, ...] | None = None
        while not self._at_block_end():
            at = self.line_number
            cells = self._cells("ligne de tableau attendue")
            each = _EACH.fullmatch(cells[0])
            is_total = cells[0] == "total"
            values = cells[1:] if each or is_total else cells
            if len(values) != len(head):
                raise self.complaint(at, f"tableau cassé : {len(head)} cellules attendues, {len(values)} lues")
            if total is not None:
                raise self.complaint(at, "une ligne suit le total du tableau")
            texts = tuple(self._inline(value, at) for value in values)
            if is_total:
                total = texts
            else:
                rows.append(RowTemplate(texts, each[1] if each else None, at))
        if not rows:
            raise self.complaint(head_at, "tableau sans ligne")
        return TableTemplate(caption_text, tuple(self._inline(cell, head_at) for cell in head), aligns, tuple(rows), total)

    def _cells(self, expected: str) -> list[str]:
        """Read one line of a table."""
        line = self.lines[self.position].strip() if self.position < len(self.lines) else ""
        if not line.startswith("|") or not line.endswith("|") or len(line) < 3:  # noqa: PLR2004 « | | »
            raise self.complaint(self.line_number, f"tableau cassé : {expected}, entre deux « | »")
        self.position += 1
        cells = []
        at = 1
        while at < len(line):
            end = _CELL.match(line, at).end()  # type: ignore[union-attr]  # the pattern matches everywhere, if only nothing
            cells.append(line[at:end].strip())
            at = end + 1
        return cells

    def _directive(self, line: str) -> BlockTemplate:
        at = self.line_number
        self.position += 1
        name, _, argument = line.removeprefix(":::").strip().partition(" ")
        match name:
            case "page" if not argument:
                return PageBreakTemplate()
            case "if" if argument:
                return self._choice(argument.strip(), at)
            case "facts" if argument:
                rows = [(name, value) for _, (name, value) in self._records(2, at)]
                return FactSheetTemplate(self._inline(argument, at), tuple(rows))
            case "signatures" if not argument:
                return SignaturesTemplate(tuple(self._signature(line, record) for line, record in self._records(4, at)))
            case _:
                raise self.complaint(at, f"directive inconnue : « {line} »")

    def _choice(self, condition: str, at: int) -> ChoiceTemplate:
        level = self.heading_level
        held = self._blocks(_CLOSERS)
        otherwise: list[BlockTemplate] = []
        if self.lines[self.position] == "::: else":
            self.position += 1
            self.heading_level = level
            otherwise = self._blocks(_CLOSERS[:1])
        self.position += 1
        return ChoiceTemplate(condition, at, tuple(held), tuple(otherwise))

    def _records(self, width: int, at: int) -> list[tuple[int, tuple[Text, ...]]]:
        """Read lines « a | b » down to the closing directive; each comes with its line number."""
        records: list[tuple[int, tuple[Text, ...]]] = []
        while True:
            if self.position == len(self.lines):
                raise self.complaint(at, "bloc « ::: » non refermé")
            line = self.lines[self.position]
            self.position += 1
            if line == ":::":
                if not records:
                    raise self.complaint(at, "bloc « ::: » vide")
                return records
            if not line.strip():
                continue
            cells = line.split("|")
            if len(cells) != width:
                raise self.complaint(self.position, f"{width} colonnes séparées par « | » attendues, {len(cells)} lues")
            records.append((self.position, tuple(self._inline(cell.strip(), self.position) for cell in cells)))

    def _signature(self, line: int, record: tuple[Text, ...]) -> SignatureTemplate:
        party_text, formula, name, capacity = record
        party = plain(party_text) if isinstance(party_text, Runs) else ""
        if party not in SIGNATURE_FIELDS:
            raise self.complaint(line, f"partie inconnue dans les signatures : « {party} »")
        return SignatureTemplate(party, formula, name, capacity)
