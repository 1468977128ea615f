"""Signature values read from the bytes of a file that we have just written, without parsing a hole of ten thousand digits one by one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from signing.reading import GrowingReader

CADES_DETACHED = "ETSI.CAdES.detached"
RFC3161 = "ETSI.RFC3161"
_BYTE_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*\]")
_SUB_FILTER = re.compile(rb"/SubFilter\s*/([\w.]+)")


@dataclass(frozen=True)
class SignatureValue:
    """What a field's ``/V`` holds: sub-filter, byte range, and the DER with its padding."""

    field: str
    sub_filter: str
    byte_range: tuple[int, int, int, int]
    contents: bytes

    @property
    def end(self) -> int:
        """Return where the signed revision ends."""
        return self.byte_range[2] + self.byte_range[3]


def read_signature_values(reader: PdfFileReader, data: bytes) -> list[SignatureValue]:
    """Return the signature values of a file's fields, in the order of their revisions.

    Raises:
        ValueError: a value that is not written as ours are.
    """
    values = []
    for reference in reader.root["/AcroForm"]["/Fields"]:
        field = reference.get_object()
        if "/V" in field:
            values.append(_read_value(reader, data, str(field["/T"]), field.raw_get("/V")))
    return sorted(values, key=lambda value: value.end)


def _read_value(reader: PdfFileReader, data: bytes, field: str, reference: Any) -> SignatureValue:  # noqa: ANN401 a PDF object
    offset = reader.xrefs[reference.reference] if isinstance(reference, generic.IndirectObject) else None
    if not isinstance(offset, int):
        raise ValueError("a signature value that is not an object of its own")  # noqa: TRY004 the file is wrong, not a type
    known = reader.worked_out if isinstance(reader, GrowingReader) else {}
    if (field, offset) not in known:
        known[field, offset] = _parse_value(data, field, offset)
    value: SignatureValue = known[field, offset]
    return value


def _parse_value(data: bytes, field: str, offset: int) -> SignatureValue:
    written = data[offset : data.index(b"endobj", offset)]
    byte_range, sub_filter = _BYTE_RANGE.search(written), _SUB_FILTER.search(written)
    if byte_range is None or sub_filter is None:
        raise ValueError("a signature value without byte range or sub-filter")
    first, length, rest, rest_length = (int(number) for number in byte_range.groups())
    hole = data[first + length : rest]
    if hole[:1] != b"<" or hole[-1:] != b">":
        raise ValueError("a byte range whose hole is not one hexadecimal string")
    contents = bytes.fromhex(hole[1:-1].decode("ascii"))
    return SignatureValue(field, sub_filter.group(1).decode("ascii"), (first, length, rest, rest_length), contents)
