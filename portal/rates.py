"""A limit on how often one address may ask for something that costs: in memory, of one process, bounded."""

from __future__ import annotations

from collections import OrderedDict, deque
from datetime import datetime, timedelta
from threading import Lock


class RateLimit:
    """Admits ``most`` requests of one key in any ``within``; forgets the keys that asked the longest ago beyond ``keys_at_most``."""

    def __init__(self, most: int, within: timedelta, keys_at_most: int = 10_000) -> None:
        self._most, self._within, self._keys_at_most = most, within, keys_at_most
        self._asked: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._lock = Lock()

    def admits(self, key: str, now: datetime) -> bool:
        """Count one request of a key, unless it asked too often already."""
        with self._lock:
            times = self._asked.setdefault(key, deque())
            self._asked.move_to_end(key)
            while times and now - times[0] >= self._within:
                times.popleft()
            if len(self._asked) > self._keys_at_most:
                self._asked.popitem(last=False)
            if len(times) >= self._most:
                return False
            times.append(now)
            return True
