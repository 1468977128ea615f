"""The whole pipeline's CPU per convention, all processes, stage by stage and part by part, on the demonstration's 64.

The demonstration's own process (the people at their browsers) is measured apart: it is no part of the product. Page pictures
are measured apart too: the difference between a run whose people look at the pages and one whose people do not.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.processes import MEGABYTE, Usage, cpu_seconds_of_this_process, usage_by_part
from contreseing.demonstration.outputs import StageTime
from contreseing.demonstration.scenario import Scenario
from contreseing.embedded.stack import Stack
from contreseing.wiring import build_ports, close_ports

GOAL_MS = 300.0
IDLE_SECONDS = 5.0
CONVENTIONS = 64
PEOPLE = "(people)"


class Meter:
    """Reads the counters at the end of each stage."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._before: dict[str, float] = {}
        self.spent: dict[str, dict[str, float]] = defaultdict(dict)
        self.usage: dict[str, Usage] = {}

    def begin(self, stage: str, total: int | None) -> None:
        """Note where the counters stand."""
        del stage, total
        self._before = self._read()

    def advance(self, done: int) -> None:
        """Nothing is printed while measuring."""

    def end(self, stage: StageTime) -> None:
        """Keep what the stage spent."""
        now = self._read()
        self.spent[stage.name] = {name: now[name] - self._before.get(name, 0.0) for name in now}

    def idle_ms_a_second(self) -> dict[str, float]:
        """Measure what each part spends while nothing happens."""
        before = self._read()
        time.sleep(IDLE_SECONDS)
        now = self._read()
        return {name: (now[name] - before[name]) * 1000 / IDLE_SECONDS for name in now if name != PEOPLE}

    def _read(self) -> dict[str, float]:
        self.usage = usage_by_part(self._stack.supervisor)
        return {PEOPLE: cpu_seconds_of_this_process(), **{name: usage.cpu_seconds for name, usage in self.usage.items()}}


def measure(folder: Path, console: Console, *, is_looking: bool) -> Meter:
    """Run the demonstration once and print what was measured, even when it does not come to its end."""
    with Stack(folder) as stack:
        stack.start_afresh()
        stack.start()
        meter = Meter(stack)
        startup = {name: usage.cpu_seconds for name, usage in usage_by_part(stack.supervisor).items()}
        idle = meter.idle_ms_a_second()
        ports = build_ports(stack.settings)
        scenario = Scenario(stack, ports, meter, is_looking=is_looking)
        try:
            scenario.run()
        finally:
            close_ports(ports)
            _print(console, meter, scenario.stages, startup, idle)
        return meter


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="CPU per convention, all processes.")
    parser.add_argument("--pictures", action="store_true", help="measure page pictures too (a second run)")
    asked = parser.parse_args()
    console = Console(width=150)
    with tempfile.TemporaryDirectory(prefix="contreseing-bench-") as folder:
        meter = measure(Path(folder), console, is_looking=False)
    if asked.pictures:
        with tempfile.TemporaryDirectory(prefix="contreseing-bench-") as folder:
            looking = measure(Path(folder), console, is_looking=True)
        difference = (_portal_seconds(looking) - _portal_seconds(meter)) * 1000 / (CONVENTIONS - 1)
        console.print(f"Page pictures: {difference:.0f} ms of the portal's CPU per convention")


def _portal_seconds(meter: Meter) -> float:
    return sum(spent.get("portal", 0.0) for spent in meter.spent.values())


def _print(console: Console, meter: Meter, stages: list[StageTime], startup: dict[str, float], idle: dict[str, float]) -> None:
    parts = list(meter.usage)
    table = Table("Stage", "Wall s", *parts, "all parts", PEOPLE, title=f"CPU per convention, ms ({CONVENTIONS} conventions)")
    total: dict[str, float] = defaultdict(float)
    for stage in stages:
        spent = meter.spent[stage.name]
        row = {name: spent.get(name, 0.0) * 1000 / CONVENTIONS for name in [*parts, PEOPLE]}
        for name, value in row.items():
            total[name] += value
        product = sum(row[name] for name in parts)
        table.add_row(stage.name, f"{stage.seconds:.1f}", *(f"{row[name]:.0f}" for name in parts), f"{product:.0f}", f"{row[PEOPLE]:.0f}")
    table.add_section()
    whole = sum(total[name] for name in parts)
    wall = sum(stage.seconds for stage in stages)
    table.add_row("all", f"{wall:.1f}", *(f"{total[name]:.0f}" for name in parts), f"{whole:.0f}", f"{total[PEOPLE]:.0f}")
    table.add_row("start-up, s of CPU", "", *(f"{startup.get(name, 0):.1f}" for name in parts), f"{sum(startup.values()):.1f}", "")
    table.add_row("idle, ms a second", "", *(f"{idle.get(name, 0):.0f}" for name in parts), f"{sum(idle.values()):.0f}", "")
    memory = [meter.usage[name].resident_bytes / MEGABYTE for name in parts]
    table.add_row("memory, MB", "", *(f"{value:.0f}" for value in memory), f"{sum(memory):.0f}", "")
    console.print(table)
    verdict = "reached" if whole <= GOAL_MS else "not reached"
    console.print(
        f"The pipeline takes {whole:.0f} ms of CPU per convention, page pictures apart; the goal of {GOAL_MS:.0f} ms is {verdict}."
    )
