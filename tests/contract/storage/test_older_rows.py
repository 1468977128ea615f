"""Rows as an earlier version wrote them are still read."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from conventions.ceremonies import HowShown, ManifestItem
from storage.migrations import ensure_schema
from storage.registry import SqlRegistry
from storage.registry.engine import open_engine
from tests.contract.storage.records import account
from tests.contract.storage.test_registry_people import AUTHORISATION


def test_a_list_of_before_the_desk_served_text_does_not_say_in_which_form(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'registry.db'}"
    ensure_schema(url)
    registry = SqlRegistry(url)
    with registry.write() as tx:
        tx.add_account(account())
        tx.add_authorisation(AUTHORISATION)
    with open_engine(url).begin() as connection:
        connection.execute(text("""UPDATE authorisations SET items = '[["2026-0001", "aa", "bb", "opened"]]'"""))
    with registry.read() as tx:
        (item,) = tx.authorisation(AUTHORISATION.id).items
    assert item == ManifestItem("2026-0001", "aa", "bb", HowShown.OPENED, ())
