"""``contreseing archive check`` and ``repair`` with a second store that was just set: what an operator reads, and the exit codes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from minio import Minio
from typer.testing import CliRunner, Result

from contreseing.cli import app
from contreseing.settings import PREFIX, load_settings_file
from contreseing.stores import prepare_stores
from contreseing.wiring import build_ports, close_ports
from conventions.errors import EvidenceBroken
from conventions.folder import keep, keep_index
from storage.s3_client import S3Client
from tests.contract.storage.conftest import Buckets

UNTIL = datetime(2040, 1, 1, tzinfo=UTC)
SITES = ("signers", "desk", "office", "pki", "activation", "prefect_api")
TEXTS = ("help_telephone", "agents_mail", "smtp_host", "mail_from", "mail_reply_to", "data_protection_mail", "publisher_website")
PEOPLE = ("publisher_name", "publisher_seat", "publisher_director", "publisher_hosting")


@pytest.fixture
def first(buckets: Buckets, tmp_path: Path, sqlite_url: str) -> dict[str, str]:
    for arguments in (("init", "--base-url", "http://127.0.0.1:1"), ("export", "--output", str(tmp_path / "pki"))):
        made = CliRunner().invoke(app, ["pki", *arguments, "--dir", str(tmp_path / "authority")])
        assert made.exit_code == 0, made.output
    return {
        "mode": "test",
        "data_dir": str(tmp_path / "data"),
        "database_url": sqlite_url,
        "master_key": "k" * 40,
        "pki_anchors_dir": str(tmp_path / "pki"),
        "activation_secret": "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3JldA==",
        "s3_url": buckets.settings.url,
        "s3_access_key": buckets.settings.access_key,
        "s3_secret_key": buckets.settings.secret_key,
        "s3_working_bucket": buckets.working,
        "s3_archive_bucket": buckets.archive,
        **{f"{site}_url": f"https://{site}.invalid" for site in SITES},
        **{name: f"{name}@exemple.invalid" for name in (*TEXTS, *PEOPLE)},
    }


@pytest.fixture
def minio(buckets: Buckets) -> Minio:
    return S3Client(buckets.settings).minio


def environment(values: Mapping[str, str]) -> dict[str, str]:
    return {f"{PREFIX}{name.upper()}": value for name, value in values.items()}


def run(values: Mapping[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(app, ["archive", *arguments], env=environment(values))


def test_a_second_store_is_filled_as_the_check_says(first: dict[str, str], buckets: Buckets, minio: Minio, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text("\n".join(f"{key} = {json.dumps(value)}" for key, value in first.items()), encoding="utf-8")
    settings = load_settings_file(file)
    prepare_stores(settings)
    ports = build_ports(settings, is_deferring=True)
    keep(ports, "journal/2026", "head", b"head", UNTIL)
    keep_index(ports, "journal/2026", UNTIL)
    close_ports(ports)
    assert "L’archive est intacte." in run(first, "check", "--all").output
    assert run(first, "repair").exit_code == 1
    bucket = f"{buckets.archive}-second"
    minio.make_bucket(bucket, object_lock=True)
    both = {
        **first,
        "s3_second_url": buckets.settings.url,
        "s3_second_access_key": buckets.settings.access_key,
        "s3_second_secret_key": buckets.settings.secret_key,
        "s3_second_archive_bucket": bucket,
    }

    found = run(both, "check", "--all")
    assert isinstance(found.exception, EvidenceBroken)
    assert "lancez « contreseing archive repair »" in found.output
    assert "(second dépôt) : journal/2026/" in found.output

    mended = run(both, "repair")
    assert (mended.exit_code, "2 fichiers recopiés" in mended.output.replace("\xa0", " ")) == (0, True)
    assert "L’archive est intacte." in run(both, "check", "--all").output

    for one in (buckets.archive, bucket):
        for version in list(minio.list_objects(one, prefix="journal/2026/0001", include_version=True)):
            assert version.object_name is not None
            bypass_delete(minio, one, version.object_name, str(version.version_id))
    lost = run(both, "repair")
    assert isinstance(lost.exception, EvidenceBroken)
    assert "aucun dépôt ne rend ce fichier" in lost.output


def bypass_delete(minio: Minio, bucket: str, key: str, version: str) -> None:
    """Delete a version in spite of its GOVERNANCE lock, as the owner of the bucket may."""
    headers: dict[str, str | list[str] | tuple[str]] = {"x-amz-bypass-governance-retention": "true"}
    minio._execute("DELETE", bucket, key, headers=headers, query_params={"versionId": version})
