"""A reader that goes on with a file says what a reader of the whole file says."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError, PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
from reportlab.pdfgen.canvas import Canvas

from conventions.kinds import MEMBER_FIELD, SYNDICATE_FIELD
from signing.reading import GrowingReader
from signing.revisions import SignatureText, next_timestamp_field, open_revision, prepare_signature, prepare_timestamp
from signing.security_store import store_content
from tests.unit.signing.material import prepared_pdf

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CMS = b"\x30\x03\x02\x01\x01"


def written(reader: PdfFileReader) -> dict[int, bytes]:
    """Return every object that a file holds, as it would be written again."""
    found = {}
    for number in range(1, int(reader.trailer["/Size"])):
        stream = io.BytesIO()
        try:
            generic.Reference(number, 0, reader).get_object().write_to_stream(stream, None)
        except PdfReadError:
            continue  # a number that nothing uses
        found[number] = stream.getvalue()
    return found


def stamp(width_pt: float, height_pt: float) -> bytes:
    """Draw an empty stamp."""
    page = io.BytesIO()
    canvas = Canvas(page, pagesize=(width_pt, height_pt))
    canvas.rect(1, 1, width_pt - 2, height_pt - 2)
    canvas.save()
    return page.getvalue()


@pytest.fixture(scope="module")
def stages() -> list[bytes]:
    """Make a file as it grows, by one reader that goes on: prepared, signed twice, then with an archive time-stamp."""
    files = [prepared_pdf()]
    reader: GrowingReader | None = None
    for field in (MEMBER_FIELD, SYNDICATE_FIELD):
        pending = prepare_signature(open_revision(files[-1], reader), SignatureText(field, "Adhésion", AT), stamp, 100)
        files.append(pending.complete(CMS))
        reader = pending.reader
    writer = open_revision(files[-1], reader)
    pending = prepare_timestamp(writer, next_timestamp_field(writer.reader), store_content(), 100)
    return [*files, pending.complete(CMS)]


def test_a_reader_that_goes_on_reads_what_another_reads_anew(stages: list[bytes]) -> None:
    reader = GrowingReader(stages[0])
    for data in stages:
        whole = PdfFileReader(io.BytesIO(data))
        assert written(reader.grow(data)) == written(whole)
        assert (reader.total_revisions, reader.last_startxref) == (whole.total_revisions, whole.last_startxref)
        for revision in range(whole.total_revisions):
            named = [{(one.idnum, one.generation) for one in each.xrefs.explicit_refs_in_revision(revision)} for each in (reader, whole)]
            assert named[0] == named[1]


def test_what_was_changed_and_never_written_is_forgotten(stages: list[bytes]) -> None:
    writer = open_revision(stages[1])
    prepare_signature(writer, SignatureText(SYNDICATE_FIELD, "Abandonnée", AT), stamp, 100)
    assert written(writer.reader) != written(PdfFileReader(io.BytesIO(stages[1])))
    assert written(writer.reader.grow(stages[1])) == written(PdfFileReader(io.BytesIO(stages[1])))


def test_another_file_is_not_the_same_grown(stages: list[bytes]) -> None:
    reader = GrowingReader(stages[1])
    for other in (stages[0], stages[1][:-200] + b"%" + stages[2][len(stages[1]) - 199 :]):
        with pytest.raises(PdfError):
            reader.grow(other)


def test_a_revision_that_leaves_out_the_last_one_is_refused(stages: list[bytes]) -> None:
    """Its table names, as the one before, the table that was the last one a revision ago."""
    earlier, last = (str(PdfFileReader(io.BytesIO(data)).last_startxref).encode() for data in stages[:2])
    grown = stages[2].replace(b"/Prev " + last, b"/Prev " + earlier)
    assert grown != stages[2]
    with pytest.raises(PdfError):
        GrowingReader(stages[1]).grow(grown)


def test_a_file_of_cross_reference_streams_is_read_anew() -> None:
    output = io.BytesIO()
    writer = PdfFileWriter(stream_xrefs=True)  # type: ignore[no-untyped-call]
    content = writer.add_object(generic.StreamObject(stream_data=b""))
    writer.insert_page(PageObject(contents=content, media_box=(0, 0, 9, 9)))  # type: ignore[no-untyped-call]
    writer.write(output)  # type: ignore[no-untyped-call]
    data = output.getvalue()
    longer = io.BytesIO(data)
    more = IncrementalPdfFileWriter(longer)
    more.root["/Lang"] = generic.pdf_string("fr-FR")
    more.update_root()  # type: ignore[no-untyped-call]
    more.write_in_place()  # type: ignore[no-untyped-call]
    reader = GrowingReader(data)
    assert "/Lang" not in reader.root
    assert reader.grow(longer.getvalue()).root["/Lang"] == "fr-FR"
