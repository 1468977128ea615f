from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from contreseing.worker import run_worker
from conventions.errors import UpstreamUnavailable
from conventions.outgoing import OutgoingState
from conventions.steps import draft, invite, prepare
from tests.fakes.world import CAMPAIGN, World


@contextmanager
def working(world: World) -> Iterator[None]:
    stop = threading.Event()
    thread = threading.Thread(target=run_worker, args=(world.ports, stop))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def waited(is_so: Callable[[], bool], seconds: float) -> bool:
    limit = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > limit:
            return False
        time.sleep(0.01)
    return True


def due_invitation(world: World) -> str:
    member = world.add_member()
    world.open_campaign()
    reference = draft.draft(world.ports, CAMPAIGN, member.id)
    prepare.prepare(world.ports, reference)
    invite.invite(world.ports, reference)
    return reference


def test_what_becomes_due_is_delivered_and_sequenced_within_two_seconds() -> None:
    world = World()
    with working(world):
        reference = due_invitation(world)
        assert waited(lambda: len(world.mailer.sent) == 1, 2.0)
        assert waited(lambda: all(entry.index is not None for entry in entries(world, reference)), 2.0)


def entries(world: World, reference: str) -> list[Any]:
    with world.registry.read() as tx:
        return list(tx.events(reference))


def test_a_mail_server_that_is_down_costs_a_retry_and_not_the_worker() -> None:
    world = World()
    world.mailer.failure = UpstreamUnavailable("down", code="mail.unavailable")
    reference = due_invitation(world)
    with working(world):
        assert waited(lambda: outbox(world, reference)[0].attempts == 1, 2.0)
        assert outbox(world, reference)[0].state is OutgoingState.WAITING
        world.mailer.failure = None
        world.clock.advance(timedelta(minutes=1))
        assert waited(lambda: outbox(world, reference)[0].state is OutgoingState.SENT, 2.0)


def outbox(world: World, reference: str) -> list[Any]:
    with world.registry.read() as tx:
        return list(tx.outgoing_of(reference))


def test_two_workers_deliver_once() -> None:
    world = World()
    due_invitation(world)
    with working(world), working(world):
        assert waited(lambda: len(world.mailer.sent) == 1, 2.0)
        time.sleep(1.0)
    assert len(world.mailer.sent) == 1


def test_a_fault_of_the_program_ends_the_worker_and_is_not_hidden() -> None:
    world = World()
    due_invitation(world)
    world.mailer.failure = ZeroDivisionError("fault")  # type: ignore[assignment]
    with pytest.raises(ZeroDivisionError):
        run_worker(world.ports, threading.Event())
