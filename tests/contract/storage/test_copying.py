"""A whole installation moves from one S3 to another, locks and holds included, and a move that was cut goes on."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from conventions.canonical import sha256_hex
from conventions.errors import EvidenceBroken
from storage.archive import S3Archive
from storage.buckets import ensure_buckets
from storage.copying import CopiedObjects, copy_archive, copy_working
from storage.object_store import S3WorkingStore
from storage.s3_client import S3Client
from tests.contract.storage.conftest import Buckets

UNTIL = datetime(2031, 12, 31, 23, 59, 59, tzinfo=UTC)


@pytest.fixture
def other(buckets: Buckets) -> Buckets:
    made = Buckets(buckets.settings, f"{buckets.working}-copy", f"{buckets.archive}-copy")
    ensure_buckets(made.settings, made.working, made.archive)
    return made


def test_an_archive_moves_with_its_locks_and_holds(buckets: Buckets, other: Buckets) -> None:
    source, target = (S3Archive(one.settings, one.archive, "GOVERNANCE") for one in (buckets, other))
    now, told = datetime.now(UTC), list[CopiedObjects]()
    for name in ("a/1", "a/2", "b/1"):
        source.write(name, name.encode(), UNTIL)
    source.set_legal_hold("a/2", held=True)
    target.write("a/1", b"a/1", UNTIL)  # where an earlier copy stopped

    assert copy_archive(source, target, now, told.append) == CopiedObjects(copied=2, present=1)

    assert told == [CopiedObjects(2, 1)]
    assert {key: target.read(key) for key in target.keys("")} == {name: name.encode() for name in ("a/1", "a/2", "b/1")}
    assert all(target.state(key).retain_until == UNTIL for key in target.keys(""))
    assert [target.has_legal_hold(key) for key in target.keys("")] == [False, True, False]
    assert copy_archive(source, target, now + timedelta(days=9), told.append) == CopiedObjects(present=3)


def test_other_bytes_at_the_target_stop_the_copy(buckets: Buckets, other: Buckets) -> None:
    source, target = (S3Archive(one.settings, one.archive, "GOVERNANCE") for one in (buckets, other))
    source.write("a/1", b"bytes", UNTIL)
    target.write("a/1", b"other bytes", UNTIL)

    with pytest.raises(EvidenceBroken):
        copy_archive(source, target, datetime.now(UTC), lambda _: None)


def test_a_lock_made_longer_since_is_carried_over_by_the_next_copy(buckets: Buckets, other: Buckets) -> None:
    source, target = (S3Archive(one.settings, one.archive, "GOVERNANCE") for one in (buckets, other))
    source.write("a/1", b"bytes", UNTIL)
    copy_archive(source, target, datetime.now(UTC), lambda _: None)
    source.extend_lock("a/1", UNTIL + timedelta(days=365))

    assert copy_archive(source, target, datetime.now(UTC), lambda _: None) == CopiedObjects(present=1)
    assert target.state("a/1").retain_until == UNTIL + timedelta(days=365)


def test_other_bytes_of_the_same_size_and_an_object_without_lock_are_seen(buckets: Buckets, other: Buckets) -> None:
    source, target = (S3Archive(one.settings, one.archive, "GOVERNANCE") for one in (buckets, other))
    now = datetime.now(UTC)
    source.write("a/1", b"bytes", now + timedelta(seconds=30))
    S3Client(other.settings).minio.put_object(other.archive, "a/1", io.BytesIO(b"bytes"), 5)
    copy_archive(source, target, now + timedelta(seconds=31), lambda _: None)
    assert target.state("a/1").lock_mode == "GOVERNANCE"

    source.write("a/2", b"bytes", UNTIL)
    target.write("a/2", b"bytez", UNTIL)
    with pytest.raises(EvidenceBroken):
        copy_archive(source, target, now, lambda _: None)


def test_working_bytes_move_and_a_cut_move_goes_on(buckets: Buckets, other: Buckets) -> None:
    source, target = (S3WorkingStore(one.settings, one.working) for one in (buckets, other))
    digests = sorted(source.put(f"bytes {number}".encode()) for number in range(5))
    source.put_named("pages/1", b"derived")
    target.put(source.get(digests[0]))

    assert copy_working(source, target, lambda _: None) == CopiedObjects(copied=4, present=1)
    assert target.digests() == digests
    assert all(sha256_hex(target.get(digest)) == digest for digest in digests)
