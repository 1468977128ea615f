"""One run of a flow at a time, whatever became of the one before."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect.client.schemas.objects import State

from flows.sweep import sweep
from flows.turns import LEASE
from tests.fakes.world import World
from tests.flows.server import Prefect

NAME = "flow:sweep"


def run() -> State[Any]:
    async def once() -> State[Any]:
        state: State[Any] = await sweep(return_state=True)
        return state

    return asyncio.run(once())


def hold(world: World) -> None:
    now = world.clock.now()
    with world.registry.write() as tx:
        tx.claim(NAME, "another run", now, now + LEASE)


def test_a_run_beside_another_ends_at_once(prefect: Prefect, world: World) -> None:
    del prefect
    hold(world)
    state = run()
    assert state.is_cancelled()
    assert "Un autre passage est en cours" in (state.message or "")


def test_what_a_killed_run_held_is_free_after_its_lease(prefect: Prefect, world: World) -> None:
    del prefect
    hold(world)
    world.clock.advance(LEASE)
    assert run().is_completed()
    assert run().is_completed()  # and it gave back its own turn
