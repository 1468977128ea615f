"""Check a folder of the archive: every object re-hashed against the registry, its lock and its index, and nothing beside it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from conventions.archive_faults import ArchiveFault
from conventions.canonical import sha256_hex
from conventions.errors import NotFound, UpstreamUnavailable
from conventions.folder import INDEX_KIND, INDEX_SCHEMA
from conventions.ports.registry import ArchiveEntry
from conventions.ports.stores import Archive, StoredVersion

LOCKED_FOR_ALL = "COMPLIANCE"
WITNESSES = 3
"""Objects that are asked for before it is said of another that it alone cannot be read."""


@dataclass(frozen=True)
class ArchiveFinding:
    """One fault, and the key at which it is."""

    fault: ArchiveFault
    key: str


def assess_folder(
    archive: Archive, prefix: str, entries: Sequence[ArchiveEntry], elsewhere: Sequence[str] = ()
) -> tuple[ArchiveFinding, ...]:
    """Compare what a folder holds with what the registry says of it; ``entries`` are all of the folder's, intents included.

    An intent that is not complete may or may not stand there: it is work in progress, not a fault. An object that the store does
    not give, while it gives another one of the folder or of the keys ``elsewhere``, is unreadable; the others are read all the same.

    Raises:
        UpstreamUnavailable: the store gives nothing; nothing can be said.
    """
    findings = list(_strangers(archive.versions(prefix), {entry.key for entry in entries}))
    hidden = {finding.key for finding in findings if finding.fault is ArchiveFault.HIDDEN}
    standing = sorted((entry for entry in entries if entry.completed_at is not None), key=lambda entry: entry.seq)
    indexes: list[tuple[ArchiveEntry, bytes | None]] = []
    for entry in standing:
        data: bytes | None = None
        try:
            data = archive.read(entry.key)
            findings.extend(_object_faults(archive, entry, data))
        except NotFound:
            if entry.key not in hidden:
                findings.append(ArchiveFinding(ArchiveFault.MISSING, entry.key))
        except UpstreamUnavailable:
            others = [other.key for other in standing if other.key != entry.key][:WITNESSES]
            if not gives_any(archive, [*others, *elsewhere]):
                raise
            findings.append(ArchiveFinding(ArchiveFault.UNREADABLE, entry.key))
        if entry.kind == INDEX_KIND:
            indexes.append((entry, data))
    findings.extend(_index_faults(indexes, entries))
    return tuple(findings)


def gives_any(archive: Archive, keys: Sequence[str]) -> bool:
    """Tell whether the store gives one of these objects."""
    for key in keys:
        try:
            archive.read(key)
        except (NotFound, UpstreamUnavailable):
            continue
        return True
    return False


def _strangers(versions: Sequence[StoredVersion], known: set[str]) -> Iterator[ArchiveFinding]:
    counted = Counter(version.key for version in versions if not version.is_delete_marker)
    for key, count in sorted(counted.items()):
        if key not in known:
            yield ArchiveFinding(ArchiveFault.EXTRA, key)
        elif count > 1:
            yield ArchiveFinding(ArchiveFault.EXTRA_VERSION, key)
    for version in versions:
        if version.is_delete_marker and version.is_latest and version.key in known:
            yield ArchiveFinding(ArchiveFault.HIDDEN, version.key)


def _object_faults(archive: Archive, entry: ArchiveEntry, data: bytes) -> Iterator[ArchiveFinding]:
    if len(data) < entry.size_bytes:
        yield ArchiveFinding(ArchiveFault.TRUNCATED, entry.key)
    elif sha256_hex(data) != entry.sha256:
        yield ArchiveFinding(ArchiveFault.ALTERED, entry.key)
    state = archive.state(entry.key)
    if not state.lock_mode:
        yield ArchiveFinding(ArchiveFault.UNLOCKED, entry.key)
        return
    if state.lock_mode not in {archive.lock_mode, LOCKED_FOR_ALL}:
        yield ArchiveFinding(ArchiveFault.LOCK_WEAKENED, entry.key)
    if state.retain_until < entry.retain_until:
        yield ArchiveFinding(ArchiveFault.LOCK_SHORTENED, entry.key)


def _index_faults(indexes: Sequence[tuple[ArchiveEntry, bytes | None]], entries: Sequence[ArchiveEntry]) -> Iterator[ArchiveFinding]:
    """Follow the chain: each index numbered, holding the digest of the one before, and listing only what the registry knows.

    What could not be read (None) is told already, and stands in the chain for what the registry says of it.
    """
    known = {entry.key: {"seq": entry.seq, "kind": entry.kind, "sha256": entry.sha256, "size_bytes": entry.size_bytes} for entry in entries}
    previous: str | None = None
    listed: set[str] = set()
    for number, (entry, data) in enumerate(indexes, 1):
        if data is None:
            previous = entry.sha256
            continue
        content = _parsed(data)
        objects = content.get("objects")
        items = {str(item.get("key")): item for item in objects if isinstance(item, Mapping)} if isinstance(objects, list) else None
        is_chained = (content.get("schema"), content.get("number"), content.get("previous_sha256")) == (INDEX_SCHEMA, number, previous)
        is_true = items is not None and all(known.get(key) == _without_key(item) for key, item in items.items())
        if items is None or not is_chained or not is_true or not listed <= items.keys():
            yield ArchiveFinding(ArchiveFault.INDEX_BROKEN, entry.key)
        listed = set(items or ())
        previous = sha256_hex(data)


def _parsed(data: bytes) -> Mapping[str, object]:
    try:
        content = json.loads(data)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _without_key(item: Mapping[str, object]) -> Mapping[str, object]:
    return {name: value for name, value in item.items() if name != "key"}
