"""The worker: delivers what is due and puts the journal in order, within two seconds, whatever Prefect does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import FrameType

import structlog

from contreseing.logs import correlation
from conventions.errors import ContreseingError
from conventions.ports.system import Ports
from conventions.steps.deliver import deliver_due

BATCH = 8
"""Rows taken at once by one thread: small, so that a slow mail server holds few of them."""

PAUSE_SECONDS = 0.4
"""Rest when nothing was due; half a second and a delivery stay well under the promised two."""

PAUSE_AFTER_FAILURE_SECONDS = 2.0
DELIVERY_THREADS = 3
JUST_AFTER = timedelta(microseconds=1)

log = structlog.get_logger("contreseing.worker")


def run_worker(ports: Ports, stop: threading.Event, delivery_threads: int = DELIVERY_THREADS) -> None:
    """Work until ``stop`` is set; each thread finishes what it holds. Several workers at once share by leases.

    An error that is not ours is a fault of the program: it stops the worker and is raised, for a supervisor to see.
    """
    works: dict[str, Callable[[], int]] = {
        **{f"deliver-{rank}": lambda: _deliver(ports) for rank in range(1, delivery_threads + 1)},
        "sequence": ports.registry.sequence_events,
    }
    with ThreadPoolExecutor(len(works), "worker") as threads:
        for ended in [threads.submit(_repeat, name, work, ports, stop) for name, work in works.items()]:
            ended.result()


def _deliver(ports: Ports) -> int:
    """Look before taking: looking costs a read, taking a write, and most of the time nothing is due."""
    with ports.registry.read() as tx:
        is_something_due = tx.count_late(ports.clock.now() + JUST_AFTER) > 0
    return deliver_due(ports, BATCH) if is_something_due else 0


def stop_on_signals(stop: threading.Event) -> None:
    """Set ``stop`` on SIGINT and SIGTERM."""

    def ask(number: int, frame: FrameType | None) -> None:
        del frame
        log.info("worker.stopping", signal=signal.Signals(number).name)
        stop.set()

    signal.signal(signal.SIGINT, ask)
    signal.signal(signal.SIGTERM, ask)


def _repeat(name: str, work: Callable[[], int], ports: Ports, stop: threading.Event) -> None:
    try:
        _work_until(stop, name, work, ports)
    finally:
        stop.set()


def _work_until(stop: threading.Event, name: str, work: Callable[[], int], ports: Ports) -> None:
    while not stop.is_set():
        with correlation(ports.secrets.random_id(), work=name):
            try:
                count = work()
            except ContreseingError:
                log.exception("worker.failed")
                stop.wait(PAUSE_AFTER_FAILURE_SECONDS)
                continue
            if count:
                log.debug("worker.done", count=count)
            else:
                stop.wait(PAUSE_SECONDS)
