"""CPU of the processes of an embedded stack, by part, read from the kernel (Linux)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contreseing.embedded.supervision import Supervisor

TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Usage:
    """Seconds of CPU since the part's start, ended children included; resident memory now, in bytes."""

    cpu_seconds: float
    resident_bytes: int


@dataclass(frozen=True)
class _Process:
    parent: int
    cpu_seconds: float
    resident_bytes: int


def usage_by_part(supervisor: Supervisor) -> dict[str, Usage]:
    """Return the usage of every running part, its descendants included."""
    processes = _processes()
    found = {}
    for name in supervisor.used():
        top = supervisor.process_id(name)
        members = [process for number, process in processes.items() if top is not None and _descends(number, top, processes)]
        found[name] = Usage(sum(p.cpu_seconds for p in members), sum(p.resident_bytes for p in members))
    return found


def cpu_seconds_of_this_process() -> float:
    """Return the CPU of this process alone."""
    spent = os.times()
    return spent.user + spent.system


def _processes() -> dict[int, _Process]:
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            # proc(5): after the name in parentheses, state is field 3; utime, stime, cutime, cstime are 14 to 17, rss 24
            fields = (folder / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        ticks = sum(int(fields[index]) for index in (11, 12, 13, 14))
        found[int(folder.name)] = _Process(int(fields[1]), ticks / TICKS_A_SECOND, int(fields[21]) * os.sysconf("SC_PAGE_SIZE"))
    return found


def _descends(number: int, top: int, processes: Mapping[int, _Process]) -> bool:
    while number in processes and number != top:
        number = processes[number].parent
    return number == top
