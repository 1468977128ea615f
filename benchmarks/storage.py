"""``make bench-storage``: the archive, the journal, search and rebuilding, on embedded SeaweedFS, SQLite and PostgreSQL.

Wall time, but for what is said to be CPU. People and signatures are the tests' fakes: what is measured is storage alone.
"""

from __future__ import annotations

import argparse
import dataclasses
import gc
import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from sqlalchemy import insert

from benchmarks.bundle import bundle_measures
from contreseing.embedded.postgres import EmbeddedPostgres
from contreseing.embedded.seaweedfs import PORT_NAMES, Seaweedfs
from conventions.agreements import Agreement, Fact, FactKind
from conventions.events import Event
from conventions.kinds import Kind
from conventions.search import Wanted, search_row
from conventions.siret import fictitious_siret
from conventions.status import Status
from conventions.steps.archive import archive
from conventions.steps.check_archive import check_archive
from conventions.steps.countersign import countersign
from conventions.steps.keep_member_file import keep_member_file
from conventions.steps.rebuild import rebuild
from conventions.steps.stamp_journal import stamp_journal
from conventions.steps.verify_journal import verify_journal
from storage.archive import S3Archive
from storage.buckets import ensure_buckets
from storage.migrations import ensure_schema
from storage.object_store import S3WorkingStore
from storage.registry import SqlRegistry
from storage.registry.engine import open_engine
from storage.registry.tables import agreements as agreement_table
from storage.registry.tables import facts as fact_table
from storage.registry.tables import members as member_table
from storage.registry.tables import search_rows, search_statuses
from storage.s3_client import S3Settings
from tests.builders import example_member, example_programme
from tests.contract.storage.records import CAMPAIGN
from tests.contract.storage.servers import free_ports
from tests.fakes.world import World

NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
SEARCHES = 200
WHOLE_CAMPAIGN, GOAL_S = 1_300, 60
"""Archived on two cores: the goal in seconds."""
AT_ONCE = 4
"""As the flow of the archive takes them."""
WORLD = 100
ROWS_AT_ONCE = 2_000
FIRST = ("Bro", "Ker", "Plou", "Lan", "Tré", "Pen", "Île", "Saint-")
SECOND = ("zéliande", "gwenn", "émeraude", "ar Mor", "coat", "névez", "dour", "Brieuc", "Malo", "bihan")


@dataclasses.dataclass(frozen=True)
class Measure:
    """One figure: what, where, how much, and what it should be."""

    what: str
    where: str
    figure: str
    goal: str


def main() -> None:
    """Measure everything and print the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.storage")
    parser.add_argument("--agreements", type=int, default=40_000, help="how many the searches are made among")
    parser.add_argument("--events", type=int, default=50_000, help="how many the journal holds when it is verified")
    parser.add_argument("--folders", type=int, default=100, help="how many agreements are archived, checked and rebuilt")
    parser.add_argument("--archives", type=int, default=WHOLE_CAMPAIGN, help="how many are archived several at once, as the flows do")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres().running() as postgres:
        sqlite = iter(f"sqlite:///{Path(folder) / f'registry-{number}.sqlite'}" for number in itertools.count())
        server = (f"bench{number}" for number in itertools.count())
        databases: dict[str, Callable[[], str]] = {
            "SQLite": lambda: next(sqlite),
            "PostgreSQL": lambda: postgres.create_database(next(server)),
        }
        measures = [
            *_archive_measures(Path(folder), asked.folders, asked.archives, databases),
            *(Measure(*row) for row in bundle_measures()),
            *(one for name, make in databases.items() for one in _journal_measures(name, make(), asked.events)),
            *(one for name, make in databases.items() for one in _search_measures(name, make(), asked.agreements)),
        ]
    table = Table("Measure", "On", "Figure", "Goal")
    for one in measures:
        table.add_row(one.what, one.where, one.figure, one.goal)
    Console(width=120).print(table)


@contextmanager
def _registry(url: str) -> Iterator[SqlRegistry]:
    ensure_schema(url)
    registry = SqlRegistry(url)
    yield registry
    registry.close()


def _archive_measures(folder: Path, count: int, many: int, databases: dict[str, Callable[[], str]]) -> Iterator[Measure]:
    with Seaweedfs(folder / "s3", free_ports(PORT_NAMES), "access-key-of-bench", "secret-key-of-bench").running() as process:
        settings = S3Settings(process.server.url, process.server.access_key, process.server.secret_key)
        world, archived = _signed_world(settings, "", count), list[float]()
        for agreement in list(world.registry.state.agreements.values()):
            _countersign(world, agreement.reference)
            archived.append(_timed(lambda: archive(world.ports, agreement.reference)))  # noqa: B023 called at once
        yield Measure("sealed convention with its folder, one after another", "SeaweedFS", f"{_middle(archived):.0f} ms", "≤ 60 ms")
        stamping = _timed(lambda: stamp_journal(world.ports))
        yield Measure(f"head of {len(world.registry.state.indexes)} events (stamps faked)", "SeaweedFS", f"{stamping:.0f} ms", "")
        objects = len(world.ports.archive.keys(""))
        checking = _timed(lambda: check_archive(world.ports))
        yield Measure(f"check of {objects} objects", "SeaweedFS", f"{objects / checking * 1000:.0f} objects/s", "")
        for name, make in databases.items():
            with _registry(make()) as registry:
                lasted = _timed(lambda: rebuild(world.ports, registry))
            yield Measure("rebuild", f"SeaweedFS, {name}", f"{count / lasted * 1000:.0f} agreements/s", "≥ 50 agreements/s")
        if many:
            lasted = sum(_archived_together(settings, f"-{first}", min(WORLD, many - first)) for first in range(0, many, WORLD))
            goal = f"≤ {GOAL_S * many / WHOLE_CAMPAIGN:.0f} s"
            yield Measure(f"{many} sealed conventions, {AT_ONCE} at once, wall", "SeaweedFS", f"{lasted / 1000:.1f} s", goal)


def _signed_world(settings: S3Settings, suffix: str, count: int) -> World:
    """Make members who signed, in buckets of their own, and authorise their countersignatures."""
    ensure_buckets(settings, f"working{suffix}", f"archive{suffix}")
    world = World()
    world.ports = dataclasses.replace(
        world.ports,
        working=S3WorkingStore(settings, f"working{suffix}"),
        archive=S3Archive(settings, f"archive{suffix}", "GOVERNANCE"),
    )
    for rank in range(1, count + 1):
        keep_member_file(world.ports, world.member_signed(rank))
    world.authorise(*world.registry.state.agreements)
    return world


def _archived_together(settings: S3Settings, suffix: str, count: int) -> float:
    """Archive conventions several at once, as the flows do; return the milliseconds that it took.

    By so many, because the fake registry copies all that it knows for each transaction.
    """
    world = _signed_world(settings, suffix, count)
    references = list(world.registry.state.agreements)
    for reference in references:
        _countersign(world, reference)
    with ThreadPoolExecutor(AT_ONCE) as workers:
        return _timed(lambda: list(workers.map(lambda reference: archive(world.ports, reference), references)))


def _countersign(world: World, reference: str) -> None:
    authorised = world.agreement(reference).required_fact(FactKind.AUTHORISED)
    countersign(world.ports, authorised.text("authorisation_id"), (reference,))


def _journal_measures(name: str, url: str, count: int) -> Iterator[Measure]:
    with _registry(url) as registry:
        began = time.process_time()
        for start in range(0, count, ROWS_AT_ONCE):
            with registry.write() as tx:
                for number in range(start, min(count, start + ROWS_AT_ONCE)):
                    tx.add_event(Event(f"{number:032d}", "bench.happened", NOW, "2026-0001", {"n": number}, {"address": "192.0.2.1"}))
            registry.sequence_events()
        yield Measure(
            "journal: append and sequence, CPU of this process", name, f"{(time.process_time() - began) / count * 1000:.2f} ms", "≤ 1 ms"
        )
        world = World()
        ports = dataclasses.replace(world.ports, registry=registry)
        stamp_journal(ports)
        gc.freeze()  # as in the flows and the command
        lasted = _timed(lambda: verify_journal(ports))
        yield Measure(f"journal: verification of {count} events", name, f"{count / lasted * 1000:,.0f} events/s", "≥ 50,000 events/s")


def _search_measures(name: str, url: str, count: int) -> Iterator[Measure]:
    with _registry(url) as registry:
        _fill(registry, url, count)
        draw = random.Random(1)  # noqa: S311 the same searches each time
        kinds: dict[str, Callable[[], Wanted]] = {
            "one name": lambda: Wanted(text=f"{draw.choice(FIRST)}{draw.choice(SECOND)}"),
            "a SIRET": lambda: Wanted(text=fictitious_siret(draw.randint(1, count))),
            "words, status, amount, days": lambda: Wanted(
                text=draw.choice(SECOND), status=draw.choice(list(Status)), least_eur=5_000, signed_from=date(2026, 1, 1)
            ),
            "status alone": lambda: Wanted(status=draw.choice(list(Status))),
            "nothing found": lambda: Wanted(text="introuvable"),
            "what waits for an agent": lambda: Wanted(to_handle=True),
        }
        for told, wanted in kinds.items():
            times = []
            for _ in range(SEARCHES):
                one = wanted()
                with registry.read() as tx:
                    times.append(_timed(lambda: tx.find_agreements(one, NOW, limit=51)))  # noqa: B023 called at once
            p95 = statistics.quantiles(times, n=20)[-1]
            yield Measure(f"search among {count}: {told}, p95", name, f"{p95:.1f} ms (median {_middle(times):.1f})", "≤ 50 ms")
        counts = []
        for _ in range(SEARCHES):
            with registry.read() as tx:
                counts.append(_timed(lambda: (tx.count_statuses(NOW), tx.count_to_handle(NOW), tx.count_attentions())))
        p95 = statistics.quantiles(counts, n=20)[-1]
        yield Measure(
            f"first page of the office, counts among {count}, p95", name, f"{p95:.1f} ms (median {_middle(counts):.1f})", "≤ 50 ms"
        )


def _fill(registry: SqlRegistry, url: str, count: int) -> None:
    """Write as many agreements, half of them signed, past the steps: only what is searched matters."""
    draw = random.Random(2)  # noqa: S311 the same names each time
    with registry.write() as tx:
        tx.add_programme(example_programme())
        tx.add_campaign(CAMPAIGN)
    engine = open_engine(url)
    with engine.begin() as connection:
        for start in range(1, count + 1, ROWS_AT_ONCE):
            rows: dict[str, list[dict[str, object]]] = {name: [] for name in ("members", "agreements", "facts", "rows", "statuses")}
            for rank in range(start, min(count + 1, start + ROWS_AT_ONCE)):
                _add_rows(rows, rank, draw)
            for table, name in (
                (member_table, "members"),
                (agreement_table, "agreements"),
                (fact_table, "facts"),
                (search_rows, "rows"),
                (search_statuses, "statuses"),
            ):
                connection.execute(insert(table), rows[name])
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE")
    engine.dispose()


def _add_rows(rows: dict[str, list[dict[str, object]]], rank: int, draw: random.Random) -> None:
    siret = fictitious_siret(rank)
    name = f"{draw.choice(FIRST)}{draw.choice(SECOND)} {draw.choice(FIRST)}{draw.choice(SECOND)} {rank}"
    member = dataclasses.replace(example_member(), id=siret, siret=siret, name=name, contribution_eur=draw.randrange(0, 50_000, 250))
    at = NOW - timedelta(days=draw.randint(1, 300))
    made = [
        Fact(FactKind.DRAFTED, at, 1, {"programme_ends_on": "2030-12-31"}),
        Fact(FactKind.PREPARED, at, 1),
        Fact(FactKind.INVITED, at, 1, {"link_id": siret, "deadline": (at + timedelta(days=draw.randint(30, 600))).isoformat()}),
    ]
    if draw.random() < 0.5:  # noqa: PLR2004 half of them
        made.append(Fact(FactKind.MEMBER_SIGNED, at + timedelta(days=5), 1))
    reference = f"2026-{rank:05d}"
    agreement = Agreement(reference, Kind.CONVENTION, example_programme().id, siret, CAMPAIGN.id, tuple(made))
    row = search_row(agreement, member)
    rows["members"].append({"id": siret, "siret": siret, "document": member})
    rows["agreements"].append(
        {
            "reference": reference,
            "kind": "convention",
            "programme_id": agreement.programme_id,
            "member_id": siret,
            "campaign_id": CAMPAIGN.id,
        }
    )
    rows["facts"] += [
        {"reference": reference, "version": 1, "key": fact.key, "kind": fact.kind.value, "at": fact.at, "data": fact.data} for fact in made
    ]
    columns = {"text": row.text, "kind": "convention", "campaign_id": CAMPAIGN.id, "contribution_eur": row.contribution_eur}
    rows["rows"].append({"reference": reference, **columns, "services": "  ", "signed_at": row.signed_at})
    rows["statuses"] += [
        {"reference": reference, "from_at": p.from_at, "until_at": p.until_at, "status": p.status.value} for p in row.periods
    ]


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000


def _middle(times: list[float]) -> float:
    return statistics.median(times)


if __name__ == "__main__":
    main()
