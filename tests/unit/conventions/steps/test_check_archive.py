"""The check of the archive finds what is wrong in either store, puts it aside and tells; holds and locks only ever keep more."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from conventions.agreements import FactKind
from conventions.archive_faults import ArchiveFault
from conventions.canonical import sha256_hex
from conventions.errors import InputRefused, NotFound, RuleRefused, UpstreamUnavailable
from conventions.outgoing import Template
from conventions.ports.registry import ArchiveEntry
from conventions.recording import record_event
from conventions.retention import FinalFate, retention_of
from conventions.status import Status
from conventions.steps.check_archive import StoreFinding, check_archive
from conventions.steps.hold import extend_locks, hold, let_go
from conventions.steps.keep_actors import actor_entries
from conventions.steps.keep_trail import keep_trail
from conventions.steps.list_eliminable import TRANSFER_ACCEPTED, list_eliminable
from conventions.steps.release import release
from conventions.steps.restamp import references_to_restamp
from conventions.steps.stamp_journal import stamp_journal
from tests.fakes.world import World

REASON = "contentieux devant le tribunal"
LATER = datetime(2041, 1, 1, tzinfo=UTC)


@pytest.fixture
def world() -> World:
    made = World()
    made.archived()
    stamp_journal(made.ports)
    return made


def reference_of(world: World) -> str:
    return next(iter(world.registry.state.agreements))


def key_of(world: World, kind: str) -> str:
    return next(key for key in world.archive.objects if f"-{kind}-" in key)


def event_types(world: World, reference: str | None) -> list[str]:
    with world.registry.read() as tx:
        return [entry.event.type for entry in tx.events() if entry.event.reference == reference]


def test_an_archive_that_nobody_touched_holds(world: World) -> None:
    check = check_archive(world.ports)

    assert (check.holds, check.folders, check.stores) == (True, 6, 1)
    assert check.objects == len(world.archive.objects)
    assert event_types(world, None)[-1] == "archive.checked"


def test_a_fault_puts_the_agreement_in_quarantine_and_is_journalled(world: World) -> None:
    reference, key = reference_of(world), key_of(world, "sealed")
    world.archive.objects[key] = world.archive.objects[key] + b"forged"

    check = check_archive(world.ports)

    assert check.findings == (StoreFinding(1, reference, ArchiveFault.ALTERED, key),)
    assert world.status(reference) is Status.QUARANTINED
    assert world.agreement(reference).required_fact(FactKind.QUARANTINED).data == {"number": 1, "reason": "archived.altered"}
    assert "archive.fault_found" in event_types(world, reference)
    assert not check_archive(world.ports).holds  # again: told again, put aside once


def alerts(world: World) -> list[str]:
    world.deliver()
    return [notice.values["findings"] for notice in world.mailer.sent if notice.template is Template.ARCHIVE_ALERT]


def test_agents_get_one_mail_for_what_nobody_was_told_of(world: World) -> None:
    reference, key = reference_of(world), key_of(world, "sealed")
    world.archive.objects[key] = world.archive.objects[key] + b"forged"
    check_archive(world.ports)
    check_archive(world.ports)
    assert alerts(world) == [f"{reference}\N{NO-BREAK SPACE}: fichier modifié, {key}"]
    notice = world.mailer.sent[-1]
    assert (notice.to, notice.values["count"]) == (world.rules.agents_mail, "une anomalie")

    other = key_of(world, "segment")
    world.archive.objects[other] = b""
    check_archive(world.ports)
    assert alerts(world)[1:] == [f"{other.rpartition('/')[0]}\N{NO-BREAK SPACE}: fichier tronqué, {other}"]


def test_a_mail_names_thirty_and_counts_the_others(world: World) -> None:
    for number in range(35):
        world.archive.write(f"agreements/2026-00{number + 10}/0001-sealed-ab", b"stranger", world.clock.now())
    check_archive(world.ports)
    (text,) = alerts(world)
    assert (len(text.splitlines()), text.splitlines()[-1]) == (31, "et 5 autres, dans la liste du contrôle")


def test_the_same_fault_after_a_release_puts_aside_and_tells_again(world: World) -> None:
    reference, key = reference_of(world), key_of(world, "sealed")
    whole = world.archive.objects[key]
    world.archive.objects[key] = whole + b"forged"
    check_archive(world.ports)
    for round_ in (1, 2):
        release(world.ports, reference, f"vu une fois de plus : {round_}", "Mme Untel")
        assert world.status(reference) is Status.ARCHIVED
        world.clock.advance(timedelta(days=1))
        check_archive(world.ports)
        assert world.status(reference) is Status.QUARANTINED
        assert len(alerts(world)) == 1 + round_
    world.archive.objects[key] = whole
    release(world.ports, reference, "octets rétablis depuis le second dépôt", "Mme Untel")
    check_archive(world.ports)
    assert world.status(reference) is Status.ARCHIVED


def test_only_what_is_in_quarantine_is_let_out_and_with_a_reason(world: World) -> None:
    with pytest.raises(RuleRefused) as error:
        release(world.ports, reference_of(world), "un motif assez long", "Mme Untel")
    assert error.value.code == "quarantine.none"
    with pytest.raises(InputRefused):
        release(world.ports, reference_of(world), "court", "Mme Untel")


def test_a_fault_of_the_journals_folder_is_told(world: World) -> None:
    key = key_of(world, "segment")
    del world.archive.objects[key]
    del world.archive.states[key]

    assert [(one.fault, one.key) for one in check_archive(world.ports).findings] == [(ArchiveFault.MISSING, key)]


def test_a_registry_that_no_longer_says_what_the_journal_says_is_found(world: World) -> None:
    archive = world.registry.state.archive
    key = key_of(world, "sealed")
    archive[key] = dataclasses.replace(archive[key], sha256="ab" * 32)
    assert ArchiveFault.NOT_AS_JOURNALLED in {one.fault for one in check_archive(world.ports).findings}

    del world.registry.state.archive[key]
    faults = {one.fault for one in check_archive(world.ports).findings}
    assert {ArchiveFault.NOT_AS_JOURNALLED, ArchiveFault.EXTRA} <= faults


def test_a_folder_that_nobody_knows_is_found_when_all_is_read(world: World) -> None:
    world.archive.write("agreements/2026-0099/0001-sealed-ab", b"stranger", world.clock.now())
    world.archive.write("journal/1999/0001-head-ab", b"stranger", world.clock.now())
    world.archive.write("elsewhere/file", b"stranger", world.clock.now())
    world.archive.write("alone", b"stranger", world.clock.now())
    world.archive.write("doctor/trial", b"of a minute", world.clock.now())

    assert [(one.reference, one.fault) for one in check_archive(world.ports).findings] == [
        ("2026-0099", ArchiveFault.EXTRA),
        ("alone", ArchiveFault.EXTRA),
        ("elsewhere", ArchiveFault.EXTRA),
        ("journal/1999", ArchiveFault.EXTRA),
    ]
    assert check_archive(world.ports, sample=1).holds


def test_a_sample_reads_as_many_folders_as_asked(world: World) -> None:
    assert check_archive(world.ports, sample=1).folders == 1
    assert check_archive(world.ports, sample=9).folders == 6


def test_an_object_that_cannot_be_read_hides_no_other_fault(world: World) -> None:
    reference, rotten, forged = reference_of(world), key_of(world, "prepared"), key_of(world, "sealed")
    world.archive.rotten.add(rotten)
    world.archive.objects[forged] = world.archive.objects[forged] + b"forged"

    check = check_archive(world.ports)

    assert set(check.findings) == {
        StoreFinding(1, reference, ArchiveFault.UNREADABLE, rotten),
        StoreFinding(1, reference, ArchiveFault.ALTERED, forged),
    }
    assert check.away == ()
    assert world.status(reference) is Status.QUARANTINED
    assert "ne rend pas" in alerts(world)[0]


def test_an_object_alone_in_its_folder_that_cannot_be_read_is_found(world: World) -> None:
    alone = next(key for key in world.archive.objects if key.startswith("actors/"))
    world.archive.rotten.add(alone)

    assert [(one.fault, one.key) for one in check_archive(world.ports).findings] == [(ArchiveFault.UNREADABLE, alone)]


def test_a_store_that_gives_nothing_any_more_accuses_no_agreement(world: World) -> None:
    world.archive.rotten |= set(world.archive.objects)

    with pytest.raises(UpstreamUnavailable):
        check_archive(world.ports)
    assert world.status(reference_of(world)) is Status.ARCHIVED


def test_a_hold_keeps_every_object_and_is_checked(world: World) -> None:
    reference = reference_of(world)
    count = hold(world.ports, reference, REASON, "agent")
    assert (count, check_archive(world.ports).holds) == (len(world.archive.held), True)
    key = key_of(world, "sealed")
    world.archive.held.discard(key)

    check = check_archive(world.ports)
    assert check.findings == (StoreFinding(1, reference, ArchiveFault.NOT_HELD, key),)
    assert world.status(reference) is not Status.QUARANTINED
    hold(world.ports, reference, REASON, "agent")
    assert check_archive(world.ports).holds

    let_go(world.ports, reference, REASON, "agent")
    assert (world.archive.held, check_archive(world.ports).holds) == (set(), True)
    with pytest.raises(RuleRefused) as refused:
        let_go(world.ports, reference, REASON, "agent")
    assert refused.value.code == "archive.not_held"
    world.archive.held.add(key)  # left by an interruption
    let_go(world.ports, reference, REASON, "agent")
    assert world.archive.held == set()
    assert [kind for kind in event_types(world, reference) if "he" in kind and kind.startswith("archive.h")] == ["archive.held"] * 2


def test_a_held_object_that_is_missing_is_told_once(world: World) -> None:
    hold(world.ports, reference_of(world), REASON, "agent")
    key = key_of(world, "sealed")
    del world.archive.objects[key]
    del world.archive.states[key]

    assert [one.fault for one in check_archive(world.ports).findings] == [ArchiveFault.MISSING]


def test_locks_are_extended_never_shortened(world: World) -> None:
    reference = reference_of(world)
    with world.registry.read() as tx:
        ends = {entry.retain_until for entry in tx.archive_entries(reference)}
    until = max(ends) + timedelta(days=365)
    assert extend_locks(world.ports, reference, until, REASON, "agent") == len([key for key in world.archive.objects if reference in key])
    with world.registry.read() as tx:
        assert {entry.retain_until for entry in tx.archive_entries(reference)} == {until}
        shared = actor_entries(tx, reference)
    assert {entry.key.partition("/")[0] for entry in shared} == {"actors"}
    assert {world.archive.states[entry.key].retain_until for entry in shared} == {entry.retain_until for entry in shared} == {until}
    assert check_archive(world.ports).holds

    with pytest.raises(RuleRefused):
        extend_locks(world.ports, reference, until - timedelta(days=1), REASON, "agent")


def test_what_belongs_to_no_agreement_is_extended_by_itself(world: World) -> None:
    with world.registry.read() as tx:
        shared = actor_entries(tx, reference_of(world))
    folder, until = shared[0].reference, shared[0].retain_until + timedelta(days=30)

    assert extend_locks(world.ports, folder, until, REASON, "agent") == 1
    with world.registry.read() as tx:
        assert [entry.retain_until for entry in tx.archive_entries(folder)] == [until]


def test_a_hold_needs_a_reason_and_a_folder(world: World) -> None:
    with pytest.raises(InputRefused):
        hold(world.ports, reference_of(world), " court  ", "agent")
    with pytest.raises(NotFound):
        hold(world.ports, "2026-0099", REASON, "agent")


def test_what_no_lock_and_no_hold_keeps_is_listed_and_nothing_is_deleted(world: World) -> None:
    world = World()
    world.ports = dataclasses.replace(world.ports, rules=dataclasses.replace(world.rules, final_fate=FinalFate.DESTROY))
    reference, far = world.archived(), world.clock.now() + timedelta(days=365 * 60)
    assert list_eliminable(world.ports, world.clock.now()) == []
    (found,) = list_eliminable(world.ports, far)
    assert (found.reference, found.objects) == (reference, len([key for key in world.archive.objects if reference in key]))
    assert (found.administrative_until, found.final_fate, found.is_transferred) == (date(2040, 12, 31), FinalFate.DESTROY, False)
    assert event_types(world, None)[-1] == "archive.elimination_listed"
    before = dict(world.archive.objects)

    hold(world.ports, reference, REASON, "agent")
    assert list_eliminable(world.ports, far) == []
    assert world.archive.objects == before


def test_what_was_agreed_is_written_with_the_agreement_and_settings_do_not_change_it(world: World) -> None:
    reference, far = reference_of(world), world.clock.now() + timedelta(days=365 * 60)
    for kind in (FactKind.MEMBER_FILE_KEPT, FactKind.ARCHIVED):
        data = world.agreement(reference).required_fact(kind).data
        assert (data["administrative_until"], data["final_fate"]) == ("2040-12-31", "keep")
    rules = dataclasses.replace(world.rules, final_fate=FinalFate.DESTROY, administrative_years=1)
    assert list_eliminable(dataclasses.replace(world.ports, rules=rules), far) == []


def test_what_is_to_be_kept_for_ever_is_listed_once_transferred(world: World) -> None:
    reference, far = reference_of(world), world.clock.now() + timedelta(days=365 * 60)
    with world.registry.write() as tx:
        record_event(world.ports, tx, TRANSFER_ACCEPTED, at=world.clock.now(), reference=reference)
    assert [(one.reference, one.is_transferred) for one in list_eliminable(world.ports, far)] == [(reference, True)]


def test_an_administrative_life_longer_than_the_locks_keeps(world: World) -> None:
    world = World()
    rules = dataclasses.replace(world.rules, final_fate=FinalFate.SORT, administrative_years=30)
    world.ports = dataclasses.replace(world.ports, rules=rules)
    reference = world.archived()
    assert list_eliminable(world.ports, datetime(2050, 6, 1, tzinfo=UTC)) == []
    (found,) = list_eliminable(world.ports, datetime(2061, 1, 1, 12, tzinfo=UTC))
    assert (found.reference, found.administrative_until) == (reference, date(2060, 12, 31))


def test_what_was_never_kept_has_no_retention_of_its_own() -> None:
    world = World()
    assert retention_of(world.agreement(world.invited())) is None


def test_what_enters_a_folder_whose_locks_were_made_longer_is_locked_as_long(world: World) -> None:
    reference = reference_of(world)
    until = datetime(2070, 1, 1, tzinfo=UTC)
    extend_locks(world.ports, reference, until, REASON, "agent")
    keep_trail(world.ports, reference)
    with world.registry.read() as tx:
        assert {entry.retain_until for entry in tx.archive_entries(reference)} == {until}
    world.clock.advance(until - world.clock.now() - timedelta(days=400))
    assert references_to_restamp(world.ports) == [reference]
    world.clock.advance(timedelta(days=401))
    assert references_to_restamp(world.ports) == []


class Stopped(BaseException):
    """The process of the check is gone."""


def test_a_check_that_is_stopped_keeps_what_it_found_and_the_next_one_tells_it_once(world: World) -> None:
    reference, key = reference_of(world), key_of(world, "sealed")
    world.archive.objects[key] += b"forged"
    for rank in range(60):  # many folders after it, the last of which stops the process
        sha256 = sha256_hex(f"{rank}".encode())
        folder = f"actors/member-{rank:03d}"
        entry = ArchiveEntry(folder, 1, "member", sha256, 1, f"{folder}/0001-member-{sha256}", LATER, LATER)
        with world.registry.write() as tx:
            tx.add_archive_entry(entry)
        world.archive.write(entry.key, f"{rank}".encode(), LATER)
    names = sorted(key for key in world.archive.objects if key.startswith("actors/member-"))

    class Dying:
        def __init__(self) -> None:
            self.stops = True

        def read(self, key: str) -> bytes:
            if self.stops and key == names[-1]:
                raise Stopped
            return world.archive.read(key)

        def stores(self) -> tuple[Any, ...]:
            return (self,)

        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 the rest of the store
            return getattr(world.archive, name)

    dying: Any = Dying()
    ports = dataclasses.replace(world.ports, archive=dying)
    with pytest.raises(Stopped):
        check_archive(ports)
    assert world.status(reference) is Status.QUARANTINED
    assert event_types(world, reference).count("archive.fault_found") == 1
    assert alerts(world) == []

    dying.stops = False
    assert [one.key for one in check_archive(ports).findings if one.reference == reference] == [key]

    (told,) = [text for text in alerts(world) if key in text]
    assert told.count(key) == 1
    check_archive(ports)
    assert len([text for text in alerts(world) if key in text]) == 1
