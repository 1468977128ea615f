"""A drawing that is ready is what pyHanko would have copied, in whatever file it is placed."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt import StandardSecurityHandler
from pyhanko.pdf_utils.misc import PdfError, PdfWriteError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PdfFileWriter

from conventions.ports.documents import StampText
from documents.adapter import ReportlabDocuments
from signing.ready_forms import form_of_page

TEXT = StampText("Mme Awen Ker", "maire", "Lu et approuvé", datetime(2026, 3, 1, 9, 0, tzinfo=UTC), "signature simple")
STAMP = ReportlabDocuments().render_stamp(TEXT, 214.638, 92.0)


def told(value: Any, seen: tuple[int, ...] = ()) -> object:  # noqa: ANN401 any PDF object
    """Tell an object and all it refers to."""
    if isinstance(value, generic.IndirectObject):
        return "again" if value.idnum in seen else told(value.reference.get_object(), (*seen, value.idnum))
    if isinstance(value, dict):
        data = value.data if isinstance(value, generic.StreamObject) else None
        return type(value), data, {str(key): told(dict.__getitem__(value, key), seen) for key in value}
    if isinstance(value, list):
        return [told(one, seen) for one in list.__iter__(value)]
    return type(value), repr(value)


def written(writer: PdfFileWriter, form: generic.IndirectObject) -> object:
    """Write the file, read it again, and tell the form."""
    stream = io.BytesIO()
    writer.write(stream)  # type: ignore[no-untyped-call]
    return told(generic.IndirectObject(form.idnum, 0, PdfFileReader(stream)))  # type: ignore[no-untyped-call]


def empty_file() -> PdfFileWriter:
    return PdfFileWriter(stream_xrefs=False)  # type: ignore[no-untyped-call]


def test_it_is_what_would_have_been_copied() -> None:
    copied, placed = empty_file(), empty_file()
    expected = written(copied, copied.import_page_as_xobject(PdfFileReader(io.BytesIO(STAMP))))
    assert written(placed, form_of_page(STAMP).place(placed)) == expected
    assert form_of_page(STAMP).box == (0.0, 0.0, 214.638, 92.0)


def test_it_is_placed_as_often_as_wanted() -> None:
    writer, form = empty_file(), form_of_page(STAMP)
    one, other = form.place(writer), form.place(writer)
    assert one.idnum != other.idnum
    assert written(writer, one) == written(writer, other)


def test_what_is_no_page_is_refused() -> None:
    with pytest.raises((PdfError, ValueError)):
        form_of_page(STAMP[:200])


def test_an_encrypted_file_does_not_get_plain_bytes() -> None:
    writer = empty_file()
    writer._assign_security_handler(StandardSecurityHandler.build_from_pw("secret"))
    form_of_page(STAMP).place(writer)
    with pytest.raises(PdfWriteError, match="not encrypted"):
        writer.write(io.BytesIO())  # type: ignore[no-untyped-call]
