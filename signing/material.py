"""What a signed file holds to be validated by: taken out for a proof bundle, judged by nobody here."""

from __future__ import annotations

from collections.abc import Iterator

from pyhanko.pdf_utils.reader import PdfFileReader

from conventions.errors import ContreseingError, EvidenceBroken
from conventions.signatures import ProofMaterial
from signing.cms_parsing import SIGNATURE_TIMESTAMP, parse_cms
from signing.der import strip_padding
from signing.reading import GrowingReader
from signing.revisions import converted_errors, entry
from signing.timestamping import UNREADABLE
from signing.values import RFC3161, SignatureValue, read_signature_values


def read_proof_material(data: bytes) -> ProofMaterial:
    """Return the certificates, OCSP answers and lists of a file's security store (ISO 32000-2, 12.8.4.3), and every token in it.

    Raises:
        EvidenceBroken: not a file that we signed.
    """
    try:
        with converted_errors():
            reader = GrowingReader(data)
            values = read_signature_values(reader, data)
            return ProofMaterial(
                certificates=tuple(_streams(reader, "/Certs")),
                ocsp_responses=tuple(_streams(reader, "/OCSPs")),
                crls=tuple(_streams(reader, "/CRLs")),
                timestamps=tuple(token for value in values for token in _tokens(value)),
            )
    except (ContreseingError, *UNREADABLE) as error:
        raise EvidenceBroken("not a file that this system signed") from error


def _streams(reader: PdfFileReader, name: str) -> Iterator[bytes]:
    store = entry(reader.root, "/DSS")
    for reference in (entry(store, name) if store is not None else None) or ():
        yield reference.get_object().data


def _tokens(value: SignatureValue) -> Iterator[tuple[str, bytes]]:
    der = strip_padding(value.contents)
    if value.sub_filter == RFC3161:
        yield value.field, der
    else:
        yield from ((value.field, token) for token in parse_cms(der).unsigned_attributes.get(SIGNATURE_TIMESTAMP, ()))
