"""Bytes read lately, kept in memory under their digest: a document read part by part is fetched once, not at each page."""

from __future__ import annotations

import threading
from collections import OrderedDict

MOST_BYTES = 16_000_000
LARGEST_BYTES = 1_000_000
"""Of one entry: what is larger is seldom asked for again."""


class RecentBytes:
    """The last used stay; safe from several threads. What is named by its digest never changes, so nothing here grows old."""

    def __init__(self, most_bytes: int = MOST_BYTES, largest_bytes: int = LARGEST_BYTES) -> None:
        self._most_bytes, self._largest_bytes = most_bytes, largest_bytes
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._size_bytes = 0
        self._lock = threading.Lock()

    def get(self, sha256: str) -> bytes | None:
        """Return what is kept under a digest, or None."""
        with self._lock:
            found = self._kept.get(sha256)
            if found is not None:
                self._kept.move_to_end(sha256)
            return found

    def keep(self, sha256: str, data: bytes) -> None:
        """Keep bytes whose digest was compared; the longest unused make room."""
        if len(data) > self._largest_bytes:
            return
        with self._lock:
            if sha256 not in self._kept:
                self._kept[sha256] = data
                self._size_bytes += len(data)
            while self._size_bytes > self._most_bytes:
                _, dropped = self._kept.popitem(last=False)
                self._size_bytes -= len(dropped)
