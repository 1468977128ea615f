"""A registry that goes away in the middle of things."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.fakes.registry import FakeRegistry, FakeTransaction


class FailingRegistry(FakeRegistry):
    """A registry whose database goes away after some writes, as when a process is killed between two of them."""

    writes_left: int | None = None

    @contextmanager
    def write(self) -> Iterator[FakeTransaction]:
        if self.writes_left is not None:
            self.writes_left -= 1
            self.down = self.writes_left < 0
        with super().write() as tx:
            yield tx
