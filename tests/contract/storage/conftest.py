"""The ports' implementations, each behind one fixture: a contract test runs on all of them."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contreseing.embedded.postgres import EmbeddedPostgres
from contreseing.embedded.seaweedfs import SeaweedfsProcess
from conventions.ports.registry import Registry
from conventions.ports.stores import Archive, WorkingStore
from storage.archive import S3Archive
from storage.buckets import ensure_buckets
from storage.migrations import ensure_schema
from storage.object_store import S3WorkingStore
from storage.registry import SqlRegistry
from storage.s3_client import S3Settings
from tests.contract.storage.servers import TEMPLATE, empty_tables, running_postgres, running_seaweedfs, settings_of
from tests.fakes.registry import FakeRegistry
from tests.fakes.stores import FakeArchive, FakeWorkingStore

BUCKET_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    ensure_schema(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    return f"sqlite:///{shutil.copy(sqlite_template, tmp_path / 'registry.db')}"


@pytest.fixture
def postgres_url(postgres: EmbeddedPostgres) -> Iterator[str]:
    yield postgres.url(TEMPLATE)
    empty_tables(postgres.url(TEMPLATE))


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture
def sql_registry(database_url: str) -> Iterator[SqlRegistry]:
    registry = SqlRegistry(database_url)
    yield registry
    registry.close()


@pytest.fixture(params=["fake", "sqlite", "postgresql"])
def registry(request: pytest.FixtureRequest) -> Iterator[Registry]:
    if request.param == "fake":
        yield FakeRegistry()
        return
    opened = SqlRegistry(request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url"))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SeaweedfsProcess]:
    with running_seaweedfs(tmp_path_factory.mktemp("seaweedfs")) as process:
        yield process


@dataclass(frozen=True)
class Buckets:
    """An S3 and two fresh buckets of it."""

    settings: S3Settings
    working: str
    archive: str


@pytest.fixture
def buckets(seaweedfs: SeaweedfsProcess) -> Buckets:
    number = next(BUCKET_NUMBERS)
    fresh = Buckets(settings_of(seaweedfs), f"working-{number}", f"archive-{number}")
    ensure_buckets(fresh.settings, fresh.working, fresh.archive)
    return fresh


@pytest.fixture(params=["fake", "seaweedfs"])
def working(request: pytest.FixtureRequest) -> WorkingStore:
    if request.param == "fake":
        return FakeWorkingStore()
    fresh: Buckets = request.getfixturevalue("buckets")
    return S3WorkingStore(fresh.settings, fresh.working)


@pytest.fixture(params=["fake", "seaweedfs"])
def archive(request: pytest.FixtureRequest) -> Archive:
    if request.param == "fake":
        return FakeArchive()
    fresh: Buckets = request.getfixturevalue("buckets")
    return S3Archive(fresh.settings, fresh.archive, "GOVERNANCE")


@pytest.fixture
def s3_archive(buckets: Buckets) -> Callable[[str], S3Archive]:
    return lambda mode: S3Archive(buckets.settings, buckets.archive, mode)
