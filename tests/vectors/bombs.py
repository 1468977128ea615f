"""Files that cost their reader: small for the sender, deep, endless or huge once opened. All must be refused, in ten seconds and 512 MB.

Each is appended to the prepared file in a revision of its own making, signed where a reader must get past the signature first.
"""

from __future__ import annotations

import functools
import re
import zlib
from collections.abc import Callable, Mapping

from tests.vectors.handmade import Revision, body_of, free_number, hand_signed, number_of, opened, own_cms, revised, root_number, table_at
from tests.vectors.honest import Maker
from tests.vectors.outsiders import outsider, sign

DEPTH = 40_000
MEGABYTE, HUGE = 1 << 20, 640


@functools.cache
def _zeros(megabytes: int, layers: int = 1) -> bytes:
    """Compress that many megabytes of spaces, and the result again, as often as asked."""
    if layers > 1:
        return zlib.compress(_zeros(megabytes, layers - 1), 9)
    compressor = zlib.compressobj(9)
    return b"".join(compressor.compress(b" " * MEGABYTE) for _ in range(megabytes)) + compressor.flush()


def _stream(data: bytes, entries: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(data), data)


def _signed(objects: Callable[[bytes], Mapping[int, bytes]]) -> Maker:
    return lambda prepared: hand_signed(prepared, own_cms(outsider()), Revision(extra=objects(prepared)))


def _appended(objects: Callable[[bytes], Mapping[int, bytes]]) -> Maker:
    """Sign honestly, then append a revision."""

    def make(prepared: bytes) -> bytes:
        signed = sign(prepared, outsider())
        return revised(signed, objects(signed))

    return make


def _catalog(data: bytes, entries: bytes) -> Mapping[int, bytes]:
    """Add an entry to the catalog, in the place of the one of its name."""
    root, name = root_number(data), entries.split()[0]
    kept = re.sub(rb"%s \d+ 0 R" % name, b"", body_of(data, root))
    return {root: kept.removesuffix(b">>") + entries + b" >>"}


def _metadata(packet: Callable[[], bytes], entries: bytes = b"") -> Callable[[bytes], Mapping[int, bytes]]:
    def objects(data: bytes) -> Mapping[int, bytes]:
        number = int(opened(data).trailer["/Root"].raw_get("/Metadata").idnum)  # the one that the tool wrote: others are not looked at
        return {number: _stream(packet(), b"/Type /Metadata /Subtype /XML " + entries)}

    return objects


def _store(stream: Callable[[], bytes], entries: bytes) -> Callable[[bytes], Mapping[int, bytes]]:
    def objects(data: bytes) -> Mapping[int, bytes]:
        number = free_number(data) + 1
        return {number: _stream(stream(), entries), **_catalog(data, b"/DSS << /Certs [%d 0 R] >>" % number)}

    return objects


def _laughs() -> bytes:
    entities = b"".join(b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10) for level in range(1, 12))
    return b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "ha">' + entities + b"]><x>&a11;</x>"


def _endless_kids(data: bytes) -> Mapping[int, bytes]:
    """Let a field be its own child, and the form name it."""
    number = number_of(data, "Signature_VP")
    return {number: body_of(data, number).removesuffix(b">>") + b" /Kids [%d 0 R] >>" % number}


def _endless_pages(data: bytes) -> Mapping[int, bytes]:
    number = int(opened(data).trailer["/Root"].raw_get("/Pages").idnum)
    return {number: re.sub(rb"/Kids\s*\[", b"/Kids [%d 0 R " % number, body_of(data, number))}


def _many_fields(data: bytes) -> Mapping[int, bytes]:
    form = int(opened(data).trailer["/Root"].raw_get("/AcroForm").idnum)
    number = number_of(data, "Signature_VP")
    return {form: re.sub(rb"/Fields\s*\[", b"/Fields [" + b"%d 0 R " % number * 150_000, body_of(data, form))}


def _endless_reference(data: bytes) -> Mapping[int, bytes]:
    """Let the store be an object that is a reference to itself."""
    number = free_number(data) + 1
    return {number: b"%d 0 R" % number, **_catalog(data, b"/DSS %d 0 R" % number)}


def _many_revisions(prepared: bytes) -> bytes:
    data = sign(prepared, outsider())
    for _ in range(3_000):
        at = len(data)
        root = root_number(prepared)
        data += b"xref\n0 0\ntrailer\n<< /Size 99 /Root %d 0 R /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (root, table_at(data[-200:]), at)
    return data


def _table(entries: bytes) -> Maker:
    """Append a table with entries of our own instead of true ones."""

    def make(prepared: bytes) -> bytes:
        signed = sign(prepared, outsider())
        at = len(signed)
        trailer = b"trailer\n<< /Size 90200 /Root %d 0 R /Prev %d >>\n" % (root_number(signed), table_at(signed))
        return signed + b"xref\n" + entries + trailer + b"startxref\n%d\n%%%%EOF\n" % at

    return make


def _table_stream(entries: bytes, data: Callable[[], bytes]) -> Maker:
    """Append a cross-reference stream that says more than it holds."""

    def make(prepared: bytes) -> bytes:
        signed = sign(prepared, outsider())
        at, number = len(signed), free_number(signed) + 1
        said = b"/Type /XRef /Root %d 0 R /Prev %d %s" % (root_number(signed), table_at(signed), entries)
        return signed + b"%d 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (number, _stream(data(), said), at)

    return make


def _cms(contents: Callable[[bytes], bytes]) -> Maker:
    return lambda prepared: hand_signed(prepared, own_cms(outsider()), Revision(contents=contents))


def _nested_der(_der: bytes) -> bytes:
    """Nest sequences of indefinite length as deep as the room is large."""
    return b"3080" * 2_900


BOMBS: Mapping[str, Maker] = {
    "nested dictionaries": _signed(lambda data: {free_number(data) + 1: b"<</A " * DEPTH + b"0" + b">>" * DEPTH}),
    "nested arrays in the store": _appended(lambda data: _catalog(data, b"/DSS << /Certs " + b"[" * DEPTH + b"]" * DEPTH + b" >>")),
    "nested ASN.1": _cms(_nested_der),
    "nested XML": _appended(_metadata(lambda: b"<a>" * 250_000 + b"</a>" * 250_000)),
    "entities of entities": _appended(_metadata(_laughs)),
    "a field that is its own child": _appended(_endless_kids),
    "pages that are their own parent": _appended(_endless_pages),
    "a reference to itself": _appended(_endless_reference),
    "a field named 150,000 times": _appended(_many_fields),
    "three thousand tables": _many_revisions,
    "a table of a billion entries": _table(b"0 1000000000\n0000000000 65535 f \n"),
    "a table of 90,000 true entries": _table(b"100 90000\n" + b"0000000015 00000 n \n" * 90_000),
    "a table stream of a billion entries": _table_stream(b"/Size 1000000000 /W [0 0 0] /Index [0 1000000000]", lambda: b"\0" * 64),
    "a table stream of wide entries": _table_stream(b"/Size 9 /W [1 1000000000 1]", lambda: b"\0" * 64),
    "a table stream of 640 megabytes": _table_stream(b"/Size 9 /W [1 2 1] /Filter /FlateDecode", lambda: _zeros(HUGE)),
    "a certificate packed three times": _appended(_store(lambda: _zeros(HUGE, 3), b"/Filter [/FlateDecode /FlateDecode /FlateDecode]")),
    "a certificate of wide rows": _appended(
        _store(lambda: _zeros(64), b"/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 1000000000 >>")
    ),
    "metadata of 640 megabytes": _appended(_metadata(lambda: _zeros(HUGE), b"/Filter /FlateDecode")),
    "a length of a hundred thousand digits": _appended(
        lambda data: {free_number(data) + 1: b"<< /Length %s >>\nstream\n\nendstream" % (b"9" * 100_000)}
    ),
}
"""By name; each a maker like those of the attacks, among which are three more: nested, endless, inflated."""
