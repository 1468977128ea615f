"""A drawing made once and placed in many files: its objects are bytes already, but for the numbers of what they refer to.

A batch draws one stamp a second. pyHanko copies its twenty objects into each file value by value, and writes them again.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfWriteError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import BasePdfFileWriter, PdfFileWriter

Piece = bytes | int
"""Bytes, or the place among the form's objects of the one referred to."""


@dataclass(frozen=True)
class ReadyForm:
    """A form XObject and all it refers to, the form last; ``box`` is its ``/BBox``, in points."""

    box: tuple[float, float, float, float]
    bodies: Sequence[Sequence[Piece]]

    def place(self, writer: BasePdfFileWriter) -> generic.IndirectObject:
        """Add it to a file, and return the reference to the form."""
        references = [writer.allocate_placeholder() for _ in self.bodies]
        for reference, body in zip(references, self.bodies, strict=True):
            written = b"".join(piece if isinstance(piece, bytes) else b"%d 0 R" % references[piece].idnum for piece in body)
            writer.add_object(_ReadyObject(written), idnum=reference.idnum)
        return references[-1]


@lru_cache(maxsize=8)
def form_of_page(pdf: bytes) -> ReadyForm:
    """Make the first page of a PDF ready.

    Raises:
        PdfError, ValueError: not a PDF with a page.
    """
    scratch = PdfFileWriter(stream_xrefs=False)  # type: ignore[no-untyped-call]
    before = set(scratch.objects)
    form = scratch.import_page_as_xobject(PdfFileReader(io.BytesIO(pdf)))
    numbers = [number for _, number in sorted(set(scratch.objects) - before) if number != form.idnum] + [form.idnum]
    places = {number: place for place, number in enumerate(numbers)}
    written: Any = form.get_object()
    left, bottom, right, top = (float(number) for number in written["/BBox"])
    return ReadyForm((left, bottom, right, top), [_body(scratch.objects[0, number], places) for number in numbers])


def _body(value: Any, places: Mapping[int, int]) -> list[Piece]:  # noqa: ANN401 pyHanko's own types
    stream = _Pieces()
    _refer(value, places)
    value.write_to_stream(stream)
    return stream.pieces


def _refer(value: Any, places: Mapping[int, int]) -> None:  # noqa: ANN401 as above
    """Put places for the references in a dictionary or an array, however deep."""
    if isinstance(value, dict):
        for key in list(value):
            dict.__setitem__(value, key, _referred(dict.__getitem__(value, key), places))
    elif isinstance(value, list):
        value[:] = [_referred(held, places) for held in list.__iter__(value)]


def _referred(held: Any, places: Mapping[int, int]) -> Any:  # noqa: ANN401 as above
    if isinstance(held, generic.IndirectObject):
        return _Place(places[held.idnum])
    _refer(held, places)
    return held


class _Pieces(io.BytesIO):
    """A stream that keeps places apart from bytes."""

    def __init__(self) -> None:
        super().__init__()
        self._pieces: list[Piece] = []

    def put_place(self, place: int) -> None:
        self._pieces += [self.getvalue(), place]
        self.seek(0)
        self.truncate()

    @property
    def pieces(self) -> list[Piece]:
        return [*self._pieces, self.getvalue()]


class _Place(generic.PdfObject):
    """Where a reference stands."""

    def __init__(self, place: int) -> None:
        self._place = place

    def write_to_stream(self, stream: _Pieces, handler: Any = None, container_ref: Any = None) -> None:  # noqa: ANN401 pyHanko's signature
        del handler, container_ref
        stream.put_place(self._place)


class _ReadyObject(generic.PdfObject):
    """An object whose bytes are ready."""

    def __init__(self, written: bytes) -> None:
        self._written = written

    def write_to_stream(self, stream: io.BytesIO, handler: Any = None, container_ref: Any = None) -> None:  # noqa: ANN401 pyHanko's signature
        del container_ref
        if handler is not None:
            raise PdfWriteError("bytes that are ready are not encrypted")
        stream.write(self._written)
