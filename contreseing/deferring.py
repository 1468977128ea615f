"""Ports that are built when first used, and then once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

Port = TypeVar("Port")


class _Deferred(Generic[Port]):
    def __init__(self, build: Callable[[], Port]) -> None:
        self._build = build
        self._lock = threading.Lock()
        self._port: Port | None = None

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 whatever the port has under that name
        return getattr(self._built(), name)

    def _built(self) -> Port:
        if self._port is None:
            with self._lock:
                if self._port is None:
                    self._port = self._build()
        return self._port


def deferred(build: Callable[[], Port]) -> Port:
    """Return a port that ``build`` makes when one of its methods is first asked for."""
    return cast("Port", _Deferred(build))


def build_now(port: object) -> None:
    """Build a deferred port at once; another one is left as it is."""
    if isinstance(port, _Deferred):
        port._built()  # noqa: SLF001 its own module


def is_built(port: object) -> bool:
    """Tell whether a port stands: a deferred one that nobody used yet does not, and needs no closing."""
    return not isinstance(port, _Deferred) or port._port is not None  # noqa: SLF001 its own module
