"""Time, memory and connections stay bounded, and what is put is checked by the store itself, on a real SeaweedFS behind a proxy."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from contreseing.embedded.seaweedfs import SeaweedfsProcess
from conventions.errors import EvidenceBroken, NotFound, UpstreamUnavailable
from storage.archive import S3Archive
from storage.s3_client import CONNECTIONS, FIRST_PAUSE_S, S3Client, S3Settings
from storage.write_once import put_once
from tests.contract.storage.conftest import Buckets
from tests.contract.storage.faulty_proxy import Answer, Fault, FaultyProxy, faulty_proxy

UNTIL = datetime(2031, 12, 31, 23, 59, 59, tzinfo=UTC)
KEY = "agreements/2026-0001/0001-sealed"


@pytest.fixture
def proxy(seaweedfs: SeaweedfsProcess) -> Iterator[FaultyProxy]:
    with faulty_proxy("127.0.0.1", seaweedfs.server.ports["s3"]) as running:
        yield running


@pytest.fixture
def behind(buckets: Buckets, proxy: FaultyProxy) -> S3Settings:
    return dataclasses.replace(buckets.settings, url=proxy.address, read_timeout_s=0.7)


@pytest.fixture
def archive(buckets: Buckets, behind: S3Settings) -> S3Archive:
    return S3Archive(behind, buckets.archive, "GOVERNANCE")


def test_a_store_that_vanishes_in_the_middle_of_a_body_is_asked_again(archive: S3Archive, proxy: FaultyProxy) -> None:
    data = bytes(range(256)) * 4_000
    archive.write(KEY, data, UNTIL)
    proxy.fail("GET", Fault.HALF, Fault.HALF)

    assert archive.read(KEY) == data
    assert proxy.seen["GET"] == 3


def test_a_body_that_always_falls_is_unavailable(archive: S3Archive, proxy: FaultyProxy) -> None:
    archive.write(KEY, b"sealed" * 1_000, UNTIL)
    proxy.fail("GET", *[Fault.HALF] * 4)

    with pytest.raises(UpstreamUnavailable):
        archive.read(KEY)
    assert archive.read(KEY) == b"sealed" * 1_000


def test_a_body_that_drips_is_given_up(buckets: Buckets, archive: S3Archive, behind: S3Settings, proxy: FaultyProxy) -> None:
    archive.write(KEY, b"sealed" * 100, UNTIL)
    hasty = S3Archive(dataclasses.replace(behind, body_timeout_s=0.5, patience_s=0.4), buckets.archive, "GOVERNANCE")
    proxy.fail("GET", Fault.DRIPPING)
    began = time.monotonic()

    with pytest.raises(UpstreamUnavailable):
        hasty.read(KEY)

    assert time.monotonic() - began < 5  # a minute, at its pace
    assert hasty.read(KEY) == b"sealed" * 100


def test_more_bytes_than_any_object_of_ours_has_are_not_read(buckets: Buckets, behind: S3Settings, archive: S3Archive) -> None:
    archive.write(KEY, b"sealed" * 100, UNTIL)
    small = S3Archive(dataclasses.replace(behind, most_bytes=599), buckets.archive, "GOVERNANCE")

    with pytest.raises(EvidenceBroken) as refused:
        small.read(KEY)
    assert refused.value.code == "store.too_large"
    assert S3Archive(dataclasses.replace(behind, most_bytes=600), buckets.archive, "GOVERNANCE").read(KEY) == b"sealed" * 100


def test_a_connection_is_not_waited_for_for_ever(buckets: Buckets, archive: S3Archive) -> None:
    archive.write(KEY, b"sealed", UNTIL)
    client = S3Client(dataclasses.replace(buckets.settings, patience_s=0.3))
    taken = [client.minio.get_object(buckets.archive, KEY) for _ in range(CONNECTIONS)]
    began = time.monotonic()

    with pytest.raises(UpstreamUnavailable):
        client.call("get", lambda minio: minio.stat_object(buckets.archive, KEY))

    assert time.monotonic() - began < 5
    for response in taken:
        response.close()
        response.release_conn()


def test_no_more_requests_at_once_than_connections(archive: S3Archive, proxy: FaultyProxy) -> None:
    archive.write(KEY, b"sealed" * 20, UNTIL)
    proxy.fail("GET", *[Fault.SLOW] * 3)  # what the others wait behind
    with ThreadPoolExecutor(3 * CONNECTIONS) as workers:
        assert set(workers.map(lambda _: archive.read(KEY), range(6 * CONNECTIONS))) == {b"sealed" * 20}

    assert proxy.most_at_once <= CONNECTIONS + 3  # the slow ones are still being served once they were given up


def test_the_pauses_between_tries_grow_and_are_spread(archive: S3Archive, proxy: FaultyProxy) -> None:
    lasted = list[float]()
    for _ in range(5):
        proxy.fail("HEAD", *[Answer(503, "SlowDown")] * 4)
        began = time.monotonic()
        with pytest.raises((UpstreamUnavailable, NotFound)):
            archive.state(KEY)
        lasted.append(time.monotonic() - began)
        assert proxy.seen["HEAD"] == 4

    assert min(lasted) >= FIRST_PAUSE_S * (1 + 2 + 4) * 0.5
    assert max(lasted) - min(lasted) > 0.03  # each pause is half to one and a half times its length: two runs differ by 0.15 s


def test_the_checksum_is_sent_and_bytes_changed_on_the_way_are_refused(
    buckets: Buckets, behind: S3Settings, proxy: FaultyProxy, archive: S3Archive
) -> None:
    put_once(S3Client(behind), buckets.archive, KEY, b"sealed")
    assert proxy.headers["PUT"]["x-amz-checksum-sha256"] == base64.b64encode(hashlib.sha256(b"sealed").digest()).decode()
    assert proxy.headers["PUT"]["if-none-match"] == "*"

    other = f"{KEY}-other"
    proxy.fail("PUT", *[Fault.CORRUPTED] * 4)
    with pytest.raises(UpstreamUnavailable):
        archive.write(other, b"sealed", UNTIL)
    with pytest.raises(NotFound):
        archive.read(other)


def test_a_conflict_that_lasts_is_unavailable_and_is_not_taken_for_a_key_that_is_taken(archive: S3Archive, proxy: FaultyProxy) -> None:
    proxy.fail("PUT", *[Answer(409, "ConditionalRequestConflict")] * 4)

    with pytest.raises(UpstreamUnavailable):
        archive.write(KEY, b"sealed", UNTIL)
    assert proxy.seen["PUT"] == 4
    assert "GET" not in proxy.seen
