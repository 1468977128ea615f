"""An agreement's folder in the archive: numbers taken once, bytes as recorded, indexes in one chain."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest

from conventions.agreements import FactKind, Stage
from conventions.canonical import sha256_hex
from conventions.errors import Busy, EvidenceBroken, UpstreamUnavailable
from conventions.folder import archive_record, finish_pending, keep, keep_index
from conventions.kinds import Kind
from conventions.ports.registry import ArchiveEntry, Transaction
from conventions.retention import retain_until
from conventions.steps import countersign
from tests.builders import example_programme
from tests.fakes.meanwhile import Meanwhile
from tests.fakes.registry import FakeRegistry, FakeTransaction
from tests.fakes.stores import FakeWorkingStore
from tests.fakes.world import World


def test_pending_intents_are_finished_and_numbers_are_taken_once() -> None:
    world = World()
    reference = world.invited()
    until = retain_until(world.programme, 10)
    world.archive.down = True
    with pytest.raises(UpstreamUnavailable):
        keep(world.ports, reference, "note", b"un", until)
    world.archive.down = False
    assert finish_pending(world.ports, reference) == 1
    assert keep(world.ports, reference, "note", b"un", until).seq == 1
    assert keep(world.ports, reference, "note", b"deux", until).seq == 2


def test_a_pending_intent_never_takes_other_bytes() -> None:
    world = World()
    reference = world.invited()
    with world.registry.write() as tx:
        tx.add_archive_entry(ArchiveEntry(reference, 1, "note", "0" * 64, 1, "k", world.clock.now()))
    world.working.objects["0" * 64] = b"x"
    with pytest.raises(EvidenceBroken):
        finish_pending(world.ports, reference)


def test_lock_dates_exist_in_every_year() -> None:
    programme = replace(example_programme(), ends_on=example_programme().ends_on.replace(year=2028, month=2, day=29))
    assert retain_until(programme, 1).isoformat() == "2029-02-28T23:59:59+00:00"
    assert retain_until(example_programme(), 10).isoformat() == "2040-12-31T23:59:59+00:00"


def test_record_and_final_stage() -> None:
    world = World()
    reference = world.invited()
    agreement = world.agreement(reference)
    assert reference.encode() in archive_record(agreement, agreement.facts[-1])
    assert replace(agreement, kind=Kind.CHARTER).final_stage is Stage.MEMBER_SIGNED


class Behind:
    """A registry whose transactions see an archive folder as it was before others wrote, the given number of times."""

    def __init__(self, registry: FakeRegistry, times: int) -> None:
        self._registry, self.times = registry, times

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        with self._registry.write() as tx:
            if self.times:
                self.times -= 1
                stale: Any = _Stale(tx)
                yield stale
            else:
                yield tx

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 the rest of the registry
        return getattr(self._registry, name)


class _Stale:
    def __init__(self, tx: FakeTransaction) -> None:
        self._tx = tx

    def archive_entries(self, reference: str) -> Sequence[ArchiveEntry]:
        return ()

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 the rest of the transaction
        return getattr(self._tx, name)


def test_a_number_taken_meanwhile_is_not_taken_twice() -> None:
    world = World()
    reference = world.invited()
    until = retain_until(world.programme, 10)
    assert keep(world.ports, reference, "note", b"un", until).seq == 1
    behind: Any = Behind(world.registry, times=2)
    assert keep(replace(world.ports, registry=behind), reference, "note", b"deux", until).seq == 2
    assert behind.times == 0


def test_a_folder_that_others_never_stop_writing_is_left_for_later() -> None:
    world = World()
    reference = world.invited()
    until = retain_until(world.programme, 10)
    keep(world.ports, reference, "note", b"un", until)
    behind: Any = Behind(world.registry, times=100)
    with pytest.raises(Busy):
        keep(replace(world.ports, registry=behind), reference, "note", b"deux", until)
    assert [key for key in world.archive.objects if "-note-" in key] == [f"agreements/{reference}/0001-note-{sha256_hex(b'un')}"]


def test_an_index_says_nothing_new_when_nothing_was_added() -> None:
    world = World()
    reference = world.invited()
    until = retain_until(world.programme, 10)
    keep(world.ports, reference, "note", b"un", until)
    first = keep_index(world.ports, reference, until)
    assert keep_index(world.ports, reference, until).key == first.key
    keep(world.ports, reference, "note", b"deux", until)
    assert keep_index(world.ports, reference, until).seq == 4


def test_two_indexes_at_once_make_one_chain() -> None:
    world = World()
    reference = world.invited()
    until = retain_until(world.programme, 10)
    keep(world.ports, reference, "note", b"un", until)

    def other() -> None:
        keep(world.ports, reference, "note", b"deux", until)
        keep_index(world.ports, reference, until)

    racing: Any = Meanwhile(world.working, "put", other)
    last = keep_index(replace(world.ports, working=racing), reference, until)
    indexes = {key: json.loads(data) for key, data in sorted(world.archive.objects.items()) if "-index-" in key}
    assert [(index["number"], len(index["objects"])) for index in indexes.values()] == [(1, 2)]
    assert [*indexes] == [last.key]


def test_an_object_completed_after_an_index_was_made_enters_the_next_one() -> None:
    world = World()
    reference = world.invited()
    until = retain_until(world.programme, 10)
    keep(world.ports, reference, "note", b"un", until)
    racing: Any = Meanwhile(world.archive, "write", lambda: keep_index(world.ports, reference, until))
    keep(replace(world.ports, archive=racing), reference, "note", b"deux", until)
    keep_index(world.ports, reference, until)
    indexes = [json.loads(data) for key, data in sorted(world.archive.objects.items()) if "-index-" in key]
    assert [item["sha256"] for item in indexes[-1]["objects"]] == [sha256_hex(b"un"), sha256_hex(b"deux")]


def test_an_index_that_others_never_stop_overtaking_is_left_for_later() -> None:
    world = World()
    reference = world.invited()
    until = retain_until(world.programme, 10)
    keep(world.ports, reference, "note", b"zero", until)

    class Overtaken(FakeWorkingStore):
        def put(self, data: bytes) -> str:
            for indexed in (True, False):
                keep(world.ports, reference, "note", f"{len(world.archive.objects)}".encode(), until)
                if indexed:
                    keep_index(world.ports, reference, until)
            return super().put(data)

    overtaken = Overtaken(world.registry)
    overtaken.objects = world.working.objects
    with pytest.raises(Busy):
        keep_index(replace(world.ports, working=overtaken), reference, until)


def test_the_record_says_the_same_whenever_it_is_made() -> None:
    world = World()
    reference = world.member_signed()
    signed = world.agreement(reference).required_fact(FactKind.MEMBER_SIGNED)
    early = archive_record(world.agreement(reference), signed)
    countersign.countersign(world.ports, world.authorise(reference).id)
    assert archive_record(world.agreement(reference), signed) == early
    assert [artefact["stage"] for artefact in json.loads(early)["artefacts"]] == ["prepared", "member_signed"]


def test_a_store_that_does_not_look_at_what_it_gives_is_caught_before_the_archive() -> None:
    class Blind(FakeWorkingStore):
        def get(self, sha256: str) -> bytes:
            return self.objects[sha256]

    world = World()
    reference = world.invited()
    until = retain_until(world.programme, 10)
    world.archive.down = True
    with pytest.raises(UpstreamUnavailable):
        keep(world.ports, reference, "note", b"un", until)
    world.archive.down = False
    blind = Blind(world.registry)
    blind.objects[sha256_hex(b"un")] = b"deux"
    with pytest.raises(EvidenceBroken) as error:
        finish_pending(replace(world.ports, working=blind), reference)
    assert error.value.code == "evidence.digest"
    assert not [key for key in world.archive.objects if "-note-" in key]
