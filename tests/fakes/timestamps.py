"""Time-stamp authorities in memory: a token is a line that names its authority, instant and digest."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from conventions.canonical import sha256_hex
from conventions.errors import UpstreamUnavailable, VerificationFailed
from conventions.ports.journal import Stamp
from tests.fakes.registry import FakeRegistry, refuse_inside_transaction
from tests.fakes.system import FakeClock


class FakeTimestamps:
    """Two authorities. ``down`` makes the second refuse; ``stamps_made`` counts what would be billed."""

    def __init__(self, clock: FakeClock, registry: FakeRegistry | None = None) -> None:
        self.clock = clock
        self.down = False
        self.stamps_made = 0
        self._registry = registry

    def stamp(self, data: bytes) -> Sequence[Stamp]:
        refuse_inside_transaction(self._registry)
        if self.down:
            raise UpstreamUnavailable("time-stamp authority tsa-2 does not answer", service="tsa-2")
        now = self.clock.now()
        self.stamps_made += 2
        return [Stamp(name, f"{name} {now.isoformat()} {sha256_hex(data)}".encode(), now) for name in ("tsa-1", "tsa-2")]

    def verify(self, token: bytes, data: bytes) -> datetime:
        try:
            _, at, digest = token.decode().split()
        except ValueError as error:
            raise VerificationFailed("not a token", code="timestamp.unreadable") from error
        if digest != sha256_hex(data):
            raise VerificationFailed("the token is for another digest", code="timestamp.imprint")
        return datetime.fromisoformat(at)
