"""Rows as an earlier version wrote them are still read."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from conventions.ceremonies import HowShown, ManifestItem
from storage.migrations import ensure_schema
from storage.registry import SqlRegistry
from storage.registry.engine import open_engine
from tests.contract.storage.records import account
from tests.contract.storage.test_registry_people import AUTHORISATION


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('["2026-0001", "aa", "bb", "opened"]', ManifestItem("2026-0001", "aa", "bb", HowShown.OPENED)),
        ('["2026-0001", "aa", "bb", "opened", ["text"]]', ManifestItem("2026-0001", "aa", "bb", HowShown.OPENED, ("text",))),
        (
            '["2026-0001", "aa", "bb", "in_table", [], "cc"]',
            ManifestItem("2026-0001", "aa", "bb", HowShown.IN_TABLE, model_sha256="cc"),
        ),
    ],
    ids=["before the desk served text", "before models were read", "today's"],
)
def test_lists_of_each_version_say_what_was_known_then(tmp_path: Path, written: str, read: ManifestItem) -> None:
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    ensure_schema(url)
    registry = SqlRegistry(url)
    with registry.write() as tx:
        tx.add_account(account())
        tx.add_authorisation(AUTHORISATION)
    with open_engine(url).begin() as connection:
        connection.execute(text("UPDATE authorisations SET items = :items"), {"items": f"[{written}]"})
    with registry.read() as tx:
        assert tx.authorisation(AUTHORISATION.id).items == (read,)
