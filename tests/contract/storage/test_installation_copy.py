"""An installation on SQLite moves to another on PostgreSQL and another S3, and back; one that points to itself is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from contreseing.copying import copy_installation
from contreseing.embedded.postgres import EmbeddedPostgres
from contreseing.settings import Settings, load_settings_file
from contreseing.stores import prepare_stores
from contreseing.wiring import build_ports, close_ports, s3_settings
from conventions.errors import ConfigurationError
from storage.archive import S3Archive
from storage.object_store import S3WorkingStore
from storage.registry import SqlRegistry
from storage.registry.moving import compare_registries
from tests.contract.storage.conftest import Buckets
from tests.contract.storage.records import LATER, seed_agreement

PUBLISHED = "https://{}.invalid"

OpenSettings = Callable[[str, str], Settings]


@pytest.fixture
def settings_for(tmp_path: Path, buckets: Buckets) -> OpenSettings:
    def made(name: str, database_url: str) -> Settings:
        addresses = {f"{site}_url": PUBLISHED.format(site) for site in ("signers", "desk", "office", "pki", "activation", "prefect_api")}
        texts = ("help_telephone", "agents_mail", "smtp_host", "mail_from", "mail_reply_to", "data_protection_mail", "publisher_website")
        people = ("publisher_name", "publisher_seat", "publisher_director", "publisher_hosting")
        values = {
            "mode": "test",
            "data_dir": str(tmp_path / name),
            "database_url": database_url,
            "master_key": "k" * 40,
            "pki_anchors_dir": "pki",
            "activation_secret": "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==",
            "s3_url": buckets.settings.url,
            "s3_access_key": buckets.settings.access_key,
            "s3_secret_key": buckets.settings.secret_key,
            "s3_working_bucket": f"{buckets.working}-{name}",
            "s3_archive_bucket": f"{buckets.archive}-{name}",
            **addresses,
            **{name: f"{name}@exemple.invalid" for name in (*texts, *people)},
        }
        file = tmp_path / f"{name}.toml"
        file.write_text("\n".join(f"{key} = {json.dumps(value)}" for key, value in values.items()), encoding="utf-8")
        return load_settings_file(file)

    return made


def test_everything_moves_there_and_back(settings_for: OpenSettings, tmp_path: Path, sqlite_url: str, postgres: EmbeddedPostgres) -> None:
    here, there = settings_for("here", sqlite_url), settings_for("there", postgres.create_database("installation"))
    back, told = settings_for("back", f"sqlite:///{tmp_path / 'back.db'}"), list[str]()
    prepare_stores(here)
    registry = SqlRegistry(sqlite_url)
    with registry.write() as tx:
        seed_agreement(tx)
    registry.close()
    s3 = S3Archive(s3_settings(here), here.s3_archive_bucket, "GOVERNANCE")
    s3.write("agreements/2026-0001/1", b"sealed", LATER.replace(year=2040))
    digest = S3WorkingStore(s3_settings(here), here.s3_working_bucket).put(b"sealed")

    first = copy_installation(here, there, told.append)
    again = copy_installation(here, there, told.append)
    copy_installation(there, back, told.append)

    assert (first.rows > 0, first.archive.copied, first.working.copied) == (True, 1, 1)
    assert (again.rows, again.archive.present, again.working.present) == (0, 1, 1)
    assert compare_registries(here.registry_url, back.registry_url) == []
    arrived = S3Archive(s3_settings(back), back.s3_archive_bucket, "GOVERNANCE")
    assert (arrived.read("agreements/2026-0001/1"), arrived.state("agreements/2026-0001/1").retain_until.year) == (b"sealed", 2040)
    assert S3WorkingStore(s3_settings(back), back.s3_working_bucket).get(digest) == b"sealed"
    assert "Archive : 1 copiés, 0 déjà là" in told


def test_an_installation_is_not_copied_onto_itself(settings_for: OpenSettings, sqlite_url: str, tmp_path: Path) -> None:
    here = settings_for("here", sqlite_url)
    for other in (here, settings_for("here", f"sqlite:///{tmp_path / 'other.db'}"), settings_for("other", sqlite_url)):
        with pytest.raises(ConfigurationError):
            copy_installation(here, other, lambda _: None)


def test_what_is_archived_with_a_second_store_stands_in_both(settings_for: OpenSettings, sqlite_url: str, tmp_path: Path) -> None:
    one = settings_for("first", sqlite_url)
    values = {"s3_second_url": one.s3_url, "s3_second_archive_bucket": f"{one.s3_archive_bucket}-second"}
    keys = {"s3_second_access_key": one.s3_access_key, "s3_second_secret_key": one.s3_secret_key}
    both = load_settings_file(tmp_path / "first.toml", **values, **keys)
    prepare_stores(both)
    ports = build_ports(both, is_deferring=True)
    written = ports.archive.write("agreements/2026-0001/1", b"sealed", LATER.replace(year=2040))
    close_ports(ports)

    assert [store.read(written.key) for store in ports.archive.stores()] == [b"sealed"] * 2
    assert S3Archive(s3_settings(one), both.s3_second_archive_bucket, "GOVERNANCE").state(written.key).lock_mode == "GOVERNANCE"
