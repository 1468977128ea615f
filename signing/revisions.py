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
from functools import lru_cache
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import FieldMDPSpec, InvisSigSettings, MDPPerm, SigFieldSpec, SigSeedSubFilter
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers.cms_embedder import PdfCMSEmbedder, SigAppearanceSetup, SigIOSetup, SigMDPSetup, SigObjSetup
from pyhanko.sign.signers.constants import ESIC_EXTENSION_1
from pyhanko.sign.signers.pdf_byterange import DocumentTimestamp, PreparedByteRangeDigest, SignatureObject
from pyhanko.sign.validation.dss import DocumentSecurityStore
from pyhanko.stamp.base import BaseStampStyle
from pyhanko.version import __version__ as pyhanko_version

from conventions.errors import ConfigurationError, SigningFailed
from conventions.kinds import TIMESTAMP_FIELDS
from signing.chains import render_der
from signing.evidence import Evidence

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


class FrozenWriter(IncrementalPdfFileWriter):
    """A writer that leaves the XMP packet and the information dictionary as they are: their bytes are the document's."""

    def _update_meta(self) -> None:
        """Do nothing, where pyHanko would write a modification date and serialise the packet anew."""


@dataclass(frozen=True)
class SecurityStoreContent:
    """What goes into the document security store (EN 319 142-1, 5.4.2), parsed once for a whole batch."""

    certificates: tuple[asn1_x509.Certificate, ...]
    ocsp_responses: tuple[asn1_ocsp.OCSPResponse, ...]
    crls: tuple[asn1_crl.CertificateList, ...]


@lru_cache(maxsize=32)
def store_content(*evidences: Evidence) -> SecurityStoreContent:
    """Join the evidence of several chains; their last certificates, the anchors, stay out."""
    certificates = dict.fromkeys(der for evidence in evidences for der in render_der(evidence.chain[:-1]))
    responses = dict.fromkeys(der for evidence in evidences for der in evidence.ocsp_responses)
    crls = dict.fromkeys(der for evidence in evidences for der in evidence.crls)
    return SecurityStoreContent(
        tuple(asn1_x509.Certificate.load(der) for der in certificates),
        tuple(asn1_ocsp.OCSPResponse.load(der) for der in responses),
        tuple(asn1_crl.CertificateList.load(der) for der in crls),
    )


@dataclass(frozen=True)
class PendingRevision:
    """A revision with a hole: ``digest`` is over everything else."""

    buffer: io.BytesIO
    prepared: PreparedByteRangeDigest

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


def open_revision(data: bytes) -> FrozenWriter:
    """Open a file to append to it.

    Raises:
        SigningFailed: unreadable, encrypted, or with hybrid cross-references, which readers do not all read alike.
    """
    with converted_errors():
        writer = FrozenWriter(io.BytesIO(data))
        if writer.security_handler is not None:
            raise SigningFailed("the PDF is encrypted", code="signing.pdf_encrypted")
        if writer.prev.xrefs.hybrid_xrefs_present:
            raise SigningFailed("the PDF has hybrid cross-references", code="signing.pdf_hybrid")
    return writer


def prepare_signature(
    writer: FrozenWriter, text: SignatureText, stamp: StampRenderer | None, store: SecurityStoreContent, reserved_bytes: int
) -> PendingRevision:
    """Append a signature with its validation data, in one revision, up to the CMS.

    The field must exist; its lock is written into the signature (EN 319 142-1, 6.3; ISO 32000-1, 12.8.2.4).

    Raises:
        SigningFailed: no such empty field, or a file that cannot be written to.
    """
    with converted_errors():
        embedding = PdfCMSEmbedder().write_cms(text.field, writer, existing_fields_only=True)
        field = next(embedding).get_object()
        declare_pades(writer)
        add_to_store(writer, store)
        placeholder = SignatureObject(
            timestamp=text.at, subfilter=SigSeedSubFilter.PADES, reason=text.reason or None, bytes_reserved=2 * reserved_bytes
        )
        appearance = None if stamp is None else SigAppearanceSetup(style=_DrawnStampStyle(draw=stamp), timestamp=text.at, name=None)
        embedding.send(SigObjSetup(sig_placeholder=placeholder, mdp_setup=_read_lock(field), appearance_setup=appearance))
        prepared, buffer = embedding.send(SigIOSetup(md_algorithm=MD_ALGORITHM, in_place=True))
    return PendingRevision(buffer, prepared)


def prepare_timestamp(writer: FrozenWriter, field: str, store: SecurityStoreContent | None, reserved_bytes: int) -> PendingRevision:
    """Append a document time-stamp (EN 319 142-1, 5.4.3), with validation data first where there is some, up to the token.

    Raises:
        SigningFailed: a file that cannot be written to.
    """
    with converted_errors():
        declare_pades(writer)
        if store is not None:
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
    return PendingRevision(buffer, prepared)


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


def last_timestamp(reader: PdfFileReader) -> bytes | None:
    """Return the bytes of the latest document time-stamp's token, padding included, or None."""
    with converted_errors():
        filled = {str(field["/T"]): field["/V"] for field in _fields(reader) if "/V" in field}
        for name in reversed(TIMESTAMP_FIELDS):
            if name in filled:
                contents = filled[name]["/Contents"]
                return bytes(contents.original_bytes if isinstance(contents, generic.TextStringObject) else contents)
    return None


def add_to_store(writer: FrozenWriter, store: SecurityStoreContent) -> None:
    """Add to the document security store what it lacks; no VRI, which a single revision cannot carry."""
    DocumentSecurityStore.supply_dss_in_writer(
        writer, None, certs=store.certificates, ocsps=store.ocsp_responses, crls=store.crls, embed_roots=False
    )


def declare_pades(writer: FrozenWriter) -> None:
    """Declare the ESIC extension (EN 319 142-1, 4.2) and stay at PDF 1.7."""
    writer.ensure_output_version(version=PDF_1_7)  # type: ignore[no-untyped-call]
    writer.register_extension(ESIC_EXTENSION_1)


def entry(dictionary: Any, key: str) -> Any:  # noqa: ANN401 a PDF dictionary and any PDF object
    """Return an entry, its reference followed, or None; pyHanko's own ``get`` does not follow references."""
    return dictionary[key] if key in dictionary else None


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


@dataclass(frozen=True)
class _DrawnStampStyle(BaseStampStyle):
    """A stamp drawn elsewhere, as a page of the field's size."""

    draw: StampRenderer | None = None

    def create_stamp(self, writer: FrozenWriter, box: BoxConstraints, text_params: dict[str, str]) -> _DrawnStamp:  # type: ignore[override]  # noqa: ARG002
        assert self.draw is not None  # noqa: S101 the only maker gives it
        page = PdfFileReader(io.BytesIO(self.draw(float(box.width), float(box.height))))
        return _DrawnStamp(writer.import_page_as_xobject(page))


@dataclass(frozen=True)
class _DrawnStamp:
    """The appearance, once in the file."""

    reference: generic.IndirectObject

    def apply_appearance(self, annotation: generic.DictionaryObject) -> None:
        """Set the normal appearance; an appearance state has no meaning any more."""
        annotation[pdf_name("/AP")] = generic.DictionaryObject({pdf_name("/N"): self.reference})  # type: ignore[no-untyped-call]
        annotation.pop(pdf_name("/AS"), None)
