"""What only a real database can show: cut connections, killed processes, triggers, the schema, the number of queries."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import event, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError

from contreseing.embedded.postgres import EmbeddedPostgres
from conventions.errors import ConfigurationError, InputRefused, UpstreamUnavailable
from conventions.siret import fictitious_siret
from storage.migrations import ensure_schema, verify_schema
from storage.registry import SqlRegistry
from storage.registry.engine import open_engine
from storage.registry.tables import metadata
from tests.builders import example_member
from tests.contract.storage import records
from tests.contract.storage.records import NOW, agreement, fact, seed, seed_agreement
from tests.contract.storage.together import at_once

ROOT = Path(__file__).resolve().parents[3]

KILLED_IN_A_TRANSACTION = """
import os, signal, sys
from storage.registry import SqlRegistry
from tests.contract.storage.records import event, seed_agreement
with SqlRegistry(sys.argv[1]).write() as tx:
    seed_agreement(tx)
    tx.add_event(event("one"))
    os.kill(os.getpid(), signal.SIGKILL)
"""


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    engine = open_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def test_a_process_killed_in_a_transaction_leaves_nothing(database_url: str, sql_registry: SqlRegistry) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED_IN_A_TRANSACTION, database_url], cwd=ROOT, check=False)

    assert killed.returncode == -9
    with sql_registry.write() as tx:
        assert (tx.members(), tx.agreements(), tx.events()) == ([], [], [])
        seed_agreement(tx)


def test_a_cut_connection_loses_the_transaction_and_nothing_else(postgres: EmbeddedPostgres, postgres_url: str) -> None:
    registry = SqlRegistry(postgres_url)
    with registry.write() as tx:
        reference = seed_agreement(tx)

    with pytest.raises(UpstreamUnavailable), registry.write() as tx:  # noqa: PT012 what was recorded before the cut is the test
        tx.add_fact(reference, fact())
        with psycopg.connect(postgres.url("postgres").replace("+psycopg", ""), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'registry'")
        tx.agreement(reference)

    with registry.read() as tx:
        assert tx.agreement(reference).facts == ()
    registry.close()


def test_a_stopped_database_is_unavailable_and_comes_back(postgres: EmbeddedPostgres, postgres_url: str) -> None:
    registry = SqlRegistry(postgres_url)
    with registry.write() as tx:
        reference = seed_agreement(tx)
    postgres.stop()
    try:
        for open_transaction in (registry.read, registry.write):
            with pytest.raises(UpstreamUnavailable), open_transaction():
                pass
    finally:
        postgres.start()
    with registry.read() as tx:
        assert tx.agreement(reference).reference == reference
    registry.close()


def test_a_database_locked_by_another_process_or_thread_is_unavailable(sqlite_url: str) -> None:
    one, other = SqlRegistry(sqlite_url, wait_for_lock_s=0.2), SqlRegistry(sqlite_url, wait_for_lock_s=0.2)
    with one.write() as tx:
        seed(tx)

        def write(number: int) -> None:
            with pytest.raises(UpstreamUnavailable), (one, other)[number].write():
                pass

        at_once(2, write)
    one.close()
    other.close()


REPLACED_EVENT = "INSERT OR REPLACE INTO events (number, id, type, at, canonical) VALUES (1, 'event-a', 't', '2026-01-01T00:00:00Z', '')"
CHANGES = {
    "sqlite": (
        "UPDATE events SET canonical = ''",
        "DELETE FROM events",
        "UPDATE leaves SET leaf_sha256 = ''",
        "DELETE FROM leaves WHERE tree_index = 1",
        "INSERT OR REPLACE INTO leaves (tree_index, event_number, leaf_sha256) VALUES (0, 1, '')",
    ),
    "postgresql": (
        "UPDATE events SET canonical = ''",
        "DELETE FROM events",
        "TRUNCATE events CASCADE",
        "UPDATE leaves SET leaf_sha256 = ''",
        "DELETE FROM leaves WHERE tree_index = 1",
        "TRUNCATE leaves",
        "INSERT INTO events SELECT * FROM events ON CONFLICT (id) DO UPDATE SET canonical = ''",
        "INSERT INTO leaves SELECT * FROM leaves ON CONFLICT (tree_index) DO UPDATE SET leaf_sha256 = ''",
    ),
}


def test_the_journal_refuses_every_change(database_url: str, sql_registry: SqlRegistry) -> None:
    with sql_registry.write() as tx:
        for name in ("a", "b"):
            tx.add_event(records.event(name))
    sql_registry.sequence_events()

    with opened(database_url) as engine:
        for statement in CHANGES[engine.dialect.name]:
            with pytest.raises(DBAPIError, match=r"append-only|follows the last one"), engine.begin() as connection:
                connection.execute(text(statement))
        if engine.dialect.name == "sqlite":
            with engine.begin() as connection:
                connection.execute(text(REPLACED_EVENT))  # passed over: the event stands already

    with sql_registry.read() as tx:
        assert [(entry.event.id, entry.index) for entry in tx.events()] == [("event-a", 0), ("event-b", 1)]


def test_a_leaf_can_only_follow_the_last_one(database_url: str, sql_registry: SqlRegistry) -> None:
    with sql_registry.write() as tx:
        tx.add_event(records.event("a"))

    with opened(database_url) as engine, pytest.raises(DBAPIError, match="follows the last one"), engine.begin() as connection:
        connection.execute(text("INSERT INTO leaves (tree_index, event_number, leaf_sha256) SELECT 5, number, canonical FROM events"))


def test_personal_fields_can_be_purged_without_touching_the_tree(database_url: str, sql_registry: SqlRegistry) -> None:
    with sql_registry.write() as tx:
        tx.add_event(records.event("a", name="Maëlle"))
    sql_registry.sequence_events()
    with sql_registry.read() as tx:
        (before,) = tx.events()

    with opened(database_url) as engine, engine.begin() as connection:
        connection.execute(text("DELETE FROM personal_fields"))

    with sql_registry.read() as tx:
        (after,) = tx.events()
    assert before.event.personal == {"name": "Maëlle"}
    assert after == dataclasses.replace(before, event=dataclasses.replace(before.event, personal={}))


def test_listing_agreements_takes_three_queries_however_many_they_are(sql_registry: SqlRegistry) -> None:
    with sql_registry.write() as tx:
        for number, member_id in enumerate(seed(tx, members=30), 1):
            tx.add_agreement(dataclasses.replace(agreement(f"2026-{number:04d}", member_id), facts=(fact(),)))
    statements: list[str] = []
    event.listen(sql_registry._engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    with sql_registry.read() as tx:
        assert len(tx.agreements(campaign_id="c-1")) == 30

    assert len([statement for statement in statements if "SELECT" in statement]) == 3


def test_text_that_a_database_cannot_hold_is_refused(sql_registry: SqlRegistry) -> None:
    with pytest.raises((InputRefused, ValueError)), sql_registry.write() as tx:
        tx.add_member(example_member(id="lone \ud800 surrogate"))
    with pytest.raises((InputRefused, ValueError)), sql_registry.write() as tx:
        tx.add_fact(seed_agreement(tx), fact(reason="lone \ud800 surrogate"))
    with sql_registry.write() as tx:
        tx.add_member(example_member(name="nul \x00 inside", siret=fictitious_siret(3)))
        assert tx.members()[0].name == "nul \x00 inside"


def test_a_nul_in_a_plain_column_is_refused_by_postgresql(postgres_url: str) -> None:
    registry = SqlRegistry(postgres_url)
    with pytest.raises(InputRefused), registry.write() as tx:
        tx.claim("nul \x00", "one", NOW, NOW)
    registry.close()


def test_the_revisions_build_exactly_the_tables(database_url: str) -> None:
    with opened(database_url) as engine, engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_the_schema_may_be_ensured_by_many_at_once(tmp_path: Path, postgres: EmbeddedPostgres) -> None:
    for url in (f"sqlite:///{tmp_path / 'new.db'}", postgres.create_database("new")):
        with pytest.raises(ConfigurationError, match="absent"):
            verify_schema(url)
        at_once(4, lambda _number, url=url: ensure_schema(url))  # type: ignore[misc]
        ensure_schema(url)
        verify_schema(url)
    postgres.drop_database("new")


def test_a_database_of_a_later_version_is_refused(database_url: str) -> None:
    with opened(database_url) as engine, engine.begin() as connection:
        (found,) = connection.execute(text("SELECT version_num FROM alembic_version")).one()
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    try:
        with pytest.raises(ConfigurationError, match="later"):
            ensure_schema(database_url)
        with pytest.raises(ConfigurationError):
            verify_schema(database_url)
    finally:
        with opened(database_url) as engine, engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :found"), {"found": found})


@pytest.mark.parametrize("url", ["", "sqlite://", "sqlite:///:memory:", "mysql://host/db", "not an address"])
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        SqlRegistry(url)


def test_an_unreachable_database_is_unavailable(tmp_path: Path) -> None:
    for url in (f"sqlite:///{tmp_path / 'none' / 'x.db'}", "postgresql://nobody@127.0.0.1:1/none"):
        with pytest.raises(UpstreamUnavailable):
            ensure_schema(url)
        with pytest.raises(UpstreamUnavailable), SqlRegistry(url).read():
            pass
