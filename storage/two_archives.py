"""Two archives kept alike: every object is written and compared in both, and either one is enough to read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from conventions.errors import NotFound, UpstreamUnavailable
from conventions.ports.stores import Archive, LockedObject, StoredVersion


class TwoArchives:
    """``conventions.ports.stores.Archive`` over a first and a second archive, on two S3 far from one another."""

    def __init__(self, first: Archive, second: Archive) -> None:
        self._first, self._second = first, second

    def write(self, key: str, data: bytes, retain_until: datetime) -> LockedObject:
        """Write in the first, then in the second: an object counts as archived once it stands in both."""
        written = self._first.write(key, data, retain_until)
        self._second.write(key, data, retain_until)
        return written

    def read(self, key: str) -> bytes:
        try:
            return self._first.read(key)
        except (NotFound, UpstreamUnavailable):
            return self._second.read(key)

    def state(self, key: str) -> LockedObject:
        try:
            return self._first.state(key)
        except (NotFound, UpstreamUnavailable):
            return self._second.state(key)

    def keys(self, prefix: str) -> Sequence[str]:
        try:
            return self._first.keys(prefix)
        except UpstreamUnavailable:
            return self._second.keys(prefix)

    def versions(self, prefix: str) -> Sequence[StoredVersion]:
        try:
            return self._first.versions(prefix)
        except UpstreamUnavailable:
            return self._second.versions(prefix)

    def extend_lock(self, key: str, retain_until: datetime) -> LockedObject:
        extended = self._first.extend_lock(key, retain_until)
        self._second.extend_lock(key, retain_until)
        return extended

    def set_legal_hold(self, key: str, *, held: bool) -> None:
        self._first.set_legal_hold(key, held=held)
        self._second.set_legal_hold(key, held=held)

    def has_legal_hold(self, key: str) -> bool:
        return self._first.has_legal_hold(key) and self._second.has_legal_hold(key)

    def stores(self) -> Sequence[Archive]:
        return (self._first, self._second)
