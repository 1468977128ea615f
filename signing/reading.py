"""A reader for files that we extend again and again: a cross-reference table is read in one go, and once.

A tagged document has a thousand objects, and pyHanko reads their table line by line at each opening: 5 ms, four times a
document. Here a table costs 0.5 ms, and a file that grew is read on from where it ended: its tables, and the objects already
parsed, are those of the file before. Private parts of pyHanko are used; ``signing.revisions`` refuses any version but the one
this was tested with.
"""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, Self, cast

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeContext, DecodeLimits
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader, _read_header_version, process_data_at_eof
from pyhanko.pdf_utils.xref import (
    TrailerDictionary,
    XRefBuilder,
    XRefCache,
    XRefSection,
    XRefSectionData,
    XRefSectionMetaInfo,
    XRefSectionType,
    _prev,
)

ENTRY_BYTES, OFFSET_DIGITS = 20, 10
SUBSECTION = re.compile(rb"\s*(\d{1,10}) (\d{1,10}) ?(?:\r\n|\n|\r)")
IN_USE = re.compile(rb"(?:\d{10} 00000 n(?: \n| \r|\r\n))*+")
HEAD_OF_FREE = b"0000000000 65535 f"


class GrowingReader(PdfFileReader):
    """A strict reader that goes on with the same file when a revision was appended to it."""

    def __init__(self, data: bytes) -> None:
        """Open a file.

        Raises:
            PdfError, ValueError: not a PDF that can be read.
        """
        self._security_handler = None
        self.strict = True
        self.resolved_objects = {}
        self._header_version = _read_header_version(io.BytesIO(data))
        self._changed: set[tuple[int, int]] = set()
        self.worked_out: dict[object, Any] = {}
        """What was worked out from bytes of the file, for whoever asks again: they stay as they are when it grows."""
        self._open(data, ())

    def grow(self, data: bytes) -> Self:
        """Go on with the same file and what was appended to it; what was changed in memory and not written is forgotten.

        Raises:
            PdfError, ValueError: not the same file, or a revision that cannot be read.
        """
        if not data.startswith(self._data):
            raise PdfReadError("not the file that was read, with more at its end")
        if self.has_xref_stream:
            self.resolved_objects.clear()
            self._open(data, ())
            return self
        revisions = self.trailer._trailer_revisions  # noqa: SLF001 see above
        sections = self._open(data, self.xrefs._xref_sections)  # noqa: SLF001 see above
        for revision in revisions:
            self.trailer.add_trailer_revision(revision)
        for number, generation in self._changed.union(*(section.xref_data.explicit_refs_in_revision for section in sections)):
            self.resolved_objects.pop((generation, number), None)
        self._changed.clear()
        return self

    def note_change(self, reference: generic.Reference | generic.IndirectObject) -> None:
        """Note that an object that was read is being changed in memory: it is read anew once the file has grown."""
        self._changed.add((reference.idnum, reference.generation))

    def _open(self, data: bytes, known: Sequence[XRefSection]) -> list[XRefSection]:
        self._data = data
        self._decode_context = DecodeContext(DecodeLimits(), input_size=len(data))
        self._input_version = None
        self._historical_resolver_cache = {}
        self._embedded_signatures = None
        self.stream = stream = io.BytesIO(data)
        stream.seek(-1, io.SEEK_END)
        last = known[-1].meta_info.declared_startxref if known else None
        builder = _TableBuilder(self, stream, data, process_data_at_eof(stream), last)
        sections = builder.read_xrefs()
        self.xrefs = XRefCache(self, [*known, *sections])
        self.last_startxref = builder.last_startxref
        self.trailer: TrailerDictionary = builder.trailer
        self.has_xref_stream = builder.has_xref_stream
        return sections


class _TableBuilder(XRefBuilder):
    """Reads tables at once, back to the last one known; streams and hybrid files are left to pyHanko."""

    def __init__(self, handler: PdfFileReader, stream: io.BytesIO, data: bytes, last_startxref: int, known: int | None) -> None:
        super().__init__(handler, stream, strict=True, last_startxref=last_startxref)
        self._data = data
        self._known = known
        self._is_joined = known is None or last_startxref == known

    def read_xrefs(self) -> list[XRefSection]:
        if self.last_startxref == self._known:
            return []
        sections = cast("list[XRefSection]", super().read_xrefs())  # type: ignore[no-untyped-call]
        if not self._is_joined:
            raise PdfReadError("a revision that does not follow the last one")
        return sections

    def _read_xref_table(self, declared_startxref: int) -> Any:  # noqa: ANN401 the place of the table before, as pyHanko holds it
        start = self.stream.tell()
        section_data, trailer_at = _parse_table(self._data, start)
        self.stream.seek(trailer_at)
        trailer = generic.DictionaryObject.read_from_stream(self.stream, generic.TrailerReference(self.handler))  # type: ignore[no-untyped-call]
        size = int(trailer.raw_get("/Size"))
        if "/XRefStm" in trailer or max(section_data.standard_xrefs, default=0) >= size:
            raise PdfReadError("a hybrid file, or a table larger than it says")
        meta = XRefSectionMetaInfo(XRefSectionType.STANDARD, size, declared_startxref, start, trailer_at, None)
        self.sections.append(XRefSection(meta, section_data))
        self.trailer.add_trailer_revision(trailer)
        before = _prev(trailer)
        if before is not None and before == self._known:
            self._is_joined = True
            return None
        return before


class _TableEntries(XRefSectionData):
    """A table's entries; the set of those it names, which signing seldom needs, is made when asked for."""

    def __init__(self) -> None:
        super().__init__()
        del self.explicit_refs_in_revision

    @cached_property
    def explicit_refs_in_revision(self) -> set[tuple[int, int]]:  # type: ignore[override]
        used = {(number, generation) for number, (generation, _) in self.standard_xrefs.items()}
        return used | {(number, generation - 1) for number, generation in self.freed.items()}


class _PlainEntries(Mapping[int, tuple[int, int]]):
    """Entries in use, of generation 0, as they are written: twenty bytes each, read when asked for."""

    def __init__(self, subsections: Sequence[tuple[range, bytes]]) -> None:
        self._subsections = subsections

    def __getitem__(self, number: int) -> tuple[int, int]:
        for numbers, entries in self._subsections:
            if number in numbers:
                at = ENTRY_BYTES * (number - numbers.start)
                return 0, int(entries[at : at + OFFSET_DIGITS])
        raise KeyError(number)

    def __iter__(self) -> Iterator[int]:
        return itertools.chain.from_iterable(numbers for numbers, _ in self._subsections)

    def __len__(self) -> int:
        return sum(len(numbers) for numbers, _ in self._subsections)


class _PlainTable(_TableEntries):
    """A table without a freed object, nor one of another generation than 0."""

    def __init__(self, subsections: Sequence[tuple[range, bytes]]) -> None:
        super().__init__()
        self.standard_xrefs = _PlainEntries(subsections)  # type: ignore[assignment]  # it is read alone

    def higher_generation_refs(self) -> Iterator[tuple[int, int]]:
        return iter(())


def _parse_table(data: bytes, start: int) -> tuple[_TableEntries, int]:
    """Read the subsections of a table (ISO 32000-1, 7.5.4), from after the word ``xref``; also returns where its trailer begins.

    Raises:
        PdfReadError: an entry that is neither in use nor free, or a count that does not fit.
    """
    end = data.find(b"trailer", start)
    if end < 0:
        raise PdfReadError("a cross-reference table that cannot be read")
    table = data[start:end]
    return _parse_plain_table(table) or _parse_any_table(table), data.index(b"<<", end)


def _parse_plain_table(table: bytes) -> _PlainTable | None:
    """Read a table as programs write it, its entries looked at but not read yet; None when it is written in another way."""
    subsections: list[tuple[range, bytes]] = []
    at = after = 0
    while (head := SUBSECTION.match(table, at)) is not None:
        first, count = int(head[1]), int(head[2])
        at = head.end() + ENTRY_BYTES * count
        entries = table[head.end() : at]
        if first == 0 and entries.startswith(HEAD_OF_FREE):
            first, count, entries = 1, count - 1, entries[ENTRY_BYTES:]
        if first < after or len(entries) != ENTRY_BYTES * count or IN_USE.fullmatch(entries) is None:
            return None
        after = first + count
        subsections.append((range(first, after), entries))
    return None if table[at:].strip() else _PlainTable(subsections)


def _parse_any_table(table: bytes) -> _TableEntries:
    tokens = table.split()
    section = _TableEntries()
    at = 0
    while at < len(tokens):
        first, count = int(tokens[at]), int(tokens[at + 1])
        at += 2
        entries = tokens[at : at + 3 * count]
        at += 3 * count
        if len(entries) != 3 * count or not set(entries[2::3]) <= {b"n", b"f"}:
            raise PdfReadError("a cross-reference table that cannot be read")
        offsets, generations = map(int, entries[::3]), [int(token) for token in entries[1::3]]
        for number, generation, marker in zip(range(first, first + count), generations, entries[2::3], strict=True):
            if marker == b"f":
                section.freed[number] = generation
        section.standard_xrefs.update(zip(range(first, first + count), zip(generations, offsets, strict=True), strict=True))
        for number in section.freed.keys() & section.standard_xrefs.keys():
            del section.standard_xrefs[number]
    section.freed.pop(0, None)  # the head of the list of free entries is no object
    return section
