"""Kill the process at each call to the outside and at each commit, start again, and end in the same place.

The world dies at its n-th call: that call and all later ones of the same life raise, as if the process were gone. Then the
lease ends, people do again what they were doing, ``resume`` and the worker run, and the outcome must be one signature each,
one archived file, one order a service, whatever n was.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest

from conventions.agreements import FactKind
from conventions.status import Status
from conventions.steps import resume
from tests.fakes.fuse import Fuse, Killed, fused
from tests.fakes.world import World
from tests.invariants import check_agreement, check_folder_is_listed


def pursue(world: World, reference: str) -> None:
    """Do whatever is left for people and machines to do, from wherever it stands."""
    for _ in range(8):
        resume.resume(world.ports)
        world.deliver()
        status = world.status(reference)
        if status is Status.AWAITING_MEMBER:
            world.sign(reference)
        elif status is Status.AWAITING_COUNTERSIGNATURE:
            world.authorise(reference)
        elif status is Status.ACTIVE:
            return
        world.clock.advance(timedelta(minutes=6))


def run_until(world: World, at: int) -> tuple[str, Fuse]:
    reference = world.invited()
    fuse, sound = Fuse(at), world.ports
    world.ports = fused(sound, fuse)
    with suppress(Killed):
        pursue(world, reference)
    world.ports = sound
    return reference, fuse


def outcome(world: World, reference: str) -> Counter[str]:
    agreement = world.agreement(reference)
    kinds = Counter(fact.kind.value for fact in agreement.facts)
    stages = Counter(f"artefact {artefact.stage}" for artefact in agreement.artefacts)
    sealed = Counter("archived sealed" for key in world.archive.objects if "-sealed-" in key)
    return kinds + stages + sealed


def calls_of_a_whole_life() -> int:
    world = World()
    _, fuse = run_until(world, at=10**9)
    return fuse.calls


@pytest.mark.sampled(one_in=4)
@pytest.mark.parametrize("at", range(1, calls_of_a_whole_life() + 1))
def test_killed_anywhere_ends_the_same(at: int) -> None:
    world = World()
    reference, fuse = run_until(world, at)
    assert fuse.blown
    world.clock.advance(timedelta(minutes=3))
    pursue(world, reference)
    assert world.status(reference) is Status.ACTIVE
    counts = outcome(world, reference)
    for once in ("artefact prepared", "artefact member_signed", "artefact sealed", "archived sealed"):
        assert counts[once] == 1, once
    for kind in (FactKind.CONSENTED, FactKind.MEMBER_SIGNED, FactKind.COUNTERSIGNED, FactKind.ARCHIVED, FactKind.ORDERED):
        assert counts[kind] == 1, kind
    assert counts[FactKind.ORDER_SETTLED] == 12
    assert len(world.activation.orders) == 12
    assert world.agreement(reference).failure is None
    check_agreement(world.ports, reference)
    check_folder_is_listed(world.ports, reference)
