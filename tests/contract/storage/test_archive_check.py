"""Each fault of an archived folder is really made on SeaweedFS, and found."""

from __future__ import annotations

import dataclasses
import io
import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from minio import Minio
from minio.error import S3Error

from contreseing.embedded.seaweedfs import SeaweedfsProcess
from conventions.archive_check import assess_folder
from conventions.archive_faults import ArchiveFault
from conventions.canonical import render_canonical, sha256_hex
from conventions.errors import EvidenceBroken, NotFound, UpstreamUnavailable
from conventions.folder import INDEX_SCHEMA
from conventions.ports.registry import ArchiveEntry
from storage.archive import S3Archive
from storage.buckets import ensure_buckets
from storage.s3_client import S3Client
from storage.two_archives import REST_S, TwoArchives
from tests.contract.storage.conftest import Buckets
from tests.contract.storage.servers import running_seaweedfs, settings_of
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


def rot(seaweedfs: SeaweedfsProcess, data: bytes) -> None:
    """Flip one bit of an object's bytes, on the disk, in the volume where SeaweedFS keeps them."""
    for volume in (seaweedfs.server.data_dir / "volumes").rglob("*.dat"):
        at = volume.read_bytes().find(data)
        if at >= 0:
            with volume.open("r+b") as file:
                file.seek(at + len(data) // 2)
                byte = file.read(1)[0]
                file.seek(at + len(data) // 2)
                file.write(bytes([byte ^ 1]))
            return
    pytest.fail("the object's bytes are in no volume")


def cut(seaweedfs: SeaweedfsProcess, data: bytes) -> None:
    """Cut the volume that holds an object in the middle of its bytes; it is the last that was written."""
    for volume in (seaweedfs.server.data_dir / "volumes").rglob("*.dat"):
        at = volume.read_bytes().find(data)
        if at >= 0:
            with volume.open("r+b") as file:
                file.truncate(at + len(data) // 2)
            return
    pytest.fail("the object's bytes are in no volume")


def hasty(buckets: Buckets) -> S3Archive:
    return S3Archive(dataclasses.replace(buckets.settings, read_timeout_s=1.0, tries=2, patience_s=2.0), buckets.archive, "GOVERNANCE")


def test_one_bit_that_rots_on_the_disk_is_found_and_the_others_are_read(
    s3: S3Archive, folder: list[ArchiveEntry], buckets: Buckets, seaweedfs: SeaweedfsProcess
) -> None:
    data = random.Random(buckets.archive).randbytes(5_000)
    rotten, lost = entry(4, "record", data), entry(5, "mail", b"lost")
    s3.write(rotten.key, data, UNTIL)
    rot(seaweedfs, data)

    assert faults(hasty(buckets), [*folder, rotten, lost]) == {
        (ArchiveFault.UNREADABLE, rotten.key),
        (ArchiveFault.MISSING, lost.key),
    }


def test_an_object_alone_in_its_folder_is_unreadable_where_another_folder_is_read(
    s3: S3Archive, folder: list[ArchiveEntry], buckets: Buckets, seaweedfs: SeaweedfsProcess
) -> None:
    data = random.Random(buckets.archive).randbytes(5_000)
    rotten = entry(4, "record", data)
    s3.write(rotten.key, data, UNTIL)
    rot(seaweedfs, data)

    with pytest.raises(UpstreamUnavailable):
        assess_folder(hasty(buckets), "none/", [rotten], [rotten.key])
    (found,) = assess_folder(hasty(buckets), "none/", [rotten], [rotten.key, folder[0].key])
    assert (found.fault, found.key) == (ArchiveFault.UNREADABLE, rotten.key)


def test_bytes_cut_off_a_volume_are_found(tmp_path: Path) -> None:
    with running_seaweedfs(tmp_path) as process:
        own = Buckets(settings_of(process), "working", "archive")
        ensure_buckets(own.settings, own.working, own.archive)
        s3, data = S3Archive(own.settings, own.archive, "GOVERNANCE"), random.Random(1).randbytes(5_000)
        first, last = entry(1, "prepared", b"prepared bytes"), entry(2, "sealed", data)
        s3.write(first.key, b"prepared bytes", UNTIL)
        s3.write(last.key, data, UNTIL)
        cut(process, data)

        assert faults(hasty(own), [first, last]) == {(ArchiveFault.UNREADABLE, last.key)}


def test_a_lock_weaker_than_the_archives_is_found(s3: S3Archive, folder: list[ArchiveEntry], buckets: Buckets) -> None:
    strict = S3Archive(buckets.settings, buckets.archive, "COMPLIANCE")

    assert faults(strict, folder) == {(ArchiveFault.LOCK_WEAKENED, item.key) for item in folder}
    stricter = entry(4, "record", b"record")
    strict.write(stricter.key, b"record", datetime.now(UTC) + timedelta(minutes=1))
    assert (ArchiveFault.LOCK_WEAKENED, stricter.key) not in faults(s3, [*folder, stricter])


def test_an_index_that_is_lost_does_not_break_the_next(s3: S3Archive, folder: list[ArchiveEntry]) -> None:
    lost = index(1, None, *folder[:1])
    second = index(2, lost, *folder[:2])
    entries = [*folder[:2], entry(3, "index", lost), entry(4, "index", second)]
    s3.write(entries[3].key, second, UNTIL)

    assert faults(s3, [*entries, dataclasses.replace(folder[2], seq=9, kind="other")]) == {(ArchiveFault.MISSING, entries[2].key)}


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

    def test_bytes_that_rotted_in_one_are_read_in_the_other(self) -> None:
        first, second, key = FakeArchive(), FakeArchive(), f"a/0001-sealed-{sha256_hex(b'bytes')}"
        both = TwoArchives(first, second)
        both.write(key, b"bytes", UNTIL)
        first.objects[key] = b"other"
        assert both.read(key) == b"bytes"

        second.down = True
        with pytest.raises(UpstreamUnavailable):
            both.read(key)
        second.down = False
        second.objects[key] = b"third"
        assert both.read(key) in {b"other", b"third"}  # the caller compares, and says that evidence is broken

    def test_what_one_lost_may_stand_in_one_that_is_away(self) -> None:
        first, second = FakeArchive(), FakeArchive()
        both = TwoArchives(first, second)
        with pytest.raises(NotFound):
            both.read("a/1")
        for one, other in ((first, second), (second, first)):
            one.down, other.down = True, False
            with pytest.raises(UpstreamUnavailable):
                both.read("a/1")

    def test_listings_hold_what_stands_in_either(self) -> None:
        first, second = FakeArchive(), FakeArchive()
        both = TwoArchives(first, second)
        both.write("a/2", b"bytes", UNTIL)
        first.write("a/1", b"bytes", UNTIL)
        second.write("a/3", b"bytes", UNTIL)

        assert both.keys("a/") == ["a/1", "a/2", "a/3"]
        assert [version.key for version in both.versions("a/")] == ["a/1", "a/2", "a/3"]
        first.down = second.down = True
        with pytest.raises(UpstreamUnavailable):
            both.keys("a/")

    def test_a_store_that_is_away_is_not_asked_at_each_read(self) -> None:
        first, second, now = FakeArchive(), FakeArchive(), [0.0]
        both = TwoArchives(first, second, lambda: now[0])
        both.write("a/1", b"bytes", UNTIL)
        first.down, first.calls = True, 0
        for _ in range(5):
            both.read("a/1")
            both.keys("a/")
        assert first.calls == 1

        now[0], first.down = REST_S, False
        both.read("a/1")
        assert first.calls == 2

    def test_two_buckets_of_a_real_store(self, buckets: Buckets, s3: S3Archive) -> None:
        S3Client(buckets.settings).minio.make_bucket(f"{buckets.archive}-second", object_lock=True)
        second = S3Archive(buckets.settings, f"{buckets.archive}-second", "GOVERNANCE")

        TwoArchives(s3, second).write("a/1", b"bytes", UNTIL)

        assert s3.read("a/1") == second.read("a/1") == b"bytes"
