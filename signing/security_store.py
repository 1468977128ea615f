"""The document security store (EN 319 142-1, 5.4.2): what validates a file's signatures later, in the file itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.chains import render_der
from signing.evidence import Evidence

STORE, CERTIFICATES, OCSP_RESPONSES, CRLS = "/DSS", "/Certs", "/OCSPs", "/CRLs"


@dataclass(frozen=True)
class SecurityStoreContent:
    """What goes into the store, DER, each once."""

    certificates: tuple[bytes, ...]
    ocsp_responses: tuple[bytes, ...]
    crls: tuple[bytes, ...]


@lru_cache(maxsize=32)
def store_content(*evidences: Evidence) -> SecurityStoreContent:
    """Join the evidence of several chains, once for a whole batch; their last certificates, the anchors, stay out."""
    responses = dict.fromkeys(der for evidence in evidences for der in evidence.ocsp_responses)
    responders = (der for response in responses for der in _responders(response))
    certificates = dict.fromkeys(der for evidence in evidences for der in render_der(evidence.chain[:-1]))
    crls = dict.fromkeys(der for evidence in evidences for der in evidence.crls)
    return SecurityStoreContent((*(certificates | dict.fromkeys(responders)),), (*responses,), (*crls,))


def add_to_store(writer: IncrementalPdfFileWriter, content: SecurityStoreContent) -> None:
    """Add to the store what it lacks; no VRI, which a single revision cannot carry."""
    store = entry(writer.root, STORE)
    if store is None:
        store = generic.DictionaryObject()  # type: ignore[no-untyped-call]
        writer.root[pdf_name(STORE)] = writer.add_object(store)
        writer.update_root()  # type: ignore[no-untyped-call]
    for name, wanted in ((CERTIFICATES, content.certificates), (OCSP_RESPONSES, content.ocsp_responses), (CRLS, content.crls)):
        references = entry(store, name) or ()
        held = {reference.get_object().data for reference in references}
        added = [writer.add_object(generic.StreamObject(stream_data=der)) for der in wanted if der not in held]
        if added:
            store[pdf_name(name)] = generic.ArrayObject([*references, *added])
            writer.update_container(store)


def read_stored(reader: PdfFileReader, name: str) -> Iterator[bytes]:
    """Read the streams of one kind (``CERTIFICATES``, ``OCSP_RESPONSES``, ``CRLS``), DER; none without a store."""
    store = entry(reader.root, STORE)
    for reference in (entry(store, name) if store is not None else None) or ():
        yield reference.get_object().data


def entry(dictionary: Any, key: str) -> Any:  # noqa: ANN401 a PDF dictionary and any PDF object
    """Return an entry, its reference followed, or None; pyHanko's own ``get`` does not follow references."""
    return dictionary[key] if key in dictionary else None  # noqa: SIM401


def _responders(response: bytes) -> list[bytes]:
    read = ocsp.load_der_ocsp_response(response)
    if read.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
        return []
    return [one.public_bytes(Encoding.DER) for one in read.certificates]
