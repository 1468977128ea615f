"""Real servers for tests: SeaweedFS and PostgreSQL on free loopback ports, gone at the end."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sqlalchemy import create_engine, delete, text

from contreseing.embedded.postgres import EmbeddedPostgres
from contreseing.embedded.seaweedfs import PORT_NAMES, Seaweedfs, SeaweedfsProcess
from storage.migrations import ensure_schema
from storage.registry.tables import metadata
from storage.s3_client import S3Settings

TEMPLATE = "registry"
VOLUME_OF_TESTS_MB = 64
"""Every test has buckets of its own, each of one volume or more: of the usual size, a disk has room for too few."""


def free_ports(names: tuple[str, ...]) -> dict[str, int]:
    """Choose a port that nothing listens on for each name."""
    with ExitStack() as held:
        listeners = [held.enter_context(socket.socket()) for _ in names]
        for listener in listeners:
            listener.bind(("127.0.0.1", 0))
        return {name: listener.getsockname()[1] for name, listener in zip(names, listeners, strict=True)}


@contextmanager
def running_seaweedfs(folder: Path) -> Iterator[SeaweedfsProcess]:
    """Run a SeaweedFS whose data lie in that folder."""
    server = Seaweedfs(
        folder, free_ports(PORT_NAMES), "access-key-of-tests", "secret-key-of-tests", volume_size_limit_mb=VOLUME_OF_TESTS_MB
    )
    with server.running() as process:
        yield process


def settings_of(process: SeaweedfsProcess) -> S3Settings:
    """Return how to reach a running SeaweedFS."""
    server = process.server
    return S3Settings(server.url, server.access_key, server.secret_key, read_timeout_s=10.0)


@contextmanager
def running_postgres() -> Iterator[EmbeddedPostgres]:
    """Run a PostgreSQL with a database ``registry`` that has our schema."""
    with EmbeddedPostgres().running() as server:
        ensure_schema(server.create_database(TEMPLATE))
        yield server


def empty_tables(url: str) -> None:
    """Empty every table of a PostgreSQL registry: faster than a new database, and the journal's triggers have to be told."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for table in metadata.sorted_tables:
            connection.execute(delete(table))
    engine.dispose()
