"""The document security store of an uploaded file (ISO 32000-2, 12.8.4.3): nothing in it but what it says it holds.

No signature covers it and no page shows it, so whatever a stream of it holds would be kept, locked, for ten years.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from asn1crypto import cms as asn1_cms
from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from conventions.errors import VerificationFailed
from signing.evidence import OfferedState
from signing.security_store import entry

MAX_STORE_BYTES = 1_000_000
STORE_KEYS: Mapping[str, Any] = {"/Certs": asn1_x509.Certificate, "/OCSPs": asn1_ocsp.OCSPResponse, "/CRLs": asn1_crl.CertificateList}
SIGNATURE_KEYS: Mapping[str, Any] = {"/Cert": asn1_x509.Certificate, "/OCSP": asn1_ocsp.OCSPResponse, "/CRL": asn1_crl.CertificateList}
STREAM_KEYS = frozenset({"/Type", "/Length", "/Filter", "/DecodeParms"})
SIGNATURE_NAME = re.compile(r"/[0-9A-Fa-f]{40}\Z")
"""The SHA-1 of the signature that the data are for (ISO 32000-2, 12.8.4.3, table 261)."""


def verify_store(reader: PdfFileReader, most_bytes: int = MAX_STORE_BYTES) -> OfferedState:
    """Check that each entry is one of a store's and each stream parses as what it claims; return what it tells of states.

    Raises:
        VerificationFailed: ``upload.store``.
    """
    store = entry(reader.root, "/DSS")
    if store is None:
        return OfferedState()
    _verify_keys(store, {*STORE_KEYS, "/VRI"}, "/DSS")
    seen: dict[object, int] = {}
    found = {key: tuple(_parsed(entry(store, key), kind, seen)) for key, kind in STORE_KEYS.items()}
    by_signature = entry(store, "/VRI") or {}
    for name in by_signature:
        one = entry(by_signature, name)
        if SIGNATURE_NAME.match(name) is None:
            raise _refusal("data of something that is no signature")
        _verify_keys(one, {*SIGNATURE_KEYS, "/TU", "/TS"}, "/VRI")
        for key, kind in SIGNATURE_KEYS.items():
            list(_parsed(entry(one, key), kind, seen))
        if "/TS" in one:
            list(_parsed([one.raw_get("/TS")], asn1_cms.ContentInfo, seen))
        if not isinstance(entry(one, "/TU") or generic.TextStringObject(), generic.TextStringObject):
            raise _refusal("a time that is no text")
    if sum(seen.values()) > most_bytes:
        raise _refusal("more validation data than a signature needs")
    return OfferedState(found["/OCSPs"], found["/CRLs"])


def _verify_keys(dictionary: Any, known: set[str], kind: str) -> None:  # noqa: ANN401 a PDF dictionary
    if set(dictionary) - known - {"/Type"} or str(entry(dictionary, "/Type") or kind) != kind:
        raise _refusal(f"an entry that is none of {kind}")


def _parsed(references: Any, kind: Any, seen: dict[object, int]) -> Iterator[bytes]:  # noqa: ANN401 a PDF array, a class of asn1crypto
    """Give the bytes of each stream, parsed; ``seen`` counts each of them once, however often it is named."""
    for reference in references or ():
        stream = reference.get_object()
        if set(stream) - STREAM_KEYS:
            raise _refusal("a stream that says more of itself than its length and filter")
        data: bytes = stream.data
        seen[getattr(reference, "idnum", id(reference))] = len(data)
        try:
            kind.load(data, strict=True).native  # noqa: B018 it is parsed by being asked for
        except Exception as error:  # asn1crypto raises anything
            raise _refusal("validation data that are not what they say") from error
        yield data


def _refusal(message: str) -> VerificationFailed:
    return VerificationFailed(message, code="upload.store")
