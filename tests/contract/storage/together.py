"""Run the same work in several threads that start together."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

T = TypeVar("T")


def at_once(threads: int, work: Callable[[int], T]) -> list[T]:
    """Call ``work`` with 0, 1, … in as many threads, released at the same instant; return what each gave."""
    ready = Barrier(threads)

    def run(number: int) -> T:
        ready.wait(timeout=30)
        return work(number)

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, range(threads)))
