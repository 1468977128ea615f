"""Runs of flows as forks of a process that has read the code already, in place of new interpreters.

Prefect's runner starts each run by ``multiprocessing``'s ``spawn``: a new interpreter that reads Prefect and our rooms for some
4 s before the first line of a flow. The fork server of the standard library does that once (``flows.preloaded``), and has a
single thread and no connection when it forks. A run is a process of its own all the same, ended by the same signals.
"""

from __future__ import annotations

import copyreg
import multiprocessing
from collections.abc import Callable
from importlib import import_module
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from typing import Any

from prefect import Flow, flow_engine

SPAWN, FORK_SERVER = "spawn", "forkserver"
PRELOADED = "flows.preloaded"


class _Multiprocessing:
    """The module as Prefect's engine asks it: its ``spawn`` is the fork server; everything else is the module's own."""

    def get_context(self, method: str | None = None) -> BaseContext:
        return multiprocessing.get_context(FORK_SERVER if method == SPAWN else method)

    def __getattr__(self, name: str) -> object:
        return getattr(multiprocessing, name)


def fork_runs() -> None:
    """Have this process's runner fork its runs, where the system can (Linux, macOS); the fork server begins to read at once."""
    copyreg.pickle(Flow, _by_name)
    if FORK_SERVER in multiprocessing.get_all_start_methods():
        multiprocessing.set_forkserver_preload([PRELOADED])
        vars(flow_engine)["multiprocessing"] = _Multiprocessing()
        forkserver.ensure_running()


def _by_name(flow: Flow[..., Any]) -> tuple[Callable[[str, str], Flow[..., Any]], tuple[str, str]]:
    """Send a flow to its run by its name: by value its function would go without what its module has, the types of its parameters too."""
    return _named, (flow.fn.__module__, flow.fn.__name__)


def _named(module: str, name: str) -> Flow[..., Any]:
    found: Flow[..., Any] = getattr(import_module(module), name)
    return found
