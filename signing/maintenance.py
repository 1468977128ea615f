"""What follows the last time-stamp of any PAdES file: nothing but validation data, as its maintenance needs, or something else.

Our archive's rule is stricter, no byte at all. A file of another hand may go on (EN 319 142-1, 5.4.3: validation data for the last
time-stamp stand in a store after it), and it is judged by its own.
"""

from __future__ import annotations

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.reader import HistoricalResolver, PdfFileReader
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature

from signing.findings import assess_seal
from signing.security_store import entry
from signing.uploaded_store import verify_store
from signing.uploads import END_OF_FILE, information_of, metadata_of, raw_entry, verify_objects

CATALOG_MAY_CHANGE = frozenset({"/DSS", "/Extensions", "/Metadata"})
MOST_STORED_BYTES = 16_000_000


def is_only_maintained(reader: PdfFileReader, timestamps: list[EmbeddedPdfSignature], data: bytes) -> bool:
    """Tell whether what follows the last time-stamp is nothing but validation data; what cannot be read is something else."""
    try:
        return _is_only_maintained(reader, timestamps[-1], data)
    except Exception:  # noqa: BLE001 a hostile file makes a library raise anything
        return False


def _is_only_maintained(reader: PdfFileReader, last: EmbeddedPdfSignature, data: bytes) -> bool:
    """Review what follows.

    (1) the last value is that time-stamp, sound in itself, and the file ends where its last revision does;
    (2) no object stands where no cross-reference names it, and none is freed;
    (3) every object written is the catalog, or what it names as store, extensions, metadata and information: the same object as
        before, or a new one;
    (4) catalog, metadata and information say the same, but for the store, dates and tool, and each stream of the store is what it claims.
    """
    stamped = int(last.byte_range[2]) + int(last.byte_range[3])
    ends_well = all(END_OF_FILE.search(data[max(0, end - 64) : end]) for end in (stamped, len(data)))
    if reader.embedded_signatures[-1].field_name != last.field_name or assess_seal(reader, [last], data[:stamped]) or not ends_well:  # (1)
        return False
    verify_objects(reader, data, stamped)  # (2)
    xrefs, begun = reader.xrefs, last.signed_revision
    before, after = reader.get_historical_resolver(begun), reader.get_historical_resolver(xrefs.total_revisions - 1)
    if xrefs.total_revisions == begun + 1 or before.root_ref != after.root_ref:
        return False
    reached_before, reached = _reached(before), _reached(after)
    for revision in range(begun + 1, xrefs.total_revisions):  # (3)
        written = set(xrefs.explicit_refs_in_revision(revision)) - _structure_of(reader, revision)
        known = {one for one in written if xrefs.get_historical_ref(one, begun) is not None}
        if xrefs.refs_freed_in_revision(revision) or written - reached or known - reached_before:
            return False
    verify_store(reader, MOST_STORED_BYTES)
    return _says_the_same(before, after)  # (4)


def _reached(resolver: HistoricalResolver) -> set[generic.Reference]:
    """Return the catalog, and what maintenance writes: the store with all that it leads to, and where the others stand."""
    found = {resolver.root_ref}
    store = resolver.root.raw_get("/DSS") if "/DSS" in resolver.root else None
    if store is not None:
        found |= resolver.collect_dependencies(store)
    for dictionary, keys in ((resolver.trailer_view, ("/Info",)), (resolver.root, ("/Extensions", "/Metadata", "/DSS"))):
        raws = (dictionary.raw_get(key) for key in keys if key in dictionary)
        found |= {one.reference for one in raws if isinstance(one, generic.IndirectObject)}
    return found


def _structure_of(reader: PdfFileReader, revision: int) -> set[generic.Reference]:
    """Return the new object streams and the cross-reference stream of a revision."""
    container = reader.xrefs.get_xref_container_info(revision).stream_ref
    used: set[generic.Reference] = reader.xrefs.object_streams_used_in(revision)  # type: ignore[no-untyped-call]
    streams = {*used, *([container] if container is not None else [])}
    return {one for one in streams if reader.xrefs.get_historical_ref(one, revision - 1) is None}


def _says_the_same(before: HistoricalResolver, after: HistoricalResolver) -> bool:
    old, new = before.root, after.root
    changed = {key for key in {*old, *new} if raw_entry(old, key) != raw_entry(new, key)}
    information = [information_of(entry(one.trailer_view, "/Info")) for one in (before, after)]
    same_kind = ("/Metadata" in old) is ("/Metadata" in new) and "/DSS" in new
    return same_kind and not changed - CATALOG_MAY_CHANGE and information[0] == information[1] and metadata_of(old) == metadata_of(new)
