"""Copy the objects of one S3 to another, locks and holds included; a copy that was cut goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from conventions.errors import EvidenceBroken, NotFound
from storage.archive import S3Archive
from storage.object_store import S3WorkingStore

AT_ONCE = 8
KEYS_AT_ONCE = 200
LEAST_LOCK = timedelta(minutes=1)
"""No store takes a lock that has ended: what is free already is locked that long when it is copied."""


@dataclass(frozen=True)
class CopiedObjects:
    """How many objects were copied now, and how many stood there already."""

    copied: int = 0
    present: int = 0

    def __add__(self, other: CopiedObjects) -> CopiedObjects:
        return CopiedObjects(self.copied + other.copied, self.present + other.present)


def copy_archive(source: S3Archive, target: S3Archive, now: datetime, told: Callable[[CopiedObjects], None]) -> CopiedObjects:
    """Copy every object of an archive with its lock and its hold, read back and compared; ``told`` hears of each batch.

    What stands at the target is read and compared too, and its lock made as long as the source's now is.

    Raises:
        EvidenceBroken: the target holds other bytes under a key.
        UpstreamUnavailable: what was copied stays; the same call goes on from there.
    """

    def copy(key: str) -> CopiedObjects:
        lock, is_held = source.state(key), source.has_legal_hold(key)
        until = max(lock.retain_until, now + LEAST_LOCK)
        present = _standing(target, key)
        if present is None:
            target.write(key, source.read(key), until)
        elif present != source.read(key):
            raise EvidenceBroken(f"the target holds other bytes under {key}", code="archive.other_bytes", key=key)
        elif lock.retain_until > now or not target.state(key).lock_mode:
            target.extend_lock(key, until)
        done = CopiedObjects(copied=1) if present is None else CopiedObjects(present=1)
        if is_held and not target.has_legal_hold(key):
            target.set_legal_hold(key, held=True)
        return done

    return _copied(source.keys(""), copy, told)


def copy_working(source: S3WorkingStore, target: S3WorkingStore, told: Callable[[CopiedObjects], None]) -> CopiedObjects:
    """Copy the working bytes, each checked against its digest on the way; what is derived from them is made again when asked for.

    Raises:
        EvidenceBroken: bytes no longer have their digest.
        UpstreamUnavailable: as ``copy_archive``.
    """
    present = frozenset(target.digests())

    def copy(digest: str) -> CopiedObjects:
        if digest in present:
            return CopiedObjects(present=1)
        if target.put(source.get(digest)) != digest:
            raise EvidenceBroken(f"working bytes {digest} were changed", code="store.digest", key=digest)
        return CopiedObjects(copied=1)

    return _copied(source.digests(), copy, told)


def _standing(target: S3Archive, key: str) -> bytes | None:
    try:
        return target.read(key)
    except NotFound:
        return None


def _copied(keys: Sequence[str], copy: Callable[[str], CopiedObjects], told: Callable[[CopiedObjects], None]) -> CopiedObjects:
    total = CopiedObjects()
    with ThreadPoolExecutor(AT_ONCE, "copying") as workers:
        for part in _parts(keys):
            for done in workers.map(copy, part):
                total += done
            told(total)
    return total


def _parts(keys: Sequence[str]) -> Iterator[list[str]]:
    walked = iter(keys)
    while part := list(islice(walked, KEYS_AT_ONCE)):
        yield part
