"""PDF revisions: what a signature or a document time-stamp appends to a file, around the CMS that goes into it.

On pyHanko's embedder rather than its ``PdfSigner``, which raises the file to PDF 2.0 for an elliptic curve (wrong in
PDF/A-3: EN 319 142-1 is the basis, not ISO 32000-2) and rewrites the XMP packet at each revision.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.form_tools import get_single_field_annot
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import FieldMDPSpec, InvisSigSettings, MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp, PreparedByteRangeDigest, SignatureObject
from pyhanko.version import __version__ as pyhanko_version

from conventions.errors import ConfigurationError, SigningFailed
from conventions.kinds import TIMESTAMP_FIELDS
from signing.chains import load_certificate
from signing.quick_objects import read_objects_at_once
from signing.quick_reading import read_tokens_at_once
from signing.reading import GrowingReader
from signing.ready_forms import form_of_page
from signing.security_store import CERTIFICATES, SecurityStoreContent, add_to_store, entry, read_stored
from signing.values import RFC3161, read_signature_values

TESTED_PYHANKO = "0.38.0"
MD_ALGORITHM = "sha256"
PDF_1_7 = (1, 7)
UNREADABLE = (
    PdfError,
    SigningError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    RecursionError,
    OverflowError,
)
"""What pyHanko raises on a file that is not as it should be."""
StampRenderer = Callable[[float, float], bytes]
"""Width and height in points, to a one-page PDF."""

if pyhanko_version != TESTED_PYHANKO:
    message = f"pyHanko {pyhanko_version} was not tested, {TESTED_PYHANKO} was: FrozenWriter overrides a private method"
    raise ConfigurationError(message, code="configuration.pyhanko")
read_tokens_at_once()
read_objects_at_once()


class FrozenWriter(IncrementalPdfFileWriter):
    """A writer that leaves the XMP packet and the information dictionary as they are: their bytes are the document's."""

    def __init__(self, reader: GrowingReader) -> None:
        super().__init__(reader.stream, prev=reader)
        self.reader = reader

    def mark_update(self, obj_ref: generic.Reference | generic.IndirectObject) -> None:
        super().mark_update(obj_ref)
        self.reader.note_change(obj_ref)

    def update_root(self) -> None:
        super().update_root()  # type: ignore[no-untyped-call]
        self.reader.note_change(self._root)

    def _update_meta(self) -> None:
        """Do nothing, where pyHanko would write a modification date and serialise the packet anew."""


@dataclass(frozen=True)
class PendingRevision:
    """A revision with a hole: ``digest`` is over everything else; ``reader`` read the file before it, and can go on with it."""

    buffer: io.BytesIO
    prepared: PreparedByteRangeDigest
    reader: GrowingReader

    @property
    def digest(self) -> bytes:
        """Return the SHA-256 of the byte range."""
        return self.prepared.document_digest

    def complete(self, cms: bytes) -> bytes:
        """Put the CMS into the hole and return the file.

        Raises:
            SigningFailed: it does not fit.
        """
        with converted_errors():
            self.prepared.fill_with_cms(self.buffer, cms)
        return self.buffer.getvalue()


@dataclass(frozen=True)
class SignatureText:
    """What the signature dictionary says beside the CMS; ``at`` carries the offset of its zone into ``/M``."""

    field: str
    reason: str
    at: datetime


@contextmanager
def converted_errors() -> Iterator[None]:
    """Turn pyHanko's errors into ours.

    Raises:
        SigningFailed: the file cannot be read or written as it should.
    """
    try:
        yield
    except UNREADABLE as error:
        raise SigningFailed(f"the PDF cannot be signed: {type(error).__name__}", code="signing.pdf") from error


def open_revision(data: bytes, before: GrowingReader | None = None) -> FrozenWriter:
    """Open a file to append to it; ``before`` read the same file with a revision less, and goes on with this one.

    Raises:
        SigningFailed: unreadable, encrypted, or with hybrid cross-references, which readers do not all read alike.
    """
    with converted_errors():
        writer = FrozenWriter(GrowingReader(data) if before is None else before.grow(data))
        if writer.security_handler is not None:
            raise SigningFailed("the PDF is encrypted", code="signing.pdf_encrypted")
        if writer.prev.xrefs.hybrid_xrefs_present:
            raise SigningFailed("the PDF has hybrid cross-references", code="signing.pdf_hybrid")
    return writer


def prepare_signature(writer: FrozenWriter, text: SignatureText, stamp: StampRenderer | None, reserved_bytes: int) -> PendingRevision:
    """Append a signature, up to the CMS.

    The field must exist; its lock is written into the signature (EN 319 142-1, 6.3; ISO 32000-1, 12.8.2.4).

    Raises:
        SigningFailed: no such empty field, or a file that cannot be written to.
    """
    with converted_errors():
        embedding = PdfCMSEmbedder().write_cms(text.field, writer, existing_fields_only=True)
        field = next(embedding).get_object()
        declare_pades(writer)
        placeholder = SignatureObject(
            timestamp=text.at, subfilter=SigSeedSubFilter.PADES, reason=text.reason or None, bytes_reserved=2 * reserved_bytes
        )
        if stamp is not None:
            _place_stamp(writer, field, stamp)
        embedding.send(SigObjSetup(sig_placeholder=placeholder, mdp_setup=_read_lock(field)))
        prepared, buffer = embedding.send(SigIOSetup(md_algorithm=MD_ALGORITHM, in_place=True))
    return PendingRevision(buffer, prepared, writer.reader)


def prepare_timestamp(writer: FrozenWriter, field: str, store: SecurityStoreContent, reserved_bytes: int) -> PendingRevision:
    """Append the validation data that the file lacks and, in the same revision, a document time-stamp up to its token.

    The data stand in a revision after the signature's, as EN 319 142-1, 5.4 orders them: EU DSS counts a signature whose
    data came with it as B-T, whatever follows.

    Raises:
        SigningFailed: a file that cannot be written to.
    """
    with converted_errors():
        declare_pades(writer)
        add_to_store(writer, store)
        spec = SigFieldSpec(
            sig_field_name=field,
            invis_sig_settings=InvisSigSettings(box_out_of_bounds=True),  # the one form that PDF/A and PDF/UA both accept
            readable_field_name=f"Horodatage {field.rpartition('_')[2]}",
        )
        embedding = PdfCMSEmbedder(new_field_spec=spec).write_cms(field, writer)
        next(embedding)
        embedding.send(SigObjSetup(sig_placeholder=DocumentTimestamp(bytes_reserved=2 * reserved_bytes)))  # type: ignore[no-untyped-call]
        prepared, buffer = embedding.send(SigIOSetup(md_algorithm=MD_ALGORITHM, in_place=True))
    return PendingRevision(buffer, prepared, writer.reader)


def next_timestamp_field(reader: PdfFileReader) -> str:
    """Return the first free name among ``Horodatage_01`` to ``Horodatage_40``.

    Raises:
        SigningFailed: all are taken.
    """
    with converted_errors():
        taken = {str(entry(field, "/T")) for field in _fields(reader) if "/V" in field}
    for name in TIMESTAMP_FIELDS:
        if name not in taken:
            return name
    raise SigningFailed("no time-stamp field is left", code="signing.no_timestamp_field")


def last_timestamp(reader: PdfFileReader, data: bytes) -> bytes | None:
    """Return the bytes of the latest document time-stamp's token, padding included, or None."""
    with converted_errors():
        values = [value for value in read_signature_values(reader, data) if value.sub_filter == RFC3161]
    return values[-1].contents if values else None


def stored_certificates(reader: PdfFileReader) -> tuple[x509.Certificate, ...]:
    """Return the certificates of the document security store; none without one.

    Raises:
        SigningFailed: one that cannot be read.
    """
    with converted_errors():
        return tuple(load_certificate(der) for der in read_stored(reader, CERTIFICATES))


def declare_pades(writer: FrozenWriter) -> None:
    """Declare the ESIC extension (EN 319 142-1, 4.2) and stay at PDF 1.7."""
    writer.ensure_output_version(version=PDF_1_7)  # type: ignore[no-untyped-call]
    writer.register_extension(ESIC_EXTENSION_1)


def _fields(reader: PdfFileReader) -> Iterator[Any]:
    for reference in reader.root["/AcroForm"]["/Fields"]:
        yield reference.get_object()


def _read_lock(field: Any) -> SigMDPSetup:  # noqa: ANN401 a PDF dictionary
    lock = entry(field, "/Lock")
    if lock is None:
        return SigMDPSetup(md_algorithm=MD_ALGORITHM)
    permission = entry(lock, "/P")
    return SigMDPSetup(
        md_algorithm=MD_ALGORITHM,
        field_lock=FieldMDPSpec.from_pdf_object(lock),
        docmdp_perms=None if permission is None else MDPPerm(int(permission)),
    )


def _place_stamp(writer: FrozenWriter, field: Any, draw: StampRenderer) -> None:  # noqa: ANN401 a PDF dictionary
    """Draw the stamp into a visible field's appearance.

    The new appearance keeps the box of the empty one and has no filter: EU DSS calls any other difference in these two
    an undefined change to what an earlier signature covered. The drawing stands in a form of its own, inside it.
    """
    annotation = get_single_field_annot(field)
    left, bottom, right, top = (float(number) for number in annotation["/Rect"])
    width, height = abs(right - left), abs(top - bottom)
    if not (width and height):
        return
    drawing = form_of_page(draw(width, height))
    x_min, y_min, x_max, y_max = drawing.box
    commands = f"q {width / (x_max - x_min):.6f} 0 0 {height / (y_max - y_min):.6f} 0 0 cm /Cachet Do Q".encode("ascii")
    appearance = generic.StreamObject(
        {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): generic.ArrayObject([_number(side) for side in _box(annotation, width, height)]),
            pdf_name("/Resources"): _dictionary({"/XObject": _dictionary({"/Cachet": drawing.place(writer)})}),
        },
        stream_data=commands,
    )
    annotation[pdf_name("/AP")] = _dictionary({"/N": writer.add_object(appearance)})
    annotation.pop(pdf_name("/AS"), None)
    writer.update_container(annotation)


def _box(annotation: Any, width: float, height: float) -> tuple[float, ...]:  # noqa: ANN401 a PDF dictionary
    empty = entry(annotation, "/AP")
    normal = None if empty is None else entry(empty, "/N")
    if normal is None:
        return (0.0, height, width, 0.0)
    return tuple(float(number) for number in normal["/BBox"])


def _number(value: float) -> generic.FloatObject:
    return generic.FloatObject(value)  # type: ignore[no-untyped-call]


def _dictionary(entries: dict[str, Any]) -> generic.DictionaryObject:
    return generic.DictionaryObject({pdf_name(key): value for key, value in entries.items()})  # type: ignore[no-untyped-call]
