"""Somebody else acts, or time passes, at each call of a step: whoever comes second, what must hold holds.

Where ``test_kills`` ends the process at each of its calls, these tests let others act there, as a second worker, a second tab or
an agent would, and then let the step go on. Afterwards people and machines do what is left, and nothing may be lost. Every day one
call in a few is tried, not the same for each pair of steps; CI tries them all.
"""

from __future__ import annotations

import pytest

from conventions.status import Status
from tests.fakes.fuse import Interlude
from tests.tools import in_ci
from tests.unit.conventions.actors import INTERRUPTIONS, Actors

STEPS = {
    "sign": "invited",
    "reissue": "invited",
    "authorise": "member_signed",
    "return": "member_signed",
    "keep": "member_signed",
    "countersign": "authorised",
    "archive": "countersigned",
    "activate": "archived",
    "worker": "archived",
}
"""Each step with the stage from which it is taken."""

CASES = [(step, other) for step in STEPS for other in INTERRUPTIONS]


@pytest.mark.sampled("one call in 15 to 19")
@pytest.mark.parametrize(("step", "other"), CASES)
def test_interrupted_at_any_of_its_calls(step: str, other: str) -> None:
    stride = 1 if in_ci() else 15 + CASES.index((step, other)) % 5
    at, is_reached = 1 - stride, True
    while is_reached:
        at += stride
        actors = Actors()
        actors.world.archive.down = step == "keep"
        reference = actors.begun(STEPS[step], 1)
        actors.world.archive.down = False
        meanwhile = actors.interruption(step if other == "same" else other, reference)
        interlude = Interlude(at, meanwhile)
        actors.act(actors.move(step, reference), interlude)
        is_reached = interlude.calls >= at
        actors.check()
        actors.end_well()
        ends = {Status.ACTIVE, Status.CANCELLED} if other == "cancel" else {Status.ACTIVE}
        assert actors.statuses[reference] in ends, f"interrupted at call {at}"
    assert at > 1
