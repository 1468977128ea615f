"""A whole registry moves between SQLite and PostgreSQL, and a move that was cut goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from contreseing.embedded.postgres import EmbeddedPostgres
from conventions.agreements import Artefact, FactKind, Failure, Stage
from conventions.attentions import Attention, AttentionKind
from conventions.canonical import sha256_hex
from conventions.ceremonies import Authorisation, HowShown, Mark, ModelRead, Review
from conventions.errors import EvidenceBroken
from conventions.journal.verification import assess_journal
from conventions.kinds import Kind
from conventions.ports.registry import ArchiveEntry, ShownState
from conventions.signatures import SealedManifest
from storage.migrations import ensure_schema
from storage.registry import SqlRegistry
from storage.registry.engine import open_engine
from storage.registry.moving import compare_registries, copy_registry
from tests.contract.storage.records import LATER, NOW, account, agreement, event, fact, link, row, seed


def fill(registry: SqlRegistry) -> None:
    """Write something in every table; some events wait for the sequencer."""
    with registry.write() as tx:
        for number, member_id in enumerate(seed(tx, members=12), 1):
            reference = tx.next_reference(2026)
            tx.add_agreement(agreement(reference, member_id))
            tx.add_fact(reference, fact(FactKind.PREPARED, note="é « ’ \u202f", number=number))
            tx.add_artefact(reference, Artefact(1, Stage.PREPARED, sha256_hex(reference.encode()), number, NOW))
            tx.add_event(event(f"{number}", reference, name="Maëlle"))
        tx.set_failure("2026-0003", Failure("sign", "tsa.unavailable", NOW, 2))
        tx.enqueue(row("1"))
        tx.claim("work", "one", NOW, LATER)
        tx.add_link(link())
        tx.add_attention(Attention("t-1", "2026-0001", AttentionKind.QUESTION, NOW, "Pourquoi « 2026 » ?", "maelle@abers.invalid", "l-1"))
        tx.add_account(account())
        tx.set_review(Review("a-1", "2026-0001", sha256_hex(b""), Mark.READY, HowShown.OPENED, NOW))
        tx.add_model_read(ModelRead("a-1", Kind.CONVENTION, sha256_hex(b"model"), NOW))
        tx.add_authorisation(Authorisation("z-1", "a-1", "d-1", NOW, LATER, (), SealedManifest(b"{}", bytes(range(256)), b"\x30", NOW)))
        tx.add_archive_entry(ArchiveEntry("2026-0001", 1, "sealed", sha256_hex(b""), 0, "key", LATER))
        tx.set_shown_state(ShownState("2026-0001", "active", "run"))
    registry.sequence_events()
    with registry.write() as tx:
        tx.add_event(event("late"))


def test_a_registry_moves_whole_and_works_where_it_arrives(tmp_path: Path, sqlite_url: str, postgres: EmbeddedPostgres) -> None:
    source = SqlRegistry(sqlite_url)
    fill(source)
    source.close()
    there, back = postgres.create_database("moved"), f"sqlite:///{tmp_path / 'back.db'}"
    for url in (there, back):
        ensure_schema(url)

    assert copy_registry(sqlite_url, there)["facts"] == 12
    copy_registry(there, back)

    assert compare_registries(sqlite_url, back) == []
    for url in (there, back):
        moved = SqlRegistry(url)
        with moved.write() as tx:
            assert tx.next_reference(2026) == "2026-0013"
            tx.add_fact("2026-0001", fact(FactKind.DECLINED, reason="new"))
            tx.add_event(event("new"))
        assert moved.sequence_events() == 2
        with moved.read() as tx:
            assert [entry.event.id for entry in tx.events()][-2:] == ["event-late", "event-new"]
            assert assess_journal(tx.recorded_leaves(), tx.heads(), tx.hidden_events()).holds
        moved.close()
        changed = {"events", "facts", "leaves", "reference_counters", "search_statuses", "unsequenced_events"}
        assert set(compare_registries(sqlite_url, url)) == changed
    postgres.drop_database("moved")


def test_a_move_that_was_cut_goes_on(tmp_path: Path, sqlite_url: str) -> None:
    source = SqlRegistry(sqlite_url)
    fill(source)
    source.close()
    target = f"sqlite:///{tmp_path / 'target.db'}"
    ensure_schema(target)
    copy_registry(sqlite_url, target)
    engine = open_engine(target)
    with engine.begin() as connection:  # as if it had been cut in the middle of the facts
        for table in (
            "unsequenced_events",
            "personal_fields",
            "links",
            "reviews",
            "model_reads",
            "archive_entries",
            "shown_states",
            "artefacts",
        ):
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608 named above
        connection.execute(text("DELETE FROM facts WHERE number > 5"))
        connection.execute(text("INSERT INTO unsequenced_events SELECT number FROM events"))
    engine.dispose()

    copied = copy_registry(sqlite_url, target)

    assert (copied["facts"], copied["members"], copied["events"], copied["links"]) == (7, 0, 0, 1)


def test_a_target_that_holds_something_else_is_told(tmp_path: Path, sqlite_url: str) -> None:
    source = SqlRegistry(sqlite_url)
    fill(source)
    source.close()
    target = f"sqlite:///{tmp_path / 'target.db'}"
    ensure_schema(target)
    other = SqlRegistry(target)
    with other.write() as tx:
        tx.claim("another", "one", NOW, LATER)
    other.close()

    with pytest.raises(EvidenceBroken, match="claims"):
        copy_registry(sqlite_url, target)
