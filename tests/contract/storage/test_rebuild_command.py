"""``contreseing rebuild`` and ``journal verify``: what an operator reads, and the exit codes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from typer.testing import CliRunner, Result

from contreseing.cli import app
from storage.archive import S3Archive
from storage.migrations import ensure_schema
from tests.contract.storage.conftest import Buckets
from tests.contract.storage.test_repair_command import environment, first

__all__ = ("first",)
UNTIL = datetime(2040, 1, 1, tzinfo=UTC)


def run(values: Mapping[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(app, arguments, env=environment(values))


def test_the_exit_code_says_whether_all_that_the_archive_holds_came_back(first: dict[str, str], buckets: Buckets, tmp_path: Path) -> None:
    ensure_schema(first["database_url"])
    whole = run(first, "rebuild", "--into", f"sqlite:///{tmp_path / 'one.sqlite'}", "--compare")
    assert whole.exit_code == 0, whole.output
    assert "Identique au registre en place" in whole.output

    strange = f"agreements/2026-0001/0001-record-{'ab' * 32}"
    S3Archive(buckets.settings, buckets.archive, "GOVERNANCE").write(strange, b"x", UNTIL)

    damaged = run(first, "rebuild", "--into", f"sqlite:///{tmp_path / 'two.sqlite'}")
    assert damaged.exit_code == 3, damaged.output
    assert "À signaler – 2026-0001" in damaged.output
    assert "Ne peut pas être connu" in damaged.output


def test_a_journal_without_any_event_is_whole(first: dict[str, str]) -> None:
    ensure_schema(first["database_url"])
    told = run(first, "journal", "verify", "--json")
    assert told.exit_code == 0, told.output
    assert '"left": 0' in told.output
