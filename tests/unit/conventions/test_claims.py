"""Claims: taken by one, taken over once the lease ends, and never in the way of the error that ended the work."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conventions.claims import freed_on_error, take_claim
from conventions.errors import Busy, SigningFailed
from tests.fakes.world import World


def test_one_holder_until_the_lease_ends_and_the_late_one_is_unmasked() -> None:
    world = World()
    with world.registry.write() as tx:
        first = take_claim(world.ports, tx, "2026-0001")
    with world.registry.write() as tx, pytest.raises(Busy):
        take_claim(world.ports, tx, "2026-0001")
    world.clock.advance(world.rules.signing_lease + timedelta(seconds=1))
    with world.registry.write() as tx:
        second = take_claim(world.ports, tx, "2026-0001")
    assert second.fence > first.fence
    with world.registry.write() as tx, pytest.raises(Busy):
        first.verify(tx)
    with world.registry.write() as tx:
        second.verify(tx)


def test_work_that_fails_frees_its_claim_at_once() -> None:
    world = World()
    with world.registry.write() as tx:
        claim = take_claim(world.ports, tx, "2026-0001")
    with pytest.raises(SigningFailed), freed_on_error(world.ports, (claim,)):
        raise SigningFailed("no key")
    with world.registry.write() as tx:
        assert take_claim(world.ports, tx, "2026-0001").fence == claim.fence + 1


def test_a_registry_that_does_not_answer_hides_nothing_of_what_failed() -> None:
    world = World()
    with world.registry.write() as tx:
        claim = take_claim(world.ports, tx, "2026-0001")
    world.registry.down = True
    with pytest.raises(SigningFailed), freed_on_error(world.ports, (claim,)):
        raise SigningFailed("no key")
    world.registry.down = False
    with world.registry.write() as tx, pytest.raises(Busy):
        take_claim(world.ports, tx, "2026-0001")
