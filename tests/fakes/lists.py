"""Trusted lists for tests."""

from __future__ import annotations

from conventions.errors import UpstreamUnavailable
from conventions.qualification import ListsState


class FakeLists:
    """Gives what it is told to; without a state it cannot be reached."""

    def __init__(self, state: ListsState | None) -> None:
        self.answer = state

    def refresh(self) -> ListsState:
        if self.answer is None:
            raise UpstreamUnavailable("away", code="lists.unavailable")
        return self.answer

    def state(self) -> ListsState:
        assert self.answer is not None
        return self.answer
