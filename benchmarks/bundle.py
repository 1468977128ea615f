"""What a proof bundle costs, wall time, with everything real: SeaweedFS, the embedded PKI and its two authorities, SQLite.

``python -m benchmarks.bundle``; ``bundle_measures`` is what ``make bench-storage`` prints of it.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from contreseing.embedded.parts import MAIL, PKI, RECEIVER, S3
from contreseing.embedded.stack import Stack
from contreseing.stores import prepare_stores
from contreseing.wiring import close_ports
from conventions.steps.activate import activate
from conventions.steps.archive import archive
from conventions.steps.bundle import bundle
from conventions.steps.countersign import countersign
from conventions.steps.keep_trail import keep_trail
from conventions.steps.resume import resume
from storage.proof import verify
from tests.integration.steps.ground import Ground
from tests.integration.steps.town import Town

AGREEMENTS = 5
WHERE = "SeaweedFS, SQLite, PKI"
Row = tuple[str, str, str, str]
"""What, where, the figure, what it should be."""


def bundle_measures(agreements: int = AGREEMENTS) -> Iterator[Row]:
    """Take some agreements to their end, then time what makes their proof."""
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder) / "demo") as stack:
        stack.start((S3, PKI, MAIL, RECEIVER))
        addresses, data_dir = stack.workspace.addresses, Path(folder) / "data"
        tokens = {f"pki_{name}_token_file": str(stack.workspace.pki / f"{name}.token") for name in ("portal", "flows", "desk", "proofs")}
        overrides = {"data_dir": str(data_dir), "database_url": f"sqlite:///{data_dir / 'registry.sqlite'}", **tokens}
        ground = Ground(stack.workspace.settings_file, addresses.url("mailbox"), addresses.url("receiver"), overrides)
        prepare_stores(ground.settings())
        town = Town(ground.ports(), ground)
        try:
            references = _finished(town, agreements)
            trail = [_timed(lambda: keep_trail(town.ports, reference)) for reference in references]  # noqa: B023 called at once
            first = [_timed(lambda: bundle(town.ports, reference, "bench")) for reference in references]  # noqa: B023 called at once
            before = time.process_time()
            again = [_timed(lambda: bundle(town.ports, reference, "bench")) for reference in references]  # noqa: B023 called at once
            cpu_ms = (time.process_time() - before) * 1_000 / len(references)
            size_bytes = len(bundle(town.ports, references[0], "bench").data)
        finally:
            close_ports(town.ports)
    yield "mails, orders, record and evidence file under lock", WHERE, f"{statistics.median(trail):.0f} ms", ""
    yield f"bundle of {size_bytes / 1e6:.1f} MB, sealed for the first time", WHERE, f"{statistics.median(first[1:]):.0f} ms", "≤ 300 ms"
    yield "the same bundle again", WHERE, f"{statistics.median(again):.0f} ms", "≤ 300 ms"
    yield "the same bundle again, CPU of this process", WHERE, f"{cpu_ms:.0f} ms", ""
    yield "lines of verify.py", "", str(len(Path(verify.__file__).read_text(encoding="utf-8").splitlines())), "< 400"


def _finished(town: Town, count: int) -> list[str]:
    town.open(slice(10, 10 + count))
    references = town.drafted()
    resume(town.ports)
    town.deliver()
    for reference in references:
        town.sign(reference)
    countersign(town.ports, town.authorise(*references).id)
    for reference in references:
        archive(town.ports, reference)
        activate(town.ports, reference)
    town.deliver()
    return references


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1_000


if __name__ == "__main__":
    for row in bundle_measures():
        print(*row, sep=" | ")
