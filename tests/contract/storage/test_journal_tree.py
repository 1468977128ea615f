"""Roots, proofs, heads, verification and purge of the journal, on both databases; each tampering is really done and found."""

from __future__ import annotations

import dataclasses
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.engine import Engine

from conventions.canonical import sha256_hex
from conventions.errors import AlreadyRecorded, EvidenceBroken, NotFound
from conventions.journal.heads import JournalHead, render_segment, verify_segment
from conventions.journal.merkle import EMPTY_ROOT, Frontier, leaf_hash, root_of, verify_consistency, verify_inclusion
from conventions.journal.verification import JournalReport, Tampering, assess_journal, compare_with_segment
from storage.registry import SqlRegistry
from storage.registry.engine import open_engine
from tests.contract.storage.records import NOW, event

SIZES = (1, 2, 255, 256, 257, 511, 512, 600)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    opened = open_engine(database_url)
    yield opened
    opened.dispose()


def add_events(registry: SqlRegistry, count: int, first: int = 0) -> None:
    with registry.write() as tx:
        for number in range(first, first + count):
            tx.add_event(event(f"{number:05d}", "2026-0001", name=f"person {number}"))
    registry.sequence_events()


def canonical(registry: SqlRegistry) -> list[bytes]:
    with registry.read() as tx:
        return [leaf.canonical or b"" for leaf in tx.recorded_leaves()]


def head_of(registry: SqlRegistry, previous_size: int = 0) -> tuple[JournalHead, bytes]:
    segment = render_segment(canonical(registry)[previous_size:])
    with registry.read() as tx:
        size = tx.tree_size()
        return JournalHead(size, tx.tree_root(size).hex(), previous_size, NOW, sha256_hex(segment), {"one": "ab", "two": "cd"}), segment


def assess(registry: SqlRegistry) -> JournalReport:
    with registry.read() as tx:
        return assess_journal(tx.recorded_leaves(), tx.heads(), tx.hidden_events())


def tamper(engine: Engine, *statements: str) -> None:
    """Do what somebody with the database in hand would: lift every guard first."""
    if engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(engine.url.database or "", isolation_level=None)) as connection:  # foreign keys are off by default
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                connection.execute(statement)
        return
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement))


def test_roots_and_proofs_come_from_stored_subtrees(sql_registry: SqlRegistry) -> None:
    add_events(sql_registry, 300)
    add_events(sql_registry, 300, first=300)
    leaves = [leaf_hash(one) for one in canonical(sql_registry)]

    with sql_registry.read() as tx:
        assert (tx.tree_size(), tx.tree_root(0)) == (600, EMPTY_ROOT)
        roots = {size: tx.tree_root(size) for size in SIZES}
        assert roots == {size: root_of(leaves[:size]) for size in SIZES}
        for index in (0, 255, 256, 511, 599):
            verify_inclusion(leaves[index], index, 600, tx.inclusion_proof(index, 600), roots[600])
        for size in SIZES:
            verify_consistency(size, roots[size], 600, roots[600], tx.consistency_proof(size, 600))
        assert tx.index_of_event("event-00256") == 256


def test_proofs_do_not_need_the_stored_subtrees(sql_registry: SqlRegistry, engine: Engine) -> None:
    add_events(sql_registry, 520)
    with sql_registry.read() as tx:
        root = tx.tree_root(520)
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM tree_nodes"))

    with sql_registry.read() as tx:
        assert tx.tree_root(520) == root
    add_events(sql_registry, 1, first=520)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM tree_nodes")).scalar() == 2


def test_what_the_tree_never_was_cannot_be_proved(sql_registry: SqlRegistry) -> None:
    add_events(sql_registry, 3)

    with sql_registry.read() as tx:
        for ask in (
            lambda: tx.tree_root(4),
            lambda: tx.inclusion_proof(3, 3),
            lambda: tx.inclusion_proof(0, 4),
            lambda: tx.consistency_proof(0, 3),
            lambda: tx.consistency_proof(3, 2),
            lambda: tx.index_of_event("none"),
        ):
            with pytest.raises(NotFound):
                ask()


def test_heads_follow_one_another_and_segments_lead_to_them(sql_registry: SqlRegistry) -> None:
    add_events(sql_registry, 5)
    first, first_segment = head_of(sql_registry)
    add_events(sql_registry, 4, first=5)
    second, second_segment = head_of(sql_registry, 5)
    with sql_registry.write() as tx:
        tx.add_head(first)
        tx.add_head(second)
        for taken in (first, dataclasses.replace(second, size=10), dataclasses.replace(second, previous_size=7)):
            with pytest.raises(AlreadyRecorded):
                tx.add_head(taken)

    with sql_registry.read() as tx:
        assert tx.heads() == [first, second]
    frontier = verify_segment(first, first_segment, Frontier())
    assert verify_segment(second, second_segment, frontier).size == 9
    for head, segment, before in (
        (first, first_segment[:-1], Frontier()),
        (first, b"", Frontier()),
        (second, second_segment, Frontier()),
        (dataclasses.replace(second, root_sha256=first.root_sha256), second_segment, frontier),
    ):
        with pytest.raises(EvidenceBroken):
            verify_segment(head, segment, before)


def test_an_untouched_journal_holds(sql_registry: SqlRegistry) -> None:
    assert assess(sql_registry).root_sha256 == EMPTY_ROOT.hex()
    add_events(sql_registry, 30)
    head, segment = head_of(sql_registry)
    with sql_registry.write() as tx:
        tx.add_head(head)
    add_events(sql_registry, 7, first=30)
    with sql_registry.write() as tx:
        tx.add_event(event("waits for the sequencer"))

    report = assess(sql_registry)

    assert report.holds
    assert report.size == 37
    assert list(compare_with_segment(segment, 0, canonical(sql_registry)[:30])) == []


FORGED = {"sqlite": 'CAST(\'{"id":"event-00004"}\' AS BLOB)', "postgresql": "'\\x7b226964223a226576656e742d3030303034227d'"}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["UPDATE events SET canonical = FORGED WHERE id = 'event-00004'"], {(Tampering.CHANGED, 4, "event-00004")}),
        (["DELETE FROM leaves WHERE tree_index = 4"], {(Tampering.REMOVED, 4, None), (Tampering.NEVER_SEQUENCED, None, "event-00004")}),
        (["DELETE FROM events WHERE id = 'event-00004'"], {(Tampering.REMOVED, 4, None)}),
        (
            [
                "UPDATE leaves SET event_number = -1 WHERE tree_index = 4",
                "UPDATE leaves SET event_number = (SELECT number FROM events WHERE id = 'event-00004') WHERE tree_index = 6",
                "UPDATE leaves SET event_number = (SELECT number FROM events WHERE id = 'event-00006') WHERE tree_index = 4",
            ],
            {(Tampering.MOVED, 4, "event-00006"), (Tampering.MOVED, 6, "event-00004")},
        ),
        (["UPDATE events SET type = 'other' WHERE id = 'event-00004'"], {(Tampering.COLUMNS_DIFFER, 4, "event-00004")}),
        (["UPDATE events SET reference = NULL WHERE id = 'event-00004'"], {(Tampering.COLUMNS_DIFFER, 4, "event-00004")}),
        (
            ["UPDATE personal_fields SET value = 'somebody else' WHERE value = 'person 4'"],
            {(Tampering.PERSONAL_FIELD_DIFFERS, 4, "event-00004")},
        ),
        (["DELETE FROM unsequenced_events"], {(Tampering.NEVER_SEQUENCED, None, "event-late")}),
        (["UPDATE journal_heads SET root_sha256 = 'ab'"], {(Tampering.HEAD_DIFFERS, 10, None)}),
        (["UPDATE journal_heads SET size = 99"], {(Tampering.HEAD_DIFFERS, 99, None)}),
    ],
)
def test_tampering_is_found_and_named(
    sql_registry: SqlRegistry, engine: Engine, statements: list[str], expected: set[tuple[Tampering, int | None, str | None]]
) -> None:
    add_events(sql_registry, 10)
    head, _ = head_of(sql_registry)
    with sql_registry.write() as tx:
        tx.add_head(head)
        tx.add_event(event("late"))
    assert assess(sql_registry).holds

    forged = FORGED[engine.dialect.name]
    tamper(engine, *(statement.replace("FORGED", forged) for statement in statements))

    found = {(finding.tampering, finding.index, finding.event_id) for finding in assess(sql_registry).findings}
    assert expected <= found
    assert all(finding[0] is Tampering.HEAD_DIFFERS for finding in found - expected)


def test_a_history_rewritten_whole_is_found_by_its_head_and_named_by_its_segment(sql_registry: SqlRegistry, engine: Engine) -> None:
    add_events(sql_registry, 6)
    head, segment = head_of(sql_registry)
    kept = canonical(sql_registry)
    with sql_registry.write() as tx:
        tx.add_head(head)
    forged = kept[2].replace(b"agreement.drafted", b"agreement.declined")
    as_bytes = "X'%s'" if engine.dialect.name == "sqlite" else "'\\x%s'"
    tamper(
        engine,
        f"UPDATE events SET canonical = {as_bytes % forged.hex()}, type = 'agreement.declined' WHERE id = 'event-00002'",  # noqa: S608 forged on purpose
        f"UPDATE leaves SET leaf_sha256 = {as_bytes % leaf_hash(forged).hex()} WHERE tree_index = 2",  # noqa: S608
    )

    report = assess(sql_registry)

    assert [(f.tampering, f.index) for f in report.findings] == [(Tampering.HEAD_DIFFERS, 6)]
    named = list(compare_with_segment(segment, 0, canonical(sql_registry)))
    assert [(f.tampering, f.index, f.event_id) for f in named] == [(Tampering.CHANGED, 2, "event-00002")]


def test_personal_fields_are_purged_by_type_and_age(sql_registry: SqlRegistry) -> None:
    add_events(sql_registry, 3)
    with sql_registry.write() as tx:
        tx.add_event(dataclasses.replace(event("visit", name="Maëlle"), type="visit.begun"))
        tx.add_event(dataclasses.replace(event("fresh", name="Maëlle"), type="visit.begun", at=NOW + timedelta(days=1)))
    sql_registry.sequence_events()

    with sql_registry.write() as tx:
        assert tx.purge_personal(["visit.begun", "visit.other"], NOW + timedelta(seconds=1)) == 1

    with sql_registry.read() as tx:
        assert [len(entry.event.personal) for entry in tx.events()] == [1, 1, 1, 0, 1]
    assert assess(sql_registry).holds
