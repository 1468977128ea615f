"""Renewing archive time-stamps: when it is due, what it leaves, and that no stop makes the authority stamp twice."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from conventions.agreements import Fact, FactKind
from conventions.canonical import sha256_hex
from conventions.errors import Busy, EvidenceBroken, UpstreamUnavailable, VerificationFailed
from conventions.ports.signing import Signing
from conventions.preservation import RestampedFile, is_restamp_due, kept_file, verifiable_until
from conventions.signatures import ExpectedSigner, ValidationReport
from conventions.status import Status
from conventions.steps.restamp import references_to_restamp, restamp
from tests.fakes.fuse import Fuse, Killed, fused
from tests.fakes.world import World
from tests.invariants import check_folder_is_listed

YEAR = timedelta(days=365)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def reference(world: World) -> str:
    return world.archived()


def kept(world: World, reference: str) -> Fact:
    fact = kept_file(world.agreement(reference))
    assert fact is not None
    return fact


def restamped_keys(world: World) -> list[str]:
    return [key for key in world.archive.objects if "-restamped-" in key]


def test_nothing_is_due_before_a_year(world: World, reference: str) -> None:
    before = world.invited(15)
    world.clock.advance(YEAR - timedelta(hours=1))
    assert references_to_restamp(world.ports) == []
    assert not restamp(world.ports, reference)
    assert not restamp(world.ports, before)
    assert world.signing.restamps_made == 0


def test_a_year_later_the_file_is_stamped_once_and_kept_as_another_object(world: World, reference: str) -> None:
    first = world.archive.read(kept(world, reference).text("key"))
    world.clock.advance(YEAR)
    assert references_to_restamp(world.ports) == [reference]
    assert restamp(world.ports, reference)
    fact = kept(world, reference)
    assert (fact.kind, fact.data["number"]) == (FactKind.RESTAMPED, 1)
    assert verifiable_until(fact) == world.clock.now() + world.signing.stamps_last
    data = world.archive.read(fact.text("key"))
    assert data.startswith(first)
    assert len(data) > len(first)
    assert fact.data["sha256"] == sha256_hex(data)
    assert references_to_restamp(world.ports) == []
    assert not restamp(world.ports, reference)
    assert any("-index-" in key for key in list(world.archive.objects)[-1:])


def test_renewals_follow_one_another_until_the_lock_ends(world: World, reference: str) -> None:
    done = 0
    for _ in range(20):
        world.clock.advance(YEAR)
        done += restamp(world.ports, reference)
    locked_until = world.agreement(reference).required_fact(FactKind.ARCHIVED).instant("retain_until")
    assert world.clock.now() > locked_until
    assert done == len(restamped_keys(world)) == world.signing.restamps_made
    assert done == (locked_until - world.agreement(reference).required_fact(FactKind.ARCHIVED).at).days // 365
    assert kept(world, reference).data["number"] == done


def test_a_certificate_that_soon_ends_makes_it_due_earlier(world: World) -> None:
    world.signing.stamps_last = timedelta(days=300)
    reference = world.archived()
    world.clock.advance(timedelta(days=119))
    assert references_to_restamp(world.ports) == []
    world.clock.advance(timedelta(days=2))
    assert references_to_restamp(world.ports) == [reference]


def test_a_file_archived_without_that_date_is_due_by_its_age(world: World, reference: str) -> None:
    agreement = world.agreement(reference)
    old = tuple(
        replace(fact, data={name: value for name, value in fact.data.items() if name != "verifiable_until"})
        if fact.kind is FactKind.ARCHIVED
        else fact
        for fact in agreement.facts
    )
    agreement, archived = replace(agreement, facts=old), agreement.required_fact(FactKind.ARCHIVED)
    assert not is_restamp_due(agreement, archived.at + YEAR - timedelta(seconds=1), YEAR)
    assert is_restamp_due(agreement, archived.at + YEAR, YEAR)


class Stopping:
    """A signing port that is stopped after it stamped, or that answers otherwise."""

    def __init__(self, signing: Signing, stop_at: str) -> None:
        self._signing, self._stop_at = signing, stop_at

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 any method of the port
        return getattr(self._signing, name)

    def verifiable_until(self, data: bytes) -> object:
        if self._stop_at == "verifiable_until":
            raise UpstreamUnavailable("stopped")
        return self._signing.verifiable_until(data)


def test_what_a_stop_left_under_lock_is_taken_up_without_another_stamp(world: World, reference: str) -> None:
    world.clock.advance(YEAR)
    stopping: Any = Stopping(world.signing, "verifiable_until")
    with pytest.raises(UpstreamUnavailable):
        restamp(replace(world.ports, signing=stopping), reference)
    assert kept(world, reference).kind is FactKind.ARCHIVED
    assert restamp(world.ports, reference)
    assert world.signing.restamps_made == 1
    assert len(restamped_keys(world)) == 1


def test_an_authority_that_is_down_leaves_everything_as_it_was(world: World, reference: str) -> None:
    world.clock.advance(YEAR)
    world.signing.failure = UpstreamUnavailable("no authority")
    with pytest.raises(UpstreamUnavailable):
        restamp(world.ports, reference)
    world.signing.failure = None
    assert restamped_keys(world) == []
    assert restamp(world.ports, reference)


def test_two_workers_do_not_stamp_the_same_file(world: World, reference: str) -> None:
    world.clock.advance(YEAR)
    with world.registry.write() as tx:
        tx.claim(f"agreement:{reference}", "another", world.clock.now(), world.clock.now() + timedelta(minutes=1))
    with pytest.raises(Busy):
        restamp(world.ports, reference)
    assert world.signing.restamps_made == 0


def test_changed_bytes_of_the_archive_are_quarantined(world: World, reference: str) -> None:
    world.clock.advance(YEAR)
    fact = kept(world, reference)
    world.archive.objects[fact.text("key")] = b"changed"
    with pytest.raises(EvidenceBroken) as refusal:
        restamp(world.ports, reference)
    assert refusal.value.code == "evidence.archived_differs"
    assert world.agreement(reference).fact(FactKind.QUARANTINED) is not None
    assert references_to_restamp(world.ports) == []
    assert world.signing.restamps_made == 0


def test_a_file_that_is_no_longer_valid_is_not_stamped_over(world: World, reference: str) -> None:
    world.clock.advance(YEAR)
    world.signing.refuses.add(kept(world, reference).text("sha256"))
    with pytest.raises(VerificationFailed) as refusal:
        restamp(world.ports, reference)
    assert refusal.value.code == "verification.before_restamp"
    assert world.status(reference) is Status.QUARANTINED


class Spoiling(Stopping):
    """A signing port whose stamped file is not what the readers accept."""

    def restamp(self, data: bytes) -> RestampedFile:
        made = self._signing.restamp(data)
        return replace(made, data=made.data + b'{"field":"x","name":"y","organisation":"z"}\n')


def test_a_stamped_file_that_a_reader_refuses_is_not_kept(world: World, reference: str) -> None:
    world.clock.advance(YEAR)
    spoiling: Any = Spoiling(world.signing, "")
    with pytest.raises(VerificationFailed) as refusal:
        restamp(replace(world.ports, signing=spoiling), reference)
    assert refusal.value.code == "verification.after_restamp"
    assert restamped_keys(world) == []
    assert world.agreement(reference).fact(FactKind.QUARANTINED) is not None


class Third(Stopping):
    """A signing port whose third reader refuses what was stamped anew."""

    def third_opinion(self, data: bytes, expected: Sequence[ExpectedSigner]) -> ValidationReport:
        self.third_refuses.add(sha256_hex(data))
        return self._signing.third_opinion(data, expected)


def test_a_stamped_file_that_the_third_reader_refuses_is_not_kept(world: World, reference: str) -> None:
    world.clock.advance(YEAR)
    signing: Any = Third(world.signing, "")
    with pytest.raises(VerificationFailed):
        restamp(replace(world.ports, signing=signing, rules=replace(world.ports.rules, asks_third_reader=True)), reference)
    assert restamped_keys(world) == []
    assert world.status(reference) is Status.QUARANTINED


def test_killed_anywhere_a_renewal_is_made_once_and_nothing_is_lost() -> None:
    at, is_blown = 0, True
    while is_blown:
        at += 1
        world = World()
        reference = world.archived()
        world.clock.advance(timedelta(days=370))
        before, fuse = dict(world.archive.objects), Fuse(at)
        with suppress(Killed):
            restamp(fused(world.ports, fuse), reference)
        is_blown = fuse.blown
        world.clock.advance(timedelta(minutes=10))
        assert restamp(world.ports, reference) or world.agreement(reference).fact(FactKind.RESTAMPED) is not None
        assert not restamp(world.ports, reference)
        renewed = [key for key in world.archive.objects if "-restamped-" in key]
        assert len(renewed) == 1
        assert before.items() <= world.archive.objects.items()
        check_folder_is_listed(world.ports, reference)
    assert at > 10
