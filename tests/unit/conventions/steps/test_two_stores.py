"""Two stores: what one lacks is told, and copied from the other; what is held stays held in both."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from conventions.archive_faults import ArchiveFault
from conventions.errors import NotFound, RuleRefused, UpstreamUnavailable
from conventions.folder import keep
from conventions.ports.stores import LockedObject, StoredVersion
from conventions.ports.system import Ports
from conventions.status import Status
from conventions.steps.check_archive import StoreFinding, check_archive
from conventions.steps.hold import hold, let_go
from conventions.steps.repair_archive import Repair, repair_archive
from conventions.steps.stamp_journal import stamp_journal
from storage.two_archives import TwoArchives
from tests.fakes.stores import FakeArchive
from tests.fakes.world import World
from tests.unit.conventions.steps.test_check_archive import REASON, alerts, event_types, key_of, reference_of


@pytest.fixture
def world() -> World:
    made = World()
    made.archived()
    stamp_journal(made.ports)
    return made


def copy_of(archive: FakeArchive) -> FakeArchive:
    second = FakeArchive()
    second.objects, second.states = dict(archive.objects), dict(archive.states)
    return second


def lose(archive: FakeArchive, *keys: str) -> None:
    for key in keys:
        del archive.objects[key]
        del archive.states[key]


def test_what_was_found_before_a_store_went_away_is_told(world: World) -> None:
    second, forged = copy_of(world.archive), key_of(world, "sealed")
    world.archive.objects[forged] = world.archive.objects[forged] + b"forged"
    second.down = True

    check = check_archive(dataclasses.replace(world.ports, archive=TwoArchives(world.archive, second)))

    assert (check.findings, check.away) == ((StoreFinding(1, reference_of(world), ArchiveFault.ALTERED, forged),), (2,))
    assert world.status(reference_of(world)) is Status.QUARANTINED
    assert len(alerts(world)) == 1


def test_a_store_that_is_away_when_strangers_are_looked_for_is_away(world: World) -> None:
    class Closing(FakeArchive):
        def keys(self, prefix: str) -> Sequence[str]:
            if not prefix:
                raise UpstreamUnavailable("no listing")
            return super().keys(prefix)

    second = Closing()
    second.objects, second.states = dict(world.archive.objects), dict(world.archive.states)
    with pytest.raises(UpstreamUnavailable):
        check_archive(dataclasses.replace(world.ports, archive=TwoArchives(world.archive, second)))


def test_a_store_that_is_away_is_not_asked_for_every_folder(world: World) -> None:
    class Silent(FakeArchive):
        asked = 0

        def versions(self, prefix: str) -> Sequence[StoredVersion]:
            self.asked += 1
            time.sleep(0.02)
            raise UpstreamUnavailable(f"no versions of {prefix}")

    for number in range(100):
        keep(world.ports, f"journal/{number:04d}", "head", b"head", world.clock.now() + timedelta(days=1))
    second = Silent()
    with pytest.raises(UpstreamUnavailable):
        check_archive(dataclasses.replace(world.ports, archive=TwoArchives(world.archive, second)))
    assert second.asked < 50


def test_a_second_store_that_was_just_set_is_to_be_filled_and_puts_nothing_aside(world: World) -> None:
    ports = dataclasses.replace(world.ports, archive=TwoArchives(world.archive, FakeArchive()))

    check = check_archive(ports)

    assert {(one.store, one.fault) for one in check.findings} == {(2, ArchiveFault.NOT_COPIED)}
    assert len(check.findings) == check.folders
    assert f"agreements/{reference_of(world)}/" in {one.key for one in check.findings}
    assert world.status(reference_of(world)) is Status.ARCHIVED
    assert "contreseing archive repair" in alerts(world)[0]


def test_what_one_store_lost_is_to_be_copied_and_what_both_lost_is_missing(world: World) -> None:
    second, one, both = copy_of(world.archive), key_of(world, "prepared"), key_of(world, "sealed")
    ports = dataclasses.replace(world.ports, archive=TwoArchives(world.archive, second))
    lose(world.archive, one)
    assert check_archive(ports).findings == (StoreFinding(1, reference_of(world), ArchiveFault.NOT_COPIED, one),)
    assert world.status(reference_of(world)) is Status.ARCHIVED

    lose(world.archive, both)
    second.objects[both] = b""
    assert set(check_archive(ports).findings) == {
        StoreFinding(1, reference_of(world), ArchiveFault.NOT_COPIED, one),
        StoreFinding(1, reference_of(world), ArchiveFault.MISSING, both),
        StoreFinding(2, reference_of(world), ArchiveFault.TRUNCATED, both),
    }
    assert world.status(reference_of(world)) is Status.QUARANTINED


def test_what_is_found_in_the_second_store_is_said(world: World) -> None:
    second = FakeArchive()
    second.objects, second.states = dict(world.archive.objects), dict(world.archive.states)
    second.objects[key_of(world, "prepared")] = b""
    check_archive(dataclasses.replace(world.ports, archive=TwoArchives(world.archive, second)))
    assert "fichier tronqué (second dépôt)" in alerts(world)[0]


def test_each_of_two_stores_is_read(world: World) -> None:
    second = FakeArchive()
    second.objects, second.states = dict(world.archive.objects), dict(world.archive.states)
    ports = dataclasses.replace(world.ports, archive=TwoArchives(world.archive, second))
    assert check_archive(ports).stores == 2
    key = key_of(world, "prepared")
    second.states[key] = dataclasses.replace(second.states[key], lock_mode="")

    assert check_archive(ports).findings == (StoreFinding(2, reference_of(world), ArchiveFault.UNLOCKED, key),)


def both(world: World, second: FakeArchive) -> Ports:
    return dataclasses.replace(world.ports, archive=TwoArchives(world.archive, second))


def repaired(ports: Ports) -> Repair:
    return repair_archive(ports, lambda _: None)


def test_an_empty_store_is_filled_with_locks_and_holds(world: World) -> None:
    second, reference = FakeArchive(), reference_of(world)
    hold(world.ports, reference, REASON, "agent")
    longer = key_of(world, "sealed")
    world.archive.extend_lock(longer, datetime(2090, 1, 1, tzinfo=UTC))
    alone = key_of(world, "segment")
    world.archive.set_legal_hold(alone, held=True)
    ports = both(world, second)
    assert not check_archive(ports).holds

    done = repaired(ports)

    assert done == Repair(6, len(world.archive.objects), ())
    assert (second.objects, second.held) == (world.archive.objects, world.archive.held)
    assert {key: state.retain_until for key, state in second.states.items()} == {
        key: state.retain_until for key, state in world.archive.states.items()
    }
    assert check_archive(ports).holds
    assert event_types(world, reference).count("archive.repaired") == 1
    assert repaired(ports) == Repair(6, 0, ())


def test_what_lacks_in_the_first_comes_from_the_second_and_nothing_is_written_over(world: World) -> None:
    second, lost, forged = copy_of(world.archive), key_of(world, "prepared"), key_of(world, "sealed")
    lose(world.archive, lost)
    second.objects[forged] = b"forged"
    repaired(both(world, second))

    assert world.archive.objects[lost] == second.objects[lost]
    assert second.objects[forged] == b"forged"


def test_what_no_store_gives_whole_is_named(world: World) -> None:
    second, rotten, forged, gone = copy_of(world.archive), key_of(world, "prepared"), key_of(world, "sealed"), key_of(world, "record")
    lose(second, rotten, forged, gone)
    world.archive.rotten.add(rotten)
    world.archive.objects[forged] = b"forged"
    lose(world.archive, gone)
    hold(world.ports, "journal/2026", REASON, "agent")
    with world.registry.write() as tx:
        held = tx.archive_entries("journal/2026")[0].key
    lose(second, held)
    lose(world.archive, held)

    done = repaired(both(world, second))

    assert (done.copied, set(done.lost)) == (0, {rotten, forged, gone, held})


def test_a_repair_that_was_cut_goes_on(world: World) -> None:
    class Full(FakeArchive):
        room = 5

        def write(self, key: str, data: bytes, retain_until: datetime) -> LockedObject:
            if len(self.objects) >= self.room:
                raise UpstreamUnavailable("full", code="store.full")
            return super().write(key, data, retain_until)

    second = Full()
    ports = both(world, second)
    hold(world.ports, reference_of(world), REASON, "agent")
    with pytest.raises(UpstreamUnavailable):
        repaired(ports)
    assert 0 < len(second.objects) < len(world.archive.objects)
    second.held.clear()  # cut between a copy and its hold
    second.room = 1_000
    repaired(ports)
    assert (second.objects, second.held) == (world.archive.objects, world.archive.held)
    world.archive.rotten |= set(world.archive.objects)
    lose(second, key_of(world, "sealed"))
    with pytest.raises(UpstreamUnavailable):
        repaired(ports)


def test_the_advance_is_told(world: World) -> None:
    for number in range(100):
        keep(world.ports, f"journal/{number:04d}", "head", b"head", world.clock.now() + timedelta(days=1))
    told = list[Repair]()
    repair_archive(both(world, copy_of(world.archive)), told.append)
    assert [now.folders for now in told] == [100]


def test_one_store_cannot_be_repaired(world: World) -> None:
    with pytest.raises(RuleRefused) as refused:
        repaired(world.ports)
    assert refused.value.code == "archive.one_store"


def test_a_lock_that_has_ended_is_made_for_a_minute(world: World) -> None:
    second = FakeArchive()
    world.clock.advance(timedelta(days=365 * 80))
    repaired(both(world, second))
    assert {state.retain_until for state in second.states.values()} == {world.clock.now() + timedelta(minutes=1)}


def test_a_hold_says_what_one_store_lacks(world: World) -> None:
    with pytest.raises(NotFound) as refused:
        hold(both(world, FakeArchive()), reference_of(world), REASON, "agent")
    assert refused.value.code == "archive.not_copied"


def test_what_enters_a_folder_that_is_held_is_held(world: World) -> None:
    reference, until = reference_of(world), world.clock.now() + timedelta(days=9)
    before = keep(world.ports, reference, "mail", b"before", until)
    hold(world.ports, reference, REASON, "agent")
    after = keep(world.ports, reference, "mail", b"after", until)
    assert {before.key, after.key} <= world.archive.held
    assert ArchiveFault.NOT_HELD not in {one.fault for one in check_archive(world.ports).findings}

    let_go(world.ports, reference, REASON, "agent")
    assert keep(world.ports, reference, "mail", b"later", until).key not in world.archive.held


def test_what_enters_while_its_folder_is_being_held_is_held(world: World) -> None:
    reference = reference_of(world)

    class Meanwhile(FakeArchive):
        def write(self, key: str, data: bytes, retain_until: datetime) -> LockedObject:
            written = super().write(key, data, retain_until)
            if data == b"new":
                hold(ports, reference, REASON, "agent")
            return written

    archive = Meanwhile()
    archive.objects, archive.states = world.archive.objects, world.archive.states
    ports = dataclasses.replace(world.ports, archive=archive)
    assert keep(ports, reference, "mail", b"new", world.clock.now()).key in archive.held
