"""A reader for files that we extend again and again: a cross-reference table is read in one go, and once.

A tagged document has a thousand objects, and pyHanko reads their table line by line at each opening: 5 ms, four times a
document. Here a table costs 0.5 ms, and the next opening takes over the tables it knows, because the file only grew.
Private parts of pyHanko are used; ``signing.revisions`` refuses any version but the one this was tested with.
"""

from __future__ import annotations

import io
from typing import Any, cast

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.decode_limits import DecodeContext, DecodeLimits
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader, _read_header_version, process_data_at_eof
from pyhanko.pdf_utils.xref import (
    XRefBuilder,
    XRefCache,
    XRefSection,
    XRefSectionData,
    XRefSectionMetaInfo,
    XRefSectionType,
    _prev,
)

Table = tuple[XRefSectionData, int]
"""A table's entries, and where its trailer begins."""


class GrowingReader(PdfFileReader):
    """A strict reader that hands its tables on to the reader of the same file with a revision more."""

    tables: dict[int, Table]

    def __init__(self, data: bytes, before: GrowingReader | None = None) -> None:
        """Open a file; ``before`` read a prefix of it.

        Raises:
            PdfError, ValueError: not a PDF that can be read.
        """
        stream = io.BytesIO(data)
        self._security_handler = None
        self.strict = True
        self._decode_context = DecodeContext(DecodeLimits(), input_size=len(data))
        self.resolved_objects = {}
        self._input_version = None
        self._historical_resolver_cache = {}
        self.stream = stream
        self._header_version = _read_header_version(stream)
        stream.seek(-1, io.SEEK_END)
        builder = _TableBuilder(self, stream, process_data_at_eof(stream), before.tables if before else {})
        self.tables = builder.tables
        self.xrefs = XRefCache(self, builder.read_xrefs())
        self.last_startxref = builder.last_startxref
        self.trailer = builder.trailer
        self.has_xref_stream = builder.has_xref_stream
        self._embedded_signatures = None


class _TableBuilder(XRefBuilder):
    """Reads tables at once, or takes them over; streams and hybrid files are left to pyHanko."""

    def __init__(self, handler: PdfFileReader, stream: io.BytesIO, last_startxref: int, known: dict[int, Table]) -> None:
        super().__init__(handler, stream, strict=True, last_startxref=last_startxref)
        self._data = stream.getbuffer()
        self.tables = dict(known)

    def read_xrefs(self) -> list[XRefSection]:
        try:
            return cast("list[XRefSection]", super().read_xrefs())  # type: ignore[no-untyped-call]
        finally:
            self._data.release()

    def _read_xref_table(self, declared_startxref: int) -> Any:  # noqa: ANN401 the place of the table before, as pyHanko holds it
        start = self.stream.tell()
        table = self.tables.get(declared_startxref) or _parse_table(self._data, start)
        section_data, trailer_at = table
        self.stream.seek(trailer_at)
        trailer = generic.DictionaryObject.read_from_stream(self.stream, generic.TrailerReference(self.handler))  # type: ignore[no-untyped-call]
        size = int(trailer.raw_get("/Size"))
        if "/XRefStm" in trailer or any(number >= size for number in section_data.standard_xrefs):
            raise PdfReadError("a hybrid file, or a table larger than it says")
        meta = XRefSectionMetaInfo(XRefSectionType.STANDARD, size, declared_startxref, start, trailer_at, None)
        self.sections.append(XRefSection(meta, section_data))
        self.trailer.add_trailer_revision(trailer)
        self.tables[declared_startxref] = table
        return _prev(trailer)


def _parse_table(data: memoryview, start: int) -> Table:
    """Read the subsections of a table (ISO 32000-1, 7.5.4), from after the word ``xref``.

    Raises:
        PdfReadError: an entry that is neither in use nor free, or a count that does not fit.
    """
    written = bytes(data[start:])
    end = written.find(b"trailer")
    tokens = written[:end].split()
    section = XRefSectionData()
    at = 0
    while at < len(tokens):
        first, count = int(tokens[at]), int(tokens[at + 1])
        at += 2
        entries = tokens[at : at + 3 * count]
        at += 3 * count
        if end < 0 or len(entries) != 3 * count or not set(entries[2::3]) <= {b"n", b"f"}:
            raise PdfReadError("a cross-reference table that cannot be read")
        offsets, generations = map(int, entries[::3]), [int(token) for token in entries[1::3]]
        for number, generation, marker in zip(range(first, first + count), generations, entries[2::3], strict=True):
            if marker == b"f":
                section.freed[number] = generation
        section.standard_xrefs.update(zip(range(first, first + count), zip(generations, offsets, strict=True), strict=True))
        section.explicit_refs_in_revision.update(zip(range(first, first + count), generations, strict=True))
        for number in section.freed.keys() & section.standard_xrefs.keys():
            generation, _ = section.standard_xrefs.pop(number)
            section.explicit_refs_in_revision.discard((number, generation))
            section.explicit_refs_in_revision.add((number, generation - 1))
    if section.freed.pop(0, None) is not None:  # the head of the list of free entries is no object
        section.explicit_refs_in_revision.discard((0, 65_534))
    return section, start + written.index(b"<<", end)
