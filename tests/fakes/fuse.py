"""A process that dies at a chosen moment: at a call to the outside, before it or after, or around a commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock
from typing import Any

from conventions.ports.registry import Transaction
from conventions.ports.system import Ports

CALLING_OUT = ("working", "archive", "documents", "signing", "mailer", "activation")


class Killed(BaseException):
    """The process is gone."""


class Fuse:
    """Counts the moments at which a process can die; blows at the n-th and stays blown: the dead call no more."""

    def __init__(self, at: int) -> None:
        self.at, self.calls, self.blown = at, 0, False
        self._counting = Lock()  # several objects are put at once, by threads

    def tick(self) -> None:
        """Pass one moment.

        Raises:
            Killed: it is the one, or the process is dead already.
        """
        with self._counting:
            if not self.blown:
                self.calls += 1
                self.blown = self.calls == self.at
        if self.blown:
            raise Killed

    def tick_before_commit(self) -> None:
        """Pass the moment between a transaction's last word and its commit."""
        self.tick()


class Interlude(Fuse):
    """Somebody else acts at the n-th moment, once, and the process goes on; never inside a transaction, which shuts others out."""

    def __init__(self, at: int, act: Callable[[], object]) -> None:
        super().__init__(at)
        self._act = act

    def tick(self) -> None:
        with self._counting:
            self.calls += 1
            is_now = self.calls == self.at
        if is_now:
            self._act()

    def tick_before_commit(self) -> None:
        """Let the transaction commit."""


class Fused:
    """A port whose every method can be the one at which the process dies, before it acts or after."""

    def __init__(self, port: Any, fuse: Fuse) -> None:  # noqa: ANN401 any port
        self._port, self._fuse = port, fuse

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._port, name)

        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 any method
            self._fuse.tick()
            result = method(*args, **kwargs)
            self._fuse.tick()
            return result

        return call


class FusedRegistry:
    """A registry that can die before a transaction, inside it before the commit, or just after the commit."""

    def __init__(self, registry: Any, fuse: Fuse) -> None:  # noqa: ANN401 any registry
        self._registry, self._fuse = registry, fuse

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        self._fuse.tick()
        with self._registry.write() as tx:
            yield tx
            self._fuse.tick_before_commit()
        self._fuse.tick()

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        with self._registry.read() as tx:
            yield tx

    def sequence_events(self) -> int:
        """Sequence in one transaction, at either end of which the process can die."""
        self._fuse.tick()
        count: int = self._registry.sequence_events()
        self._fuse.tick()
        return count


def fused(ports: Ports, fuse: Fuse) -> Ports:
    """Give every port that calls out, and every commit, a fuse."""
    calling_out: dict[str, Any] = {name: Fused(getattr(ports, name), fuse) for name in CALLING_OUT}
    return replace(ports, registry=FusedRegistry(ports.registry, fuse), **calling_out)
