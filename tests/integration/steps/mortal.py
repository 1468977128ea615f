"""Processes of their own on one ground: some die by ``kill -9`` at a chosen moment, some do the same thing at the same time."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Barrier

from contreseing.wiring import close_ports
from conventions.errors import Busy
from conventions.outgoing import Template
from conventions.ports.system import Ports
from conventions.status import Status
from conventions.steps import archive, countersign, deliver, resume, settle_order, sign
from flows.chunks import chunks
from tests.fakes.fuse import Fuse, fused
from tests.integration.steps.ground import Ground
from tests.integration.steps.town import Town

LONGER_THAN_A_LEASE = timedelta(minutes=3)
"""How far behind the clock a process lives that will die: what it holds is free at once for those who come after."""

SHORT_LEASE = timedelta(seconds=1)

PRELOADED = ["contreseing.documenting", "contreseing.signatures", "contreseing.wiring", "tests.integration.steps.mortal"]
START_WITHIN_SECONDS = 60
END_WITHIN_SECONDS = 90
DONE, LEFT_TO_ANOTHER = 0, 75


class Deadly(Fuse):
    """A fuse that ends the process as the kernel would: nothing is closed, released or rolled back."""

    def tick(self) -> None:
        self.calls += 1
        if self.calls == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def pursue(town: Town, reference: str) -> None:
    """Do whatever is left for people and machines to do, from wherever it stands."""
    for _ in range(8):
        resume.resume(town.ports)
        town.deliver()
        status = town.status(reference)
        if status is Status.AWAITING_MEMBER:
            town.sign(reference)
        elif status is Status.AWAITING_COUNTERSIGNATURE:
            town.authorise(reference)
        elif status is Status.ACTIVE:
            return


def live(ground: Ground, reference: str, at: int) -> None:
    """Take an agreement to its end, and die at the ``at``-th call to the outside or edge of a transaction."""
    pursue(Town(fused(ground.ports(LONGER_THAN_A_LEASE), Deadly(at)), ground), reference)


def killed_life(ground: Ground, reference: str, at: int) -> int | None:
    """Live in a process of its own; return how it ended (-9: killed)."""
    process = _context().Process(target=live, args=(ground, reference, at))
    process.start()
    process.join(END_WITHIN_SECONDS)
    return process.exitcode


def carry_out(ground: Ground, authorisation_id: str) -> None:
    """Countersign a ceremony as its flow does, a chunk at a time, under leases that are over soon after a death."""
    ports = ground.ports()
    ports = replace(ports, rules=replace(ports.rules, signing_lease=SHORT_LEASE))
    with ports.registry.read() as tx:
        references = [item.reference for item in tx.authorisation(authorisation_id).items]
    for part in chunks(references):
        countersign.countersign(ports, authorisation_id, part)
    close_ports(ports)


def carrying_out(ground: Ground, authorisation_id: str) -> BaseProcess:
    """Have a process of its own carry out a ceremony; it is there to be killed."""
    process = _context().Process(target=carry_out, args=(ground, authorisation_id))
    process.start()
    return process


def settle_first_order(ports: Ports, reference: str) -> None:
    """Deliver the first order of an agreement, whoever else holds its row."""
    with ports.registry.read() as tx:
        row = next(row for row in tx.outgoing_of(reference) if row.template is Template.ORDER)
    settle_order.settle_order(ports, row)


def work(ports: Ports, _: str) -> None:
    """Be a worker until nothing is due."""
    while deliver.deliver_due(ports, 3):
        pass


STEPS: Mapping[str, Callable[[Ports, str], object]] = {
    "archive": archive.archive,
    "countersign": countersign.countersign,
    "finish_signature": sign.finish_signature,
    "settle_first_order": settle_first_order,
    "work": work,
}


def take(ground: Ground, name: str, of: str, together: Barrier) -> None:
    """Take a step at the same moment as others; exits 75 when it was left to another."""
    ports = ground.ports()
    ports.documents.wording_sha256("convention/2026-1")
    try:
        with ports.registry.read() as tx:
            tx.campaigns()
        together.wait(START_WITHIN_SECONDS)
        STEPS[name](ports, of)
    except Busy as error:
        raise SystemExit(LEFT_TO_ANOTHER) from error
    finally:
        close_ports(ports)


def at_once(ground: Ground, name: str, of: str, count: int = 2) -> Sequence[int | None]:
    """Take one step in several processes at the same moment; return how each ended."""
    context = _context()
    together = context.Barrier(count)
    processes = [context.Process(target=take, args=(ground, name, of, together)) for _ in range(count)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(START_WITHIN_SECONDS + END_WITHIN_SECONDS)
    return [process.exitcode for process in processes]


def _context() -> multiprocessing.context.ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    return context
