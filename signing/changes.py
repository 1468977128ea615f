"""Are later revisions nothing but signatures, time-stamps and validation data, written as this system writes them?

A whitelist over the few objects that a revision rewrites: exact where pyHanko's review reads the whole document for each
signature (0.7 s of a tagged file), and stricter, because an object that nothing explains is refused. What it does not
explain is not refused yet: the reader then asks pyHanko's review, which knows the habits of other tools.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import PdfFileReader

from conventions.kinds import MEMBER_FIELD, SYNDICATE_FIELD, TIMESTAMP_FIELDS

SIGNATURE_KEYS = frozenset(
    {"/Type", "/Filter", "/SubFilter", "/ByteRange", "/Contents", "/M", "/Reason", "/Name", "/Location", "/Reference"}
)
TIMESTAMP_FIELD_KEYS = frozenset({"/Type", "/Subtype", "/FT", "/T", "/TU", "/F", "/Rect", "/P", "/V"})
STORE_KEYS = {"/Certs": asn1_x509.Certificate, "/OCSPs": asn1_ocsp.OCSPResponse, "/CRLs": asn1_crl.CertificateList}
TRAILER_MAY_CHANGE = frozenset({"/Size", "/Prev", "/ID"})
MAX_STORED_BYTES = 2_000_000

Key = tuple[int, int]
Raw = Any


class Unexplained(Exception):
    """A change that is not one of ours."""


def explain_revision(reader: PdfFileReader, revision: int) -> str | None:
    """Return the field that a revision fills, when it does that and nothing else; None when anything else changed."""
    try:
        return _Review(reader, revision).run()
    except (Unexplained, KeyError, TypeError, ValueError, AttributeError, IndexError):
        return None


class _Review:
    """The comparison of one revision with the one before."""

    def __init__(self, reader: PdfFileReader, revision: int) -> None:
        self._reader = reader
        self._revision = revision
        self._new: set[Key] = set()
        self._changed: set[Key] = set()
        self._explained: set[Key] = set()

    def run(self) -> str:
        """Explain every object of the revision, or raise.

        (1) nothing freed, the trailer still names the same catalog and information;
        (2) the catalog gains the store and the extension, the form gains time-stamp fields, pages gain their widgets;
        (3) exactly one field is filled, whose value is a signature dictionary;
        (4) every object that stands in the revision was met on the way.
        """
        xrefs = self._reader.xrefs
        _require(not xrefs.refs_freed_in_revision(self._revision))
        for reference in xrefs.explicit_refs_in_revision(self._revision):
            known = xrefs.get_historical_ref(reference, self._revision - 1) is not None
            (self._changed if known else self._new).add((reference.idnum, reference.generation))
        self._compare_trailers()  # (1)
        root = self._trailer(self._revision).raw_get("/Root")
        before, after = self._both(root)
        self._compare_catalogs(before, after)  # (2)
        filled = self._compare_forms(before, after)
        _require(len(filled) == 1)  # (3)
        _require(self._explained == self._new | self._changed)  # (4)
        return filled[0]

    def _compare_trailers(self) -> None:
        before, after = self._trailer(self._revision - 1), self._trailer(self._revision)
        for key in (set(before) | set(after)) - TRAILER_MAY_CHANGE:
            _require(_plain(_raw(before, key)) == _plain(_raw(after, key)))

    def _compare_catalogs(self, before: Raw, after: Raw) -> None:
        for key in set(before) | set(after):
            if key == "/DSS":
                self._compare_stores(_raw(before, key), _raw(after, key))
            elif key == "/Extensions":
                self._compare_extensions(_raw(before, key), _raw(after, key))
            elif key != "/AcroForm":
                _require(_plain(_raw(before, key)) == _plain(_raw(after, key)))

    def _compare_extensions(self, before: Raw, after: Raw) -> None:
        old, new = self._old(before) or {}, self._now(after)
        self._explain(after)
        for key in set(old) | set(new):
            if key == "/ESIC":
                _require(set(new[key]) <= {"/Type", "/BaseVersion", "/ExtensionLevel", "/ExtensionRevision", "/URL"})
            else:
                _require(_plain(_raw(old, key)) == _plain(_raw(new, key)))

    def _compare_stores(self, before: Raw, after: Raw) -> None:
        old, new = self._old(before) or {}, self._now(after)
        self._explain(after)
        for key in set(old) | set(new):
            if key not in STORE_KEYS:
                _require(key == "/Type" or _plain(_raw(old, key)) == _plain(_raw(new, key)))
                continue
            for added in self._appended(_raw(old, key), _raw(new, key)):
                self._explain_new(added)
                data = self._now(added).data
                _require(len(data) <= MAX_STORED_BYTES)
                STORE_KEYS[key].load(data, strict=True)

    def _compare_forms(self, before: Raw, after: Raw) -> list[str]:
        old_reference, new_reference = before.raw_get("/AcroForm"), after.raw_get("/AcroForm")
        if isinstance(new_reference, generic.IndirectObject):
            _require(_plain(old_reference) == _plain(new_reference))
        old, new = self._old(old_reference), self._now(new_reference)
        self._explain(new_reference)
        for key in (set(old) | set(new)) - {"/Fields"}:
            _require(_plain(_raw(old, key)) == _plain(_raw(new, key)))
        fields_before, fields_after = old.raw_get("/Fields"), new.raw_get("/Fields")
        added = self._appended(fields_before, fields_after)
        self._explain(fields_after)
        filled = [self._explain_added_field(reference) for reference in added]
        changed = [reference for reference in self._items(fields_before, old=True) if _key(reference) in self._changed]
        return filled + [self._compare_fields(reference) for reference in changed]

    def _compare_fields(self, reference: Raw) -> str:
        """Let an empty signature field of ours gain its value and its appearance."""
        before, after = self._both(reference)
        name = str(after["/T"])
        _require(name in {MEMBER_FIELD, SYNDICATE_FIELD, *TIMESTAMP_FIELDS} and "/V" not in before)
        for key in (set(before) | set(after)) - {"/V", "/AP", "/AS"}:
            _require(_plain(_raw(before, key)) == _plain(_raw(after, key)))
        if _plain(_raw(before, "/AP")) != _plain(_raw(after, "/AP")):
            _require(name not in TIMESTAMP_FIELDS and set(after["/AP"]) == {"/N"})
            self._explain_drawing(after["/AP"].raw_get("/N"))
        self._explain_value(after.raw_get("/V"), timestamp=name in TIMESTAMP_FIELDS)
        return name

    def _explain_added_field(self, reference: Raw) -> str:
        """Let an invisible time-stamp field be added, with its place on a page."""
        self._explain_new(reference)
        field = self._now(reference)
        name = str(field["/T"])
        left, bottom, right, top = (float(number) for number in field["/Rect"])
        _require(name in TIMESTAMP_FIELDS and set(field) <= TIMESTAMP_FIELD_KEYS and left == right and bottom == top)
        self._explain_value(field.raw_get("/V"), timestamp=True)
        self._compare_pages(field.raw_get("/P"), reference)
        return name

    def _compare_pages(self, page: Raw, widget: Raw) -> None:
        before, after = self._old(page), self._now(page)
        _require(after["/Type"] == "/Page")
        for key in (set(before) | set(after)) - {"/Annots"}:
            _require(_plain(_raw(before, key)) == _plain(_raw(after, key)))
        old, new = _raw(before, "/Annots"), after.raw_get("/Annots")
        added = self._appended(old, new)
        _require([_plain(one) for one in added] == [_plain(widget)])
        self._explain(page)
        self._explain(new)

    def _explain_value(self, reference: Raw, *, timestamp: bool) -> None:
        self._explain_new(reference)
        value = self._now(reference)
        kind, sub_filter = ("/DocTimeStamp", "/ETSI.RFC3161") if timestamp else ("/Sig", "/ETSI.CAdES.detached")
        _require(set(value) <= SIGNATURE_KEYS and value["/Type"] == kind and value["/SubFilter"] == sub_filter)
        _require(all(not isinstance(value.raw_get(key), generic.IndirectObject) for key in value))

    def _explain_drawing(self, reference: Raw) -> None:
        """Let an appearance bring objects of its own: they draw inside the field's rectangle and nowhere else."""
        self._explain_new(reference)
        waiting: list[Raw] = [self._now(reference)]
        _require(waiting[0]["/Subtype"] == "/Form")
        while waiting:
            item = waiting.pop()
            if isinstance(item, generic.IndirectObject):
                if _key(item) in self._explained:
                    continue
                self._explain_new(item)
                waiting.append(self._now(item))
            elif isinstance(item, generic.DictionaryObject):
                waiting += [item.raw_get(key) for key in item]
            elif isinstance(item, generic.ArrayObject):
                waiting += [item.raw_get(index) for index in range(len(item))]

    def _appended(self, before: Raw, after: Raw) -> list[Raw]:
        """Return what an array gained at its end; an indirect array stays the same object."""
        if isinstance(before, generic.IndirectObject):
            _require(_plain(before) == _plain(after))
        old, new = self._items(before, old=True), self._items(after, old=False)
        _require([_plain(one) for one in old] == [_plain(one) for one in new[: len(old)]])
        return new[len(old) :]

    def _items(self, array: Raw, *, old: bool) -> list[Raw]:
        held = self._old(array) if old else self._now(array)
        return [] if held is None else [held.raw_get(index) for index in range(len(held))]

    def _explain(self, reference: Raw) -> None:
        if isinstance(reference, generic.IndirectObject) and _key(reference) in self._new | self._changed:
            self._explained.add(_key(reference))

    def _explain_new(self, reference: Raw) -> None:
        _require(isinstance(reference, generic.IndirectObject) and _key(reference) in self._new)
        self._explained.add(_key(reference))

    def _both(self, reference: Raw) -> tuple[Raw, Raw]:
        self._explain(reference)
        return self._old(reference), self._now(reference)

    def _old(self, item: Raw) -> Raw:
        return self._at(item, self._revision - 1)

    def _now(self, item: Raw) -> Raw:
        return self._at(item, self._revision)

    def _at(self, item: Raw, revision: int) -> Raw:
        """Follow a reference as of a revision; objects that this revision leaves alone come from the reader's cache."""
        if not isinstance(item, generic.IndirectObject):
            return item
        reference = item.reference
        if self._reader.xrefs.get_last_change(reference) <= revision:
            return self._reader.get_object(reference)  # type: ignore[no-untyped-call]
        return self._reader.get_object(reference, revision)  # type: ignore[no-untyped-call]

    def _trailer(self, revision: int) -> Raw:
        return self._reader.trailer.flatten(revision)


def _require(holds: bool) -> None:  # noqa: FBT001 a condition
    if not holds:
        raise Unexplained


def _raw(dictionary: Mapping[str, Any] | None, key: str) -> Raw:
    if dictionary is None or key not in dictionary:
        return None
    return dictionary.raw_get(key)  # type: ignore[attr-defined]


def _key(reference: generic.IndirectObject) -> Key:
    return reference.idnum, reference.generation


def _plain(item: Raw) -> object:
    """Return a value that compares by content, references by number."""
    if isinstance(item, generic.IndirectObject):
        return ("reference", item.idnum, item.generation)
    if isinstance(item, generic.StreamObject):
        return ("stream", item.encoded_data, frozenset((key, _plain(item.raw_get(key))) for key in item))
    if isinstance(item, generic.DictionaryObject):
        return frozenset((key, _plain(item.raw_get(key))) for key in item)
    if isinstance(item, generic.ArrayObject):
        return tuple(_plain(item.raw_get(index)) for index in range(len(item)))
    if isinstance(item, generic.ByteStringObject):
        return ("bytes", bytes(item))
    if isinstance(item, generic.BooleanObject):
        return ("boolean", bool(item))
    return (type(item).__name__, item)
