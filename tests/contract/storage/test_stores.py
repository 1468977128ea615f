"""What every working store and every archive promises."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest

from conventions.canonical import sha256_hex
from conventions.errors import EvidenceBroken, NotFound
from conventions.ports.stores import Archive, LockedObject, WorkingStore

UNTIL = datetime(2031, 12, 31, 23, 59, 59, tzinfo=UTC)
KEY = "agreements/2026-0001/0001-sealed-" + sha256_hex(b"sealed")


class TestWorkingStore:
    def test_gives_back_what_it_was_given(self, working: WorkingStore) -> None:
        data = bytes(range(256)) * 3_000

        assert working.put(data) == sha256_hex(data)
        assert working.get(sha256_hex(data)) == data

    def test_the_same_bytes_twice_are_one_object(self, working: WorkingStore) -> None:
        assert working.put(b"same") == working.put(b"same")
        assert working.get(sha256_hex(b"same")) == b"same"

    def test_nothing_at_all_can_be_kept(self, working: WorkingStore) -> None:
        assert working.get(working.put(b"")) == b""

    @pytest.mark.parametrize("digest", [sha256_hex(b"never put"), "../work", ""])
    def test_an_unknown_digest_is_not_found(self, working: WorkingStore, digest: str) -> None:
        with pytest.raises(NotFound):
            working.get(digest)

    def test_derived_bytes_are_kept_by_name_and_may_be_made_again(self, working: WorkingStore) -> None:
        name = f"pages/{sha256_hex(b'prepared')}/0001.png"
        working.put_named(name, b"first picture")
        working.put_named(name, b"second picture")

        assert working.get_named(name) == b"second picture"

    def test_unknown_derived_bytes_are_not_found(self, working: WorkingStore) -> None:
        with pytest.raises(NotFound):
            working.get_named("pages/none.png")


class TestArchive:
    def test_writes_under_lock_and_reads_back(self, archive: Archive) -> None:
        written = archive.write(KEY, b"sealed", UNTIL)

        assert archive.read(KEY) == b"sealed"
        assert (written.key, written.size_bytes, written.lock_mode, written.retain_until) == (KEY, 6, "GOVERNANCE", UNTIL)
        assert written.version_id
        assert archive.state(KEY) == written

    def test_the_same_bytes_again_are_fine_and_nothing_more_is_written(self, archive: Archive) -> None:
        first = archive.write(KEY, b"sealed", UNTIL)

        assert archive.write(KEY, b"sealed", UNTIL) == first

    def test_other_bytes_on_a_taken_key_are_broken_evidence_and_change_nothing(self, archive: Archive) -> None:
        archive.write(KEY, b"sealed", UNTIL)

        with pytest.raises(EvidenceBroken) as refused:
            archive.write(KEY, b"forged", UNTIL)

        assert refused.value.code == "archive.other_bytes"
        assert archive.read(KEY) == b"sealed"

    def test_a_longer_lock_is_taken_and_a_shorter_one_is_not(self, archive: Archive) -> None:
        archive.write(KEY, b"sealed", UNTIL)
        longer = archive.write(KEY, b"sealed", UNTIL + timedelta(days=365))
        again = archive.write(KEY, b"sealed", UNTIL)

        assert longer.retain_until == again.retain_until == UNTIL + timedelta(days=365)

    def test_a_fraction_of_a_second_never_shortens_the_lock(self, archive: Archive) -> None:
        until = UNTIL - timedelta(microseconds=1)

        assert archive.write(KEY, b"sealed", until).retain_until >= until

    def test_what_is_not_there_is_not_found(self, archive: Archive) -> None:
        with pytest.raises(NotFound):
            archive.read("agreements/none")
        with pytest.raises(NotFound):
            archive.state("agreements/none")

    def test_lists_the_keys_of_a_folder_in_order(self, archive: Archive) -> None:
        for name in ("a/2", "a/10", "a/1", "b/1", "ab"):
            archive.write(name, b"x", UNTIL)

        assert archive.keys("a/") == ["a/1", "a/10", "a/2"]
        assert archive.keys("none/") == []

    def test_two_workers_archive_the_same_object_once(self, archive: Archive) -> None:
        found: list[LockedObject] = []
        together = Barrier(4)

        def work() -> None:
            together.wait()
            found.append(archive.write(KEY, b"sealed" * 10_000, UNTIL))

        workers = [Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

        assert len(found) == 4
        assert len(set(found)) == 1
