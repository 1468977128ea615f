"""Clock, secrets and waker for tests."""

from __future__ import annotations

import hashlib
import hmac
import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from tests.fakes.registry import FakeRegistry, refuse_inside_transaction

START = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)


class FakeClock:
    """Stands still at ``current`` until it is set or advanced."""

    def __init__(self, current: datetime = START) -> None:
        self.current = current

    def now(self) -> datetime:
        return self.current

    def advance(self, step: timedelta) -> datetime:
        """Move the clock and return its new instant."""
        self.current += step
        return self.current


class FakeSecrets:
    """Real HMAC-SHA-256 under keys derived from a fixed one; identifiers, codes and tokens follow from a counter."""

    def __init__(self, master: bytes = b"master key of the tests") -> None:
        self._master = master
        self._numbers = itertools.count(1)

    def mac(self, purpose: str, message: bytes) -> bytes:
        key = hmac.digest(self._master, purpose.encode(), "sha256")
        return hmac.digest(key, message, "sha256")

    def random_id(self) -> str:
        return self._next("id")[:32]

    def random_code(self) -> str:
        return f"{int(self._next('code'), 16) % 1_000_000:06d}"

    def random_token(self) -> str:
        return self._next("token")[:43]

    def _next(self, purpose: str) -> str:
        return hashlib.sha256(self._master + f"{purpose} {next(self._numbers)}".encode()).hexdigest()


class FakeWaker:
    """Records what was asked for; unreachable when ``reachable`` is False."""

    def __init__(self, registry: FakeRegistry | None = None) -> None:
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.reachable = True
        self._registry = registry

    def wake(self, work: str, key: str, parameters: Mapping[str, str]) -> bool:
        refuse_inside_transaction(self._registry)
        if self.reachable:
            self.asked.append((work, key, dict(parameters)))
        return self.reachable


class FakeVerifier:
    """A program of one line."""

    def program(self) -> bytes:
        return b"print('VERIFIED.')\n"
