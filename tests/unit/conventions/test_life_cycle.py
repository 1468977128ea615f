"""The whole life of several agreements, by actors and faults in any order: whatever happens, the invariants hold.

Members, the Vice-President, agents, the worker and the flows act in random order; services, time-stamp authority, S3 and
mail go down and come back; the clock jumps; the process dies in the middle of a step, or somebody else acts in the middle
of it. In the end everything is up again, people do what is left for them to do, and nothing may be lost.
"""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule

from conventions.steps import (
    decline,
    draft,
    question,
    resume,
    send_code,
)
from tests.fakes.fuse import Fuse, Interlude
from tests.fakes.world import CAMPAIGN
from tests.unit.conventions.actors import (
    DOWN,
    INTERRUPTIONS,
    JUMPS,
    MOST_AGREEMENTS,
    MOVES,
    STEPS_BEFORE_THE_END,
    Actors,
    Visit,
)

STAGES = ("invited", "member_signed", "authorised", "countersigned", "archived")
LATER_CAMPAIGNS = ("essai-2026-2", "essai-2026-3")
CHOICES = st.integers(0, 9)
MOMENTS = st.integers(1, 12) | st.integers(1, 60)
"""At which of its calls a step dies or is interrupted; the first ones hold the claims, the others write the archive."""


class LifeCycle(Actors, RuleBasedStateMachine):
    """Actors and faults; each rule is one act of one of them."""

    agreements: Bundle[str] = Bundle("agreements")
    visits: Bundle[Visit] = Bundle("visits")
    ceremonies: Bundle[str] = Bundle("ceremonies")

    # members
    @initialize(target=agreements, stages=st.lists(st.sampled_from(STAGES), min_size=1, max_size=2))
    def begin(self, stages: list[str]) -> MultipleResults[str]:
        begun = [self.begun(stage, rank) for rank, stage in enumerate(stages, start=1)]
        for reference in begun:  # somebody starts the same campaign again on the next day
            assert self.asked_again(reference, LATER_CAMPAIGNS[0]) is None
            self.check()
        return multiple(*begun)

    @rule(target=agreements, knows_all=st.booleans())
    @precondition(lambda self: len(self.statuses) < MOST_AGREEMENTS)
    def joins(self, knows_all: bool) -> str:  # noqa: FBT001 drawn by Hypothesis
        lacking = {} if knows_all else {"power": None, "referent": None}
        member = self.world.add_member(len(self.statuses) + 1, **lacking)
        return self.known(draft.draft(self.world.ports, CAMPAIGN, member.id))

    @rule(target=agreements, reference=agreements, campaign_id=st.sampled_from([CAMPAIGN, *LATER_CAMPAIGNS]))
    @precondition(lambda self: len(self.statuses) < MOST_AGREEMENTS)
    def is_asked_again(self, reference: str, campaign_id: str) -> str | MultipleResults[str]:
        return self.asked_again(reference, campaign_id) or multiple()

    @rule(target=visits, reference=agreements)
    def opens_link(self, reference: str) -> Visit | MultipleResults[Visit]:
        return self.opened(reference) or multiple()

    @rule(target=visits, reference=agreements)
    def opens_reads_and_asks_for_a_code(self, reference: str) -> Visit | MultipleResults[Visit]:
        return self.ready_to_sign(reference) or multiple()

    @rule(visit=visits, knows_dates=st.booleans())
    def completes(self, visit: Visit, knows_dates: bool) -> None:  # noqa: FBT001 drawn by Hypothesis
        self.completed(visit, knows_dates=knows_dates)

    @rule(visit=visits)
    def asks_code(self, visit: Visit) -> None:
        self.act(lambda: send_code.send_code(self.world.ports, visit[1]))

    @rule(visit=visits)
    def enters_code(self, visit: Visit) -> None:
        self.act(lambda: self.entered(visit))

    @rule(reference=agreements, times=st.integers(1, 5))
    def guesses(self, reference: str, times: int) -> None:
        visit = self.ready_to_sign(reference)
        if visit is not None:
            for _ in range(times):
                self.act(lambda: self.entered(visit, wrong=True))

    @rule(visit=visits)
    def decides_late(self, visit: Visit) -> None:
        self.act(self.move("reissue", visit[0]))
        self.act(lambda: send_code.send_code(self.world.ports, visit[1]))
        self.act(self.move("worker", visit[0]))
        self.act(lambda: self.entered(visit))

    @rule(visit=visits)
    def declines(self, visit: Visit) -> None:
        self.act(lambda: decline.decline(self.world.ports, visit[1], "Budget"))

    @rule(visit=visits)
    def asks_a_question(self, visit: Visit) -> None:
        self.act(lambda: question.ask(self.world.ports, visit[1], "Est-ce annuel ?"))

    # agents, the Vice-President, flows and worker
    @rule(reference=agreements, name=st.sampled_from(MOVES))
    def moves(self, reference: str, name: str) -> None:
        self.act(self.move(name, reference))

    @rule(reference=agreements)
    def comes_back_and_is_redrafted(self, reference: str) -> None:
        self.act(self.move("return", reference))
        self.act(self.move("correct", reference))
        self.act(self.move("redraft", reference))

    @rule(visit=visits)
    def declines_by_mistake_and_signs_all_the_same(self, visit: Visit) -> None:
        self.act(lambda: decline.decline(self.world.ports, visit[1], ""))
        for name in ("redraft", "prepare", "invite", "worker", "sign"):
            self.act(self.move(name, visit[0]))

    @rule(reference=agreements, is_wanted=st.integers(0, 4))
    def is_cancelled(self, reference: str, is_wanted: int) -> None:
        if not is_wanted:
            self.act(self.move("cancel", reference))

    @rule(reference=agreements, is_there=st.booleans())
    def changes_power(self, reference: str, is_there: bool) -> None:  # noqa: FBT001 drawn by Hypothesis
        self.give_power(reference, is_there=is_there)

    @rule()
    def replays_dead_letters(self) -> None:
        self.act(self.replayed)

    @rule(limit=st.sampled_from([1, 1_000]))
    def resumes(self, limit: int) -> None:
        self.act(lambda: resume.resume(self.world.ports, limit))

    # faults
    @rule(reference=agreements, choice=CHOICES, at=MOMENTS)
    def dies_in(self, reference: str, choice: int, at: int) -> None:
        self.act(self.move(self.timely(reference, choice), reference), Fuse(at))

    @rule(reference=agreements, choice=CHOICES, at=MOMENTS, other=st.sampled_from(INTERRUPTIONS))
    def is_interrupted_in(self, reference: str, choice: int, at: int, other: str) -> None:
        name = self.timely(reference, choice)
        meanwhile = self.interruption(name if other == "same" else other, reference)
        self.act(self.move(name, reference), Interlude(at, meanwhile))

    @rule(is_down=st.booleans(), what=st.sampled_from(["services", "authority", "mail", "working", "archive"]))
    def goes_down_or_comes_back(self, what: str, is_down: bool) -> None:  # noqa: FBT001 drawn by Hypothesis
        failing: dict[str, Any] = {"services": self.world.activation, "authority": self.world.signing, "mail": self.world.mailer}
        if what in failing:
            failing[what].failure = DOWN if is_down else None
        else:
            getattr(self.world, what).down = is_down

    @rule(jump=st.sampled_from(sorted(JUMPS)))
    def time_passes(self, jump: str) -> None:
        self.world.clock.advance(JUMPS[jump])

    # what holds at every moment, and in the end
    @invariant()
    def holds(self) -> None:
        self.steps += 1
        self.check()

    @rule()
    @precondition(lambda self: self.steps >= STEPS_BEFORE_THE_END)
    def all_comes_back_and_ends_well(self) -> None:
        self.steps = 0
        self.end_well()


LifeCycle.TestCase.settings = settings(LifeCycle.TestCase.settings, stateful_step_count=50)
TestLifeCycle = LifeCycle.TestCase
