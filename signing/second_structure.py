"""The second reader's view of a PDF, by pypdf: its signature values, what each covers, what each revision rewrites, what it embeds."""

from __future__ import annotations

import hashlib
import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, PdfObject, StreamObject

from conventions.errors import VerificationFailed
from conventions.kinds import TIMESTAMP_FIELDS
from signing.second_hex import read_hex_at_once

EMBEDDED_DATA = "agreement.json"
SIGNATURE_FILTERS = {"/ETSI.CAdES.detached": False, "/ETSI.RFC3161": True}
HEXADECIMAL = b"0123456789abcdefABCDEF"
END_OF_FILE = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*\Z")
TABLE_HEAD = re.compile(rb"xref\s+")
TRAILER_MAY_CHANGE = frozenset({"/Size", "/Prev", "/ID"})
CATALOG_MAY_CHANGE = frozenset({"/DSS", "/Extensions", "/AcroForm"})
read_hex_at_once()


@dataclass(frozen=True)
class SignatureInFile:
    """A filled field: the DER in its hole, the rest of its revision, and where that revision ends."""

    field: str
    is_timestamp: bool
    contents: bytes
    covered: tuple[bytes, bytes]
    end: int

    def digest(self, algorithm: str) -> bytes:
        """Return the digest of what is covered."""
        hashed = hashlib.new(algorithm, self.covered[0])
        hashed.update(self.covered[1])
        return hashed.digest()


@dataclass(frozen=True)
class StructureOfFile:
    """What the second reader needs of a file."""

    signatures: tuple[SignatureInFile, ...]
    ocsp_responses: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    certificates: tuple[bytes, ...]
    data_sha256: str


def read_structure(data: bytes) -> StructureOfFile:
    """Read a file and check its skeleton.

    1. It opens, it is not encrypted, and each signed revision ends as a PDF file does.
    2. Each byte range leaves out one hexadecimal string and nothing else; the last one reaches the end of the file.
    3. Each signature and time-stamp after the first came in one revision, which rewrites only what it needs.

    Raises:
        VerificationFailed: ``structure.<what>``.
    """
    reader = _opened(data)
    signatures = tuple(sorted(_signatures(reader, data), key=lambda one: one.end))  # (1) (2)
    if not signatures:
        raise VerificationFailed("no signature", code="structure.unsigned")
    if signatures[-1].end != len(data):
        raise VerificationFailed("something follows the last signature or time-stamp", code="structure.end")
    before = _opened(data[: signatures[0].end])
    for earlier, later in itertools.pairwise(signatures):
        after = reader if later.end == len(data) else _opened(data[: later.end])
        _verify_revision(before, after, data[earlier.end : later.end], earlier.end, later)  # (3)
        before = after
    store = _entry(_root(reader), "/DSS") or DictionaryObject()
    return StructureOfFile(
        signatures,
        ocsp_responses=tuple(_streams(store, "/OCSPs")),
        crls=tuple(_streams(store, "/CRLs")),
        certificates=tuple(_streams(store, "/Certs")),
        data_sha256=_embedded_data_sha256(reader),
    )


def _opened(data: bytes) -> PdfReader:
    reader = PdfReader(io.BytesIO(data), strict=True)
    if reader.is_encrypted:
        raise VerificationFailed("an encrypted file", code="structure.encrypted")
    return reader


def _signatures(reader: PdfReader, data: bytes) -> Iterator[SignatureInFile]:
    form = _entry(_root(reader), "/AcroForm")
    fields: Any = () if form is None else _entry(form, "/Fields") or ()
    for reference in fields:
        field = reference.get_object()
        value = _entry(field, "/V")
        if value is None:
            continue
        is_timestamp = SIGNATURE_FILTERS.get(str(_entry(value, "/SubFilter")))
        if is_timestamp is None:
            raise VerificationFailed("a signature that is neither PAdES nor a time-stamp", code="structure.filter")
        yield _signature(str(field["/T"]), is_timestamp, value, data)


def _signature(field: str, is_timestamp: bool, value: DictionaryObject, data: bytes) -> SignatureInFile:  # noqa: FBT001 a fact of the field
    byte_range: Any = value["/ByteRange"]
    first, length, rest, rest_length = (int(number) for number in byte_range)
    end = rest + rest_length
    hole = data[length:rest]
    if first != 0 or not 0 < length < rest <= end <= len(data) or hole[:1] != b"<" or hole[-1:] != b">" or hole[1:-1].strip(HEXADECIMAL):
        raise VerificationFailed("a byte range that leaves out more than its signature", code="structure.byte_range")
    if END_OF_FILE.search(data[max(0, end - 64) : end]) is None:
        raise VerificationFailed("a signed revision that does not end as a file does", code="structure.revision")
    return SignatureInFile(field, is_timestamp, bytes.fromhex(hole[1:-1].decode("ascii")), (data[:length], data[rest:end]), end)


def _verify_revision(before: PdfReader, after: PdfReader, added: bytes, offset: int, signature: SignatureInFile) -> None:
    """Check what one revision rewrites, against the objects that may be rewritten and the entries that may change in each."""
    _require(int(after.trailer.get("/Prev", -1)) == _table_at(before), "tables")
    for key in (set(before.trailer) | set(after.trailer)) - TRAILER_MAY_CHANGE:
        _require(_plain(before.trailer.get(key)) == _plain(after.trailer.get(key)), "trailer")
    may_change = {**_may_change(before), _number(before.trailer.raw_get("/Root")): CATALOG_MAY_CHANGE}
    known = _known(before)
    for number in _rewritten(added, offset, after):
        if (number, 0) not in known:
            continue
        _require(number in may_change, "object")
        _require_same(
            before.get_object(IndirectObject(number, 0, before)), after.get_object(IndirectObject(number, 0, after)), may_change[number]
        )
    _require(len(before.pages) == len(after.pages), "pages")
    _require_same(_root(before), _root(after), CATALOG_MAY_CHANGE)
    filled = {name for name in _filled(after) if name not in _filled(before)}
    _require(filled == {signature.field} and _filled(before) <= _filled(after), "fields")
    fields_before, fields_after = _fields(before), _fields(after)
    new_fields = fields_after.keys() - fields_before.keys()
    for added_field in (fields_after[number] for number in new_fields):
        left, bottom, right, top = (float(side) for side in added_field["/Rect"])
        named = str(added_field["/T"]) == signature.field and signature.field in TIMESTAMP_FIELDS
        _require(named and left == right and bottom == top and "/AP" not in added_field, "fields")
    for page_before, page_after in zip(before.pages, after.pages, strict=True):
        _require(_annotations(page_after) - _annotations(page_before) <= new_fields, "annotations")


def _may_change(reader: PdfReader) -> dict[int, frozenset[str] | None]:
    """Return, by object number, the entries that a later revision may change; None for arrays that may only grow."""
    form_reference = _root(reader).raw_get("/AcroForm")
    form = form_reference.get_object()
    allowed: dict[int, frozenset[str] | None] = {_number(form_reference): frozenset({"/Fields"}), _number(form.raw_get("/Fields")): None}
    for reference in form["/Fields"]:
        empty = "/V" not in reference.get_object()
        allowed[_number(reference)] = frozenset({"/V", "/AP", "/AS"}) if empty else frozenset()
    for page in reader.pages:
        allowed[_number(page.indirect_reference)] = frozenset({"/Annots"})
        allowed[_number(page.get("/Annots") if "/Annots" not in page else page.raw_get("/Annots"))] = None
    store = _root(reader)
    if "/DSS" in store:
        allowed[_number(store.raw_get("/DSS"))] = frozenset({"/Certs", "/OCSPs", "/CRLs"})
        for key in ("/Certs", "/OCSPs", "/CRLs"):
            if key in store["/DSS"]:
                allowed[_number(store["/DSS"].raw_get(key))] = None
    allowed.pop(0, None)
    return allowed


def _require_same(old: PdfObject | None, new: PdfObject | None, except_for: frozenset[str] | None) -> None:
    if isinstance(old, ArrayObject) and isinstance(new, ArrayObject) and except_for is None:
        _require([_plain(one) for one in old] == [_plain(one) for one in new[: len(old)]], "array")
    elif isinstance(old, DictionaryObject) and isinstance(new, DictionaryObject) and except_for is not None:
        for key in (set(old) | set(new)) - except_for:
            _require(_plain(old.raw_get(key) if key in old else None) == _plain(new.raw_get(key) if key in new else None), "entry")
        for key in except_for & {"/Annots", "/Fields", "/Certs", "/OCSPs", "/CRLs"} & set(old):
            _require_grown(old[key], new[key])
    else:
        _require(False, "object")


def _require_grown(old: Any, new: Any) -> None:  # noqa: ANN401 PDF arrays
    _require([_plain(one) for one in old] == [_plain(one) for one in new[: len(old)]], "array")


def _rewritten(added: bytes, offset: int, reader: PdfReader) -> list[int]:
    """Return the numbers of the objects in use that a revision's own table lists; a stream in its place is refused."""
    found = END_OF_FILE.search(added[-64:])
    start = int(found.group(1)) - offset if found else -1
    head = TABLE_HEAD.match(added, max(start, 0))
    if start < 0 or head is None or reader.xref_objStm:
        raise VerificationFailed("a revision without a cross-reference table of its own", code="structure.table")
    tokens = added[head.end() : added.index(b"trailer", head.end())].split()
    numbers, at = [], 0
    while at < len(tokens):
        first, count = int(tokens[at]), int(tokens[at + 1])
        entries = tokens[at + 2 : at + 2 + 3 * count]
        _require(all(marker == b"n" for marker in entries[2::3] if first or marker == b"n"), "table")
        numbers += [first + index for index, marker in enumerate(entries[2::3]) if marker == b"n"]
        at += 2 + 3 * count
    return numbers


def _table_at(reader: PdfReader) -> int:
    """Return where the last cross-reference table of a file stands, as its last lines say."""
    data = reader.stream
    data.seek(-64, io.SEEK_END)
    found = END_OF_FILE.search(data.read())
    return int(found.group(1)) if found else -1


def _root(reader: PdfReader) -> Any:  # noqa: ANN401 a PDF dictionary
    return reader.trailer["/Root"]


def _known(reader: PdfReader) -> set[tuple[int, int]]:
    return {(number, generation) for generation, table in reader.xref.items() for number in table}


def _fields(reader: PdfReader) -> dict[int, Any]:
    return {_number(one): one.get_object() for one in _root(reader)["/AcroForm"]["/Fields"]}


def _annotations(page: Any) -> set[int]:  # noqa: ANN401 a PDF dictionary
    return {_number(one) for one in _entry(page, "/Annots") or ()}


def _filled(reader: PdfReader) -> set[str]:
    fields = (one.get_object() for one in _root(reader)["/AcroForm"]["/Fields"])
    return {str(field["/T"]) for field in fields if "/V" in field}


def _embedded_data_sha256(reader: PdfReader) -> str:
    for reference in _entry(_root(reader), "/AF") or ():
        specification = reference.get_object()
        if str(_entry(specification, "/UF") or _entry(specification, "/F")) == EMBEDDED_DATA:
            return hashlib.sha256(specification["/EF"]["/F"].get_data()).hexdigest()
    return ""


def _streams(store: DictionaryObject, key: str) -> Iterator[bytes]:
    for reference in _entry(store, key) or ():
        stream = reference.get_object()
        if not isinstance(stream, StreamObject):
            raise VerificationFailed("validation data that is no stream", code="structure.store")
        yield stream.get_data()


def _entry(dictionary: Any, key: str) -> Any:  # noqa: ANN401 a PDF dictionary and any PDF object
    return dictionary[key] if key in dictionary else None  # noqa: SIM401 pypdf's get does not follow references


def _number(reference: Any) -> int:  # noqa: ANN401 any PDF object
    return reference.idnum if isinstance(reference, IndirectObject) else 0


def _plain(item: Any) -> object:  # noqa: ANN401 any PDF object
    """Return a value that compares by content, references by number."""
    if isinstance(item, IndirectObject):
        return ("reference", item.idnum, item.generation)
    if isinstance(item, StreamObject):
        return ("stream", item.get_data(), frozenset((key, _plain(item.raw_get(key))) for key in item))
    if isinstance(item, DictionaryObject):
        return frozenset((key, _plain(item.raw_get(key))) for key in item)
    if isinstance(item, ArrayObject):
        return tuple(_plain(one) for one in item)
    return str(item)


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 a condition
    if not holds:
        raise VerificationFailed(f"a revision rewrites what it must not: {what}", code="structure.changes")
