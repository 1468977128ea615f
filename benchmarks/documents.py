"""CPU of a convention: prepared file, twin, other engines on the same content, first one, memory over thousands, two processes.

``python -m benchmarks.documents [--documents N]``; WeasyPrint and Typst are measured where they are importable. Figures are
process CPU, taken in turns in one run, on conventions that all differ (member, seat, people, reference).
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.document_peers import Engine, peers
from conventions.people import Civility, Person
from conventions.terms import Terms
from documents.adapter import ReportlabDocuments
from documents.agreements import title_of, values_of
from documents.composition import compose
from documents.wording_files import WordingFiles
from documents.wording_templates import Wording
from tests.builders import example_member, example_recapitulation, example_terms

GOAL_MS = 20.0
GOAL_FIRST_MS = 400.0
GOAL_GROWTH_MB = 20.0
GOALS_OVER_PEERS = {"plain platypus": 2.0, "Typst": 4.0}
ROUNDS = 5
DOCUMENTS_A_ROUND = 40
PEER_DOCUMENTS_A_ROUND = 3
MEMORY_DOCUMENTS = 5_000
WARM_DOCUMENTS = 500
MEGABYTE = 1_000_000
FIRST = (
    "import time; from documents.adapter import ReportlabDocuments; from tests.builders import example_terms;"
    "ReportlabDocuments().render_agreement(example_terms()); print(time.process_time())"
)
RATE = "import sys; from benchmarks.documents import rate; print(rate(int(sys.argv[1])))"
BARE = "import time; from tests.builders import example_terms; print(time.process_time())"

_BASE = example_terms()
_RECAPITULATION = example_recapitulation(example_member())


def terms(rank: int) -> Terms:
    """Return the convention of the member of that rank, like no other; the year's recapitulation is the same for all."""
    person = Person(Civility.MADAME, "Maëlle", f"Le Goff-Exemple {rank}", "Présidente")
    member = example_member(name=f"Communauté de communes fictive n° {rank}", seat=f"{rank} rue de l'Océan", representative=person)
    return dataclasses.replace(_BASE, reference=f"2026-{rank:05d}", member=member, recapitulation=_RECAPITULATION)


def rate(count: int) -> float:
    """Return how many conventions a second of wall time one process renders once warm."""
    documents = ReportlabDocuments()
    for rank in range(20):
        documents.render_agreement(terms(rank))
    begun = time.monotonic()
    for rank in range(count):
        documents.render_agreement(terms(1_000 + rank))
    return count / (time.monotonic() - begun)


def cpu_ms(run: Callable[[Terms], object], first: int, count: int) -> float:
    """Return the CPU of one call, in milliseconds, over conventions not seen before."""
    given = [terms(rank) for rank in range(first, first + count)]
    gc.collect()
    begun = time.process_time()
    for one in given:
        run(one)
    return (time.process_time() - begun) * 1000 / count


def resident_bytes() -> int:
    """Return this process's resident memory (Linux)."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def measure_engines() -> Mapping[str, float]:
    """Return the median CPU per convention, by engine, measured in turns."""
    documents, wording = ReportlabDocuments(), WordingFiles().wording("convention/2026-1")
    runs: dict[str, tuple[Callable[[Terms], object], int]] = {
        "prepared file": (documents.render_agreement, DOCUMENTS_A_ROUND),
        "twin": (documents.render_twin, DOCUMENTS_A_ROUND),
    }
    for name, engine in peers().items():
        runs[name] = (_of_terms(engine, wording), PEER_DOCUMENTS_A_ROUND)
    found: dict[str, list[float]] = {name: [] for name in runs}
    first = 0
    for round_ in range(ROUNDS + 1):
        for name, (run, count) in runs.items():
            spent = cpu_ms(run, first, count)
            first += count
            if round_:
                found[name].append(spent)
    return {name: statistics.median(spent) for name, spent in found.items()}


def _of_terms(engine: Engine, wording: Wording) -> Callable[[Terms], object]:
    return lambda one: engine(compose(wording, title_of(one), values_of(one)))


def measure_first() -> float:
    """Return the CPU, in milliseconds, that imports and the first convention add to a process: the least of three."""
    spent = {program: min(float(_output(program)) for _ in range(3)) for program in (FIRST, BARE)}
    return (spent[FIRST] - spent[BARE]) * 1000


def measure_growth(count: int) -> tuple[float, float]:
    """Return the resident memory after the first conventions and after all, in megabytes."""
    documents = ReportlabDocuments()
    for rank in range(WARM_DOCUMENTS):
        documents.render_agreement(terms(100_000 + rank))
    warm = resident_bytes()
    for rank in range(WARM_DOCUMENTS, count):
        documents.render_agreement(terms(100_000 + rank))
    return warm / MEGABYTE, resident_bytes() / MEGABYTE


def measure_processes(count: int = 150) -> tuple[float, float]:
    """Return the conventions a second of one process alone, then of two side by side."""
    alone = float(_output(RATE, str(count)))
    both = [subprocess.Popen([sys.executable, "-c", RATE, str(count)], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    return alone, sum(float(process.communicate()[0]) for process in both)


def _output(program: str, *arguments: str) -> str:
    return subprocess.run([sys.executable, "-c", program, *arguments], check=True, capture_output=True, text=True).stdout


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=MEMORY_DOCUMENTS, help="conventions rendered for the measure of memory")
    count = parser.parse_args().documents
    rendered = ReportlabDocuments().render_agreement(terms(0))
    out = Console()
    out.print(
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}; convention of {rendered.page_count} pages, "
        f"{len(_RECAPITULATION)} members in its table, {len(rendered.data):,} bytes"
    )
    engines = measure_engines()
    ours = engines["prepared file"]
    table = Table("Engine", "CPU ms", "Ours is faster by", "Goal")
    for name, spent in engines.items():
        goal = f"≤ {GOAL_MS:g} ms" if name == "prepared file" else f"≥ {GOALS_OVER_PEERS[name]:g} x" if name in GOALS_OVER_PEERS else ""
        table.add_row(name, f"{spent:.1f}", "" if name in {"prepared file", "twin"} else f"{spent / ours:.1f} x", goal)
    out.print(table)
    out.print(f"First document of a process, imports included: {measure_first():.0f} ms of CPU (goal: at most {GOAL_FIRST_MS:g})")
    alone, both = measure_processes()
    out.print(f"One process {alone:.0f} a second, two {both:.0f}: {both / alone:.2f} x")
    warm, last = measure_growth(count)
    out.print(
        f"Memory {warm:.0f} MB after {WARM_DOCUMENTS}, {last:.0f} MB after {count}: {last - warm:+.1f} MB (goal: under {GOAL_GROWTH_MB:g})"
    )


if __name__ == "__main__":
    main()
