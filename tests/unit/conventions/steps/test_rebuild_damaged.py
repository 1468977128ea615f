"""Damage of the archive costs a rebuilt registry what it touches, and nothing else; each is told."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from conventions.accounts import Role
from conventions.agreements import Agreement, FactKind, Stage
from conventions.canonical import sha256_hex
from conventions.entering import enter_all
from conventions.errors import UpstreamUnavailable
from conventions.journal.heads import JournalHead, render_head_record
from conventions.journal.verification import JournalFinding, Tampering
from conventions.ports.registry import Transaction
from conventions.steps import archive, return_to_member
from conventions.steps.keep_trail import keep_trail
from conventions.steps.rebuild import RebuildReport, rebuild
from conventions.steps.restore_journal import JournalBreak
from conventions.steps.stamp_journal import stamp_journal
from tests.fakes.registry import FakeRegistry
from tests.fakes.world import World


@pytest.fixture
def world() -> World:
    return World()


def rebuilt(world: World) -> tuple[FakeRegistry, RebuildReport]:
    fresh = FakeRegistry()
    return fresh, rebuild(world.ports, fresh)


def agreement(registry: FakeRegistry, reference: str) -> Agreement:
    with registry.read() as tx:
        return tx.agreement(reference)


def days(world: World, count: int) -> list[JournalHead]:
    """Archive an agreement a day, with a head each evening."""
    for rank in range(count):
        world.archived(20 + rank)
        stamp_journal(world.ports)
        world.clock.advance(timedelta(days=1))
    return heads_of(world)


def heads_of(world: World) -> list[JournalHead]:
    with world.registry.read() as tx:
        return list(tx.heads())


def segment_key(world: World, head: JournalHead) -> str:
    return next(key for key in world.archive.keys("journal/") if key.endswith(head.segment_sha256))


@pytest.mark.parametrize("harm", ["gone", "altered"])
def test_a_lost_segment_costs_the_journal_from_there_on_and_no_agreement(world: World, harm: str) -> None:
    heads = days(world, 3)
    key = segment_key(world, heads[1])
    if harm == "gone":
        del world.archive.objects[key]
    else:
        world.archive.objects[key] += b"x"

    fresh, report = rebuilt(world)

    assert report.heads == (heads[0],)
    assert len(fresh.state.indexes) == report.events == heads[0].size
    assert report.broken == JournalBreak(heads[0].size, heads[0].at, heads[2].size, heads[2].at, ((heads[1].previous_size, heads[1].size),))
    assert report.journal == (JournalFinding(Tampering.SEGMENT_LOST, heads[1].size, None),)
    for reference, lost in world.registry.state.agreements.items():
        made = agreement(fresh, reference)
        assert made.artefacts == lost.artefacts
        assert made.facts == (lost.facts[:-1] if reference == "2026-0002" else lost.facts)  # its record was written before that fact
    archive.archive(dataclasses.replace(world.ports, registry=fresh), "2026-0002")
    again, before = (
        dict(one.required_fact(FactKind.ARCHIVED).data) for one in (agreement(fresh, "2026-0002"), world.agreement("2026-0002"))
    )
    assert again | {"verifiable_until": ""} == before | {"verifiable_until": ""}  # the fake tells it by the clock, not by the file
    assert (report.agreements, report.is_complete) == (3, False)


def test_a_lost_head_is_a_hole_and_the_segments_beyond_still_tell_of_agreements(world: World) -> None:
    days(world, 2)
    reference = world.member_signed(40)
    return_to_member.return_to_member(world.ports, world.session(Role.SIGNATORY), reference, "Le montant est faux")
    stamp_journal(world.ports)
    heads = heads_of(world)
    record = next(key for key in world.archive.keys("journal/") if key.endswith(sha256_hex(render_head_record(heads[1]))))
    world.archive.objects[record] = b"forged"

    fresh, report = rebuilt(world)

    assert report.heads == (heads[0],)
    assert report.broken is not None
    assert report.broken.lost == ((heads[0].size, heads[1].size),)
    assert report.journal == (JournalFinding(Tampering.HEAD_UNREADABLE, None, record),)
    assert agreement(fresh, reference).fact(FactKind.RETURNED) is not None


def test_without_the_first_segment_nothing_of_the_journal_is_entered(world: World) -> None:
    heads = days(world, 1)
    del world.archive.objects[segment_key(world, heads[0])]

    fresh, report = rebuilt(world)

    assert (report.heads, len(fresh.state.indexes)) == ((), 0)
    assert report.broken == JournalBreak(0, None, heads[0].size, heads[0].at, ((0, heads[0].size),))


def test_an_object_that_goes_meanwhile_or_takes_the_place_of_another_is_told_alone(world: World) -> None:
    first, second = world.archived(), world.archived(15)
    stamp_journal(world.ports)
    strange = f"agreements/{second}/0001-extra-" + "cd" * 32
    world.archive.write(strange, b"x", world.clock.now())
    other = "actors/strange/0001-strange-" + "cd" * 32
    world.archive.write(other, b"x", world.clock.now())
    del world.archive.states[other]

    fresh, report = rebuilt(world)

    assert list(fresh.state.agreements) == [first, second]
    assert agreement(fresh, second) == world.agreement(second)
    assert report.untold == (
        ("actors/strange/0001-strange-" + "cd" * 32, "archive.other_bytes"),
        (strange, "archived.extra"),
        ("actors/strange", "archive.not_found"),
    )


def entries_of(registry: FakeRegistry, reference: str) -> set[str]:
    with registry.read() as tx:
        return {entry.key for entry in tx.archive_entries(reference)}


def test_an_object_in_place_of_an_index_that_another_follows_is_told_alone(world: World) -> None:
    reference = world.archived()
    keep_trail(world.ports, reference)
    index = min(key for key in world.archive.objects if f"{reference}/" in key and "-index-" in key)
    strange = f"{index.partition('-index-')[0]}-extra-{'ab' * 32}"
    world.archive.write(strange, b"x", world.clock.now())
    fresh, report = rebuilt(world)
    assert (strange, "archived.extra") in report.untold
    assert index in entries_of(fresh, reference)
    assert strange not in entries_of(fresh, reference)


def test_where_no_index_says_which_is_ours_the_agreement_is_refused(world: World) -> None:
    reference = world.archived()
    index = max(key for key in world.archive.objects if f"{reference}/" in key and "-index-" in key)
    world.archive.write(f"{index.partition('-index-')[0]}-extra-{'ab' * 32}", b"x", world.clock.now())
    assert rebuilt(world)[1].untold == ((reference, "rule.already_recorded"),)


def test_an_index_that_cannot_be_read_says_nothing(world: World) -> None:
    reference = world.archived()
    for key in [key for key in world.archive.objects if f"{reference}/" in key and "-index-" in key]:
        world.archive.objects[key] = b"forged"
    world.archive.write(f"agreements/{reference}/0001-extra-{'ab' * 32}", b"x", world.clock.now())
    assert rebuilt(world)[1].untold == ((reference, "rule.already_recorded"),)


def test_a_folder_without_the_file_that_its_member_signed_is_told(world: World) -> None:
    reference = world.member_signed()
    signed = world.agreement(reference).required_artefact(Stage.MEMBER_SIGNED)
    key = next(key for key in world.archive.objects if key.endswith(signed.sha256))
    del world.archive.objects[key]

    assert rebuilt(world)[1].untold == ((reference, "rebuild.no_file"),)


def test_a_hole_without_any_trace_of_its_head_is_incomplete_by_itself(world: World) -> None:
    heads = days(world, 3)
    record = next(key for key in world.archive.keys("journal/") if key.endswith(sha256_hex(render_head_record(heads[1]))))
    del world.archive.objects[record]
    report = rebuilt(world)[1]
    assert (report.journal, report.untold) == ((), ())
    assert report.broken is not None
    assert not report.is_complete


def test_a_last_head_that_cannot_be_read_is_incomplete_by_itself(world: World) -> None:
    heads = days(world, 2)
    record = next(key for key in world.archive.keys("journal/") if key.endswith(sha256_hex(render_head_record(heads[1]))))
    world.archive.objects[record] = b"forged"
    report = rebuilt(world)[1]
    assert (report.broken, report.untold) == (None, ())
    assert report.journal == (JournalFinding(Tampering.HEAD_UNREADABLE, None, record),)
    assert not report.is_complete


def test_another_folder_that_the_registry_refuses_is_told(world: World) -> None:
    days(world, 1)
    year = next(key for key in world.archive.keys("journal/")).rpartition("/")[0]
    world.archive.write(f"{year}/0001-extra-{'ab' * 32}", b"x", world.clock.now())
    assert (year, "rule.already_recorded") in rebuilt(world)[1].untold


def test_a_registry_that_goes_away_meanwhile_ends_it() -> None:
    def refuse(tx: Transaction, record: str) -> None:
        raise UpstreamUnavailable("the database does not answer", code="registry.unavailable")

    with pytest.raises(UpstreamUnavailable):
        enter_all(FakeRegistry(), ["one"], refuse)
