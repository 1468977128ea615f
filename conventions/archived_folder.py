"""What the keys of a folder of the archive say by themselves: ``<folder>/<seq>-<kind>-<sha256>``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from conventions.errors import EvidenceBroken

_NAME = re.compile(r"(\d{4,})-([A-Za-z0-9_.-]+)-([0-9a-f]{64})\Z")


@dataclass(frozen=True)
class ArchivedObject:
    """An object by its key: its number in its folder, what it is, and the digest of its bytes."""

    key: str
    seq: int
    kind: str
    sha256: str


def parse_key(key: str) -> ArchivedObject:
    """Read a key.

    Raises:
        EvidenceBroken: nobody of ours wrote an object there.
    """
    found = _NAME.match(key.rpartition("/")[2])
    if found is None:
        raise EvidenceBroken(f"{key} is no key of the archive", code="archive.strange_key", key=key)
    return ArchivedObject(key, int(found[1]), found[2], found[3])


def last_of(items: Sequence[ArchivedObject], kind: str) -> ArchivedObject | None:
    """Return the object of a kind with the highest number, or None."""
    return max((item for item in items if item.kind == kind), key=lambda item: item.seq, default=None)
