"""One run of a flow at a time, by a claim in the registry: a run that is killed leaves nothing that outlives two minutes.

Prefect's own limits are not used. Its server keeps who holds a slot in memory, and counts the slots in its database: a server
restarted while a run works, or a machine switched off, leaves a slot that nobody holds and nobody can take, and every later
run is cancelled, or waits, for ever.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine
from contextlib import suppress
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec

from prefect.client.schemas.objects import State
from prefect.states import Cancelled

from contreseing.wiring import current_ports
from conventions.errors import Busy, UpstreamUnavailable
from conventions.ports.system import Ports

LEASE = timedelta(minutes=2)
RENEWED_EVERY_SECONDS = 30.0
TAKEN = "Un autre passage est en cours : celui-ci n’a rien à faire."

P = ParamSpec("P")
Run = Callable[P, Coroutine[Any, Any, State[Any]]]


def one_at_a_time(run: Run[P]) -> Run[P]:
    """Have a flow end at once, as cancelled, while another run of it works."""
    name = f"flow:{run.__name__}"

    @wraps(run)
    async def alone(*args: P.args, **kwargs: P.kwargs) -> State[Any]:
        turn = _Turn(current_ports(), name)
        try:
            await asyncio.to_thread(turn.take)
        except Busy:
            return Cancelled(message=TAKEN)
        keeping = asyncio.create_task(turn.keep())
        try:
            return await run(*args, **kwargs)
        finally:
            keeping.cancel()
            with suppress(UpstreamUnavailable):  # the claim ends by itself
                await asyncio.to_thread(turn.give_back)

    alone.__signature__ = inspect.signature(run, eval_str=True)  # type: ignore[attr-defined]  # Prefect reads names by the globals of this module
    return alone


class _Turn:
    """A claim held by one run, for as long as it works."""

    def __init__(self, ports: Ports, name: str) -> None:
        self._ports, self._name = ports, name
        self._holder, self._fence = ports.secrets.random_id(), 0

    def take(self) -> None:
        now = self._ports.clock.now()
        with self._ports.registry.write() as tx:
            self._fence = tx.claim(self._name, self._holder, now, now + LEASE)

    async def keep(self) -> None:
        """Renew until cancelled; whoever took a claim that could not be renewed works too: every step has claims of its own."""
        while True:
            await asyncio.sleep(RENEWED_EVERY_SECONDS)
            with suppress(UpstreamUnavailable):
                await asyncio.to_thread(self.take)

    def give_back(self) -> None:
        """End the claim, unless it passed to another run meanwhile."""
        with self._ports.registry.write() as tx:
            tx.release_claim(self._name, self._fence)
