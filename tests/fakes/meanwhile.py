"""Somebody else acts in the middle of a step: what a second tab, worker or machine does between two of its calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Meanwhile:
    """A port during whose first call of ``method`` something else happens; the call itself is then carried out."""

    def __init__(self, port: Any, method: str, act: Callable[[], object]) -> None:  # noqa: ANN401 any port
        self._port, self._method = port, method
        self._acts = [act]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name == self._method and self._acts:
            self._acts.pop()()
        method: Callable[..., Any] = getattr(self._port, name)
        return method
