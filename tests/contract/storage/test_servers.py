"""The embedded servers themselves: what happens when they cannot start, fall, and start again."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from contreseing.embedded.postgres import EmbeddedPostgres
from contreseing.embedded.seaweedfs import PORT_NAMES, Seaweedfs, SeaweedfsProcess
from conventions.errors import ConfigurationError, UpstreamUnavailable
from storage.migrations import ensure_schema, verify_schema
from tests.contract.storage.servers import free_ports


def server(folder: Path) -> Seaweedfs:
    return Seaweedfs(folder, free_ports(PORT_NAMES), "access", "secret-of-tests")


def test_a_taken_port_is_named_and_nothing_starts(tmp_path: Path) -> None:
    seaweedfs = server(tmp_path)
    with socket.socket() as other:
        other.bind(("127.0.0.1", seaweedfs.ports["volume"]))
        other.listen()

        with pytest.raises(ConfigurationError, match=str(seaweedfs.ports["volume"])):
            SeaweedfsProcess(seaweedfs).start()
    assert not seaweedfs.is_ready()


def test_a_server_that_ends_at_once_is_told(tmp_path: Path) -> None:
    seaweedfs = server(tmp_path)
    seaweedfs.ensure_files()
    (tmp_path / "volumes" / "filerldb2").write_text("a file where a folder is needed")

    with pytest.raises(UpstreamUnavailable, match="did not start"), seaweedfs.running():
        pass


def test_the_key_pair_is_for_us_alone(tmp_path: Path) -> None:
    seaweedfs = server(tmp_path / "data")
    seaweedfs.ensure_files()

    assert (tmp_path / "data" / "s3.json").stat().st_mode & 0o077 == 0
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0
    assert not any("secret-of-tests" in part for part in seaweedfs.command())
    assert "-master.telemetry=false" in seaweedfs.command()


def test_a_process_that_never_started_may_be_stopped(tmp_path: Path) -> None:
    SeaweedfsProcess(server(tmp_path)).stop()


def test_a_durable_postgres_keeps_what_it_held_through_a_kill() -> None:
    with EmbeddedPostgres(durable=True).running() as postgres:
        url = postgres.create_database("kept")
        ensure_schema(url)
        postgres.kill()
        postgres.start()

        verify_schema(url)
        postgres.drop_database("kept")
        with pytest.raises(UpstreamUnavailable):
            verify_schema(url)
        with pytest.raises(UpstreamUnavailable, match="createdb failed"):
            postgres.create_database("kept", "no such template")


def test_a_postgres_that_cannot_start_tells_its_log() -> None:
    postgres = EmbeddedPostgres()
    with postgres.running():
        postgres.stop()
        (postgres._folder / "data" / "postgresql.conf").write_text("no_such_setting = 1\n")
        with pytest.raises(UpstreamUnavailable, match="no_such_setting"):
            postgres.start()
