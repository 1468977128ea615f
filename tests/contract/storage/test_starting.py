"""What a process looks at before it starts, and the command that makes it ready: on a real database and real buckets."""

from __future__ import annotations

import base64
import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from minio import Minio
from minio.sseconfig import Rule, SSEConfig
from typer.testing import CliRunner

from contreseing.cli import app
from contreseing.settings import PREFIX, Settings
from contreseing.stores import PreparedStores, prepare_stores, verify_stores
from contreseing.trials import try_archive
from conventions.errors import ConfigurationError
from conventions.sentences import sentence
from storage.s3_client import S3Client
from tests.contract.storage.conftest import Buckets
from tests.unit.contreseing.test_settings import GIVEN

NUMBERS = itertools.count(1)
OPEN_POLICY = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::%s/*"}]}'
)

Values = Callable[..., dict[str, Any]]


@pytest.fixture
def values(tmp_path: Path, buckets: Buckets) -> Values:
    """Give settings on buckets that do not stand yet, and a database that is empty."""
    number = next(NUMBERS)

    def made(**given: Any) -> dict[str, Any]:  # noqa: ANN401 values of any setting
        own = {
            "data_dir": str(tmp_path / "data"),
            "database_url": f"sqlite:///{tmp_path / 'data' / 'registry.db'}",
            "s3_url": buckets.settings.url,
            "s3_access_key": buckets.settings.access_key,
            "s3_secret_key": buckets.settings.secret_key,
            "s3_working_bucket": f"starting-working-{number}",
            "s3_archive_bucket": f"starting-archive-{number}",
        }
        return {**{name.lower(): value for name, value in GIVEN.items()}, **own, **given}

    return made


@pytest.fixture
def minio(buckets: Buckets) -> Minio:
    return S3Client(buckets.settings).minio


def second_of(settings: dict[str, Any]) -> dict[str, Any]:
    """Give a second archive, on the same S3."""
    keys = {f"s3_second_{name}": settings[f"s3_{name}"] for name in ("url", "access_key", "secret_key")}
    return {**keys, "s3_second_archive_bucket": f"{settings['s3_archive_bucket']}-second"}


def refusal(settings: Settings) -> str:
    with pytest.raises(ConfigurationError) as refused:
        verify_stores(settings)
    return sentence(refused.value)


def test_nothing_starts_before_prepare_which_says_what_it_did(values: Values) -> None:
    given = values()
    both = Settings(**{**given, **second_of(given)})
    both.data_dir.mkdir()

    assert "« contreseing prepare »" in refusal(both)
    first = prepare_stores(both)
    verify_stores(both)

    assert first.schema_before is None
    assert first.buckets == (both.s3_working_bucket, both.s3_archive_bucket, both.s3_second_archive_bucket)
    assert prepare_stores(both) == PreparedStores(first.schema, first.schema, ())


def test_each_bucket_that_is_not_as_it_must_be_stops_the_start_with_its_reason(values: Values, minio: Minio) -> None:
    given = values()
    settings = Settings(**given)
    prepare_stores(settings)

    absent = refusal(Settings(**{**given, "s3_archive_bucket": "none-such"}))
    assert "seau none-such, il n’existe pas" in absent
    assert "« contreseing prepare »" in absent
    assert "créé sans verrouillage d’objets" in refusal(Settings(**{**given, "s3_archive_bucket": settings.s3_working_bucket}))
    second = {**second_of(given), "s3_second_archive_bucket": settings.s3_working_bucket}
    assert f"seau {settings.s3_working_bucket}, il a été créé sans verrouillage" in refusal(Settings(**{**given, **second}))
    minio.make_bucket(plain := f"{settings.s3_working_bucket}-plain")
    assert f"seau {plain}, il ne garde pas les versions" in refusal(Settings(**{**given, "s3_working_bucket": plain}))
    minio.set_bucket_policy(settings.s3_archive_bucket, OPEN_POLICY % settings.s3_archive_bucket)
    assert "sa politique l’ouvre à tout le monde" in refusal(settings)


def started_as_a_flow(given: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Ask for the ports as the process of a flow's run does, with settings from the environment."""
    told = {f"{PREFIX}{name.upper()}": str(value) for name, value in given.items() if value is not None}
    code = "from contreseing.wiring import current_ports; current_ports()"
    return subprocess.run([sys.executable, "-c", code], env={**os.environ, **told}, capture_output=True, text=True, check=False)


def test_a_flow_starts_on_the_same_buckets_and_on_none_that_is_not_as_it_must_be(values: Values) -> None:
    given = values(activation_secret=f"whsec_{base64.b64encode(bytes(32)).decode()}")
    prepare_stores(Settings(**given))
    assert started_as_a_flow(given).returncode == 0
    refused = started_as_a_flow({**given, "s3_archive_bucket": given["s3_working_bucket"]})
    assert refused.returncode != 0
    assert "ConfigurationError" in refused.stderr
    assert given["s3_working_bucket"] in refused.stderr
    away = started_as_a_flow({**given, "s3_url": "http://127.0.0.1:9"})
    assert away.returncode == 0, away.stderr  # each step says so, and is tried again


def test_the_encryption_that_is_set_is_given_to_new_buckets_and_asked_of_all(values: Values, minio: Minio) -> None:
    given = values()
    prepare_stores(Settings(**given))
    encrypted = Settings(**{**given, "s3_encryption": "AES256"})

    assert refusal(encrypted).count("son chiffrement n’est pas celui de S3_ENCRYPTION") == 2
    with pytest.raises(ConfigurationError):
        prepare_stores(encrypted)  # what stands is left as it is
    for bucket in (encrypted.s3_working_bucket, encrypted.s3_archive_bucket):
        minio.set_bucket_encryption(bucket, SSEConfig(Rule.new_sse_s3_rule()))
    verify_stores(encrypted)

    new = Settings(**{**given, **second_of(given), "s3_encryption": "AES256"})
    assert prepare_stores(new).buckets == (new.s3_second_archive_bucket,)
    verify_stores(new)


def test_doctor_tries_a_lock_in_each_archive(values: Values, minio: Minio) -> None:
    given = values()
    both = Settings(**{**given, **second_of(given)})
    prepare_stores(both)

    told = try_archive(both)

    assert told.count("verrou GOVERNANCE d’une minute") == 2
    for bucket in (both.s3_archive_bucket, both.s3_second_archive_bucket):
        assert [item.object_name for item in minio.list_objects(bucket, prefix="doctor/", recursive=True)], bucket


def test_the_command_can_be_run_again(values: Values, buckets: Buckets) -> None:
    environment = {f"CONTRESEING_{name.upper()}": str(value) for name, value in values().items()}

    first = CliRunner().invoke(app, ["prepare"], env=environment, catch_exceptions=False)
    again = CliRunner().invoke(app, ["prepare"], env=environment, catch_exceptions=False)

    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "tables créées" in first.output
    assert f"Seau {environment['CONTRESEING_S3_ARCHIVE_BUCKET']} : créé." in first.output
    assert "déjà à la version" in again.output
    assert "créé" not in again.output
