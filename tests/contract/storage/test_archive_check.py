"""Each fault of an archived folder is really made on SeaweedFS, and found."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from minio import Minio
from minio.error import S3Error

from conventions.archive_check import ArchiveFault, assess_folder
from conventions.canonical import render_canonical, sha256_hex
from conventions.errors import EvidenceBroken, NotFound, UpstreamUnavailable
from conventions.folder import INDEX_SCHEMA
from conventions.ports.registry import ArchiveEntry
from storage.archive import S3Archive
from storage.s3_client import S3Client
from storage.two_archives import TwoArchives
from tests.contract.storage.conftest import Buckets
from tests.fakes.stores import FakeArchive

UNTIL = datetime(2031, 12, 31, 23, 59, 59, tzinfo=UTC)
PREFIX = "agreements/2026-0001/"


def entry(seq: int, kind: str, data: bytes, until: datetime = UNTIL) -> ArchiveEntry:
    sha256 = sha256_hex(data)
    return ArchiveEntry("2026-0001", seq, kind, sha256, len(data), f"{PREFIX}{seq:04d}-{kind}-{sha256}", until, UNTIL)


def index(number: int, previous: bytes | None, *objects: ArchiveEntry) -> bytes:
    return render_canonical(
        {
            "schema": INDEX_SCHEMA,
            "reference": "2026-0001",
            "number": number,
            "previous_sha256": None if previous is None else sha256_hex(previous),
            "objects": [{"seq": o.seq, "kind": o.kind, "sha256": o.sha256, "size_bytes": o.size_bytes, "key": o.key} for o in objects],
        }
    )


@pytest.fixture
def s3(buckets: Buckets) -> S3Archive:
    return S3Archive(buckets.settings, buckets.archive, "GOVERNANCE")


@pytest.fixture
def minio(buckets: Buckets) -> Minio:
    return S3Client(buckets.settings).minio


@pytest.fixture
def folder(s3: S3Archive) -> list[ArchiveEntry]:
    """Archive two files and the index that lists them."""
    files = {entry(1, "prepared", b"prepared bytes"): b"prepared bytes", entry(2, "sealed", b"sealed bytes"): b"sealed bytes"}
    listing = index(1, None, *files)
    for item, data in (*files.items(), (entry(3, "index", listing), listing)):
        s3.write(item.key, data, item.retain_until)
    return [*files, entry(3, "index", listing)]


def faults(s3: S3Archive, entries: Sequence[ArchiveEntry]) -> set[tuple[ArchiveFault, str]]:
    return {(finding.fault, finding.key) for finding in assess_folder(s3, PREFIX, entries)}


def test_a_whole_folder_has_no_fault(s3: S3Archive, folder: list[ArchiveEntry]) -> None:
    intent = dataclasses.replace(entry(4, "record", b"not yet there"), completed_at=None)

    assert faults(s3, [*folder, intent]) == set()


def test_what_is_missing_is_found(s3: S3Archive, folder: list[ArchiveEntry]) -> None:
    lost = entry(4, "record", b"lost")

    assert faults(s3, [*folder, lost]) == {(ArchiveFault.MISSING, lost.key)}


def test_what_a_delete_marker_hides_is_found_and_is_still_there(
    s3: S3Archive, folder: list[ArchiveEntry], minio: Minio, buckets: Buckets
) -> None:
    hidden = folder[1]
    minio.remove_object(buckets.archive, hidden.key)
    with pytest.raises(NotFound):
        s3.read(hidden.key)

    assert faults(s3, folder) == {(ArchiveFault.HIDDEN, hidden.key)}
    kept = next(version for version in s3.versions(PREFIX) if version.key == hidden.key and not version.is_delete_marker)
    assert minio.get_object(buckets.archive, hidden.key, version_id=kept.version_id).data == b"sealed bytes"


@pytest.mark.parametrize(("forged", "fault"), [(b"forged bytes", ArchiveFault.ALTERED), (b"sealed", ArchiveFault.TRUNCATED)])
def test_a_version_put_over_another_is_found(
    s3: S3Archive, folder: list[ArchiveEntry], minio: Minio, buckets: Buckets, forged: bytes, fault: ArchiveFault
) -> None:
    key = folder[1].key
    minio.put_object(buckets.archive, key, io.BytesIO(forged), len(forged))

    assert faults(s3, folder) == {(ArchiveFault.EXTRA_VERSION, key), (fault, key), (ArchiveFault.UNLOCKED, key)}


def test_what_was_put_without_lock_is_found(s3: S3Archive, folder: list[ArchiveEntry], minio: Minio, buckets: Buckets) -> None:
    unlocked = entry(4, "record", b"record")
    minio.put_object(buckets.archive, unlocked.key, io.BytesIO(b"record"), 6)

    assert faults(s3, [*folder, unlocked]) == {(ArchiveFault.UNLOCKED, unlocked.key)}


def test_a_lock_shorter_than_recorded_is_found(s3: S3Archive, folder: list[ArchiveEntry]) -> None:
    longer = dataclasses.replace(folder[0], retain_until=UNTIL + timedelta(days=1))

    assert faults(s3, [longer, *folder[1:]]) == {(ArchiveFault.LOCK_SHORTENED, longer.key)}


def test_what_the_registry_does_not_know_is_found(s3: S3Archive, folder: list[ArchiveEntry]) -> None:
    s3.write(f"{PREFIX}0009-other-{sha256_hex(b'other')}", b"other", UNTIL)

    assert faults(s3, folder) == {(ArchiveFault.EXTRA, f"{PREFIX}0009-other-{sha256_hex(b'other')}")}


@pytest.mark.parametrize(
    "second",
    [
        lambda _first, files: index(2, None, *files),
        lambda first, files: index(3, first, *files),
        lambda first, files: index(2, first, files[0]),
        lambda first, files: index(2, first, *files, entry(8, "unknown", b"unknown")),
        lambda first, files: index(2, first, files[0], dataclasses.replace(files[1], size_bytes=1)),
        lambda _first, _files: b"not JSON",
        lambda _first, _files: b"[]",
    ],
)
def test_an_index_that_does_not_follow_is_found(
    s3: S3Archive, folder: list[ArchiveEntry], second: Callable[[bytes, Sequence[ArchiveEntry]], bytes]
) -> None:
    data = second(index(1, None, *folder[:2]), folder[:2])
    broken = entry(4, "index", data)
    s3.write(broken.key, data, UNTIL)

    assert faults(s3, [*folder, broken]) == {(ArchiveFault.INDEX_BROKEN, broken.key)}


def test_a_chain_of_indexes_holds(s3: S3Archive, folder: list[ArchiveEntry]) -> None:
    record, first = entry(4, "record", b"record"), index(1, None, *folder[:2])
    data = index(2, first, *folder[:2], record)
    s3.write(record.key, b"record", UNTIL)
    s3.write(entry(5, "index", data).key, data, UNTIL)

    assert faults(s3, [*folder, record, entry(5, "index", data)]) == set()


def test_a_held_object_stays_and_a_lock_only_gets_longer(s3: S3Archive, folder: list[ArchiveEntry], minio: Minio, buckets: Buckets) -> None:
    key = folder[0].key
    assert not s3.has_legal_hold(key)
    s3.set_legal_hold(key, held=True)
    assert s3.has_legal_hold(key)
    with pytest.raises(S3Error):
        minio.remove_object(buckets.archive, key, version_id=s3.state(key).version_id)
    s3.set_legal_hold(key, held=False)
    assert not s3.has_legal_hold(key)

    assert s3.extend_lock(key, UNTIL + timedelta(days=1)).retain_until == UNTIL + timedelta(days=1)
    assert s3.extend_lock(key, UNTIL).retain_until == UNTIL + timedelta(days=1)
    with pytest.raises(NotFound):
        s3.extend_lock("none", UNTIL)


class TestTwoArchives:
    def test_an_object_stands_in_both_and_either_is_enough_to_read(self) -> None:
        first, second = FakeArchive(), FakeArchive()
        both = TwoArchives(first, second)
        written = both.write("a/1", b"bytes", UNTIL)

        assert first.objects == second.objects == {"a/1": b"bytes"}
        first.down = True
        assert (both.read("a/1"), both.state("a/1"), both.keys("a/")) == (b"bytes", written, ["a/1"])
        first.down, second.down = False, True
        assert (both.read("a/1"), both.state("a/1"), both.keys("a/")) == (b"bytes", written, ["a/1"])

    def test_what_one_lost_the_other_gives(self) -> None:
        first, second = FakeArchive(), FakeArchive()
        both = TwoArchives(first, second)
        both.write("a/1", b"bytes", UNTIL)
        first.objects.clear()
        first.states.clear()

        assert both.read("a/1") == b"bytes"
        assert both.state("a/1").key == "a/1"

    def test_nothing_is_archived_while_one_is_down_and_trying_again_completes_it(self) -> None:
        first, second = FakeArchive(), FakeArchive()
        both = TwoArchives(first, second)
        second.down = True
        with pytest.raises(UpstreamUnavailable):
            both.write("a/1", b"bytes", UNTIL)
        second.down = False
        both.write("a/1", b"bytes", UNTIL)

        assert first.objects == second.objects
        second.objects["a/1"] = b"other"
        with pytest.raises(EvidenceBroken):
            both.write("a/1", b"bytes", UNTIL)

    def test_two_buckets_of_a_real_store(self, buckets: Buckets, s3: S3Archive) -> None:
        S3Client(buckets.settings).minio.make_bucket(f"{buckets.archive}-second", object_lock=True)
        second = S3Archive(buckets.settings, f"{buckets.archive}-second", "GOVERNANCE")

        TwoArchives(s3, second).write("a/1", b"bytes", UNTIL)

        assert s3.read("a/1") == second.read("a/1") == b"bytes"
