"""Stores that hold something else than validation data, each named for what it holds: no signature covers it, no page shows it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from tests.vectors.honest import Maker, with_store
from tests.vectors.outsiders import outsider, sign

Store = Callable[[IncrementalPdfFileWriter, generic.DictionaryObject], None]


def beside_store(write: Store) -> Maker:
    """Sign, append a sound store, then write something beside what it holds."""

    def make(prepared: bytes) -> bytes:
        output = io.BytesIO(with_store(sign(prepared, outsider()), outsider()))
        writer = IncrementalPdfFileWriter(output)
        store = writer.root["/DSS"]
        write(writer, store)
        writer.update_container(store)
        writer.write_in_place()  # type: ignore[no-untyped-call]
        return output.getvalue()

    return make


def _for_one(entries: Callable[[IncrementalPdfFileWriter], Mapping[str, generic.PdfObject]], name: str = "/" + "A" * 40) -> Store:
    """Write validation data of one signature, as ISO 32000-2, 12.8.4.4 has them under /VRI."""

    def write(writer: IncrementalPdfFileWriter, store: generic.DictionaryObject) -> None:
        one = generic.DictionaryObject({generic.pdf_name(key): value for key, value in entries(writer).items()})  # type: ignore[no-untyped-call]
        store["/VRI"] = writer.add_object(generic.DictionaryObject({generic.pdf_name(name): one}))  # type: ignore[no-untyped-call]

    return write


def _junk(writer: IncrementalPdfFileWriter) -> generic.IndirectObject:
    return writer.add_object(generic.StreamObject(stream_data=b"9 000 000 EUR " * 700))


def _junk_key(writer: IncrementalPdfFileWriter, store: generic.DictionaryObject) -> None:
    store["/Annexe"] = _junk(writer)


STORES: Mapping[str, Store] = {
    "junk for a certificate of one signature": _for_one(lambda writer: {"/Cert": generic.ArrayObject([_junk(writer)])}),
    "junk for an answer of one signature": _for_one(lambda writer: {"/OCSP": generic.ArrayObject([_junk(writer)])}),
    "junk for a list of one signature": _for_one(lambda writer: {"/CRL": generic.ArrayObject([_junk(writer)])}),
    "junk for a time-stamp of one signature": _for_one(lambda writer: {"/TS": _junk(writer)}),
    "an entry that no signature's data have": _for_one(lambda writer: {"/Annexe": _junk(writer)}),
    "data of no signature": _for_one(lambda writer: {"/Cert": generic.ArrayObject([_junk(writer)])}, "/Annexe"),
    "an entry that no store has": _junk_key,
}
