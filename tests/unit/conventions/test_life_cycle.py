"""The whole life of several agreements, by actors and faults in any order: whatever happens, the invariants hold.

Members, the Vice-President, agents, the worker and the flows act in random order; services, time-stamp authority, S3 and
mail go down and come back; the clock jumps; the process dies in the middle of a step, or somebody else acts in the middle
of it. In the end everything is up again, people do what is left for them to do, and nothing may be lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, RuleBasedStateMachine, initialize, invariant, multiple, precondition, rule

from conventions.agreements import FactKind
from conventions.status import FINAL, Status
from conventions.steps import (
    activate,
    archive,
    countersign,
    decline,
    deliver,
    draft,
    question,
    reissue_link,
    resume,
    return_to_member,
    send_code,
)
from tests.fakes.fuse import Fuse, Interlude
from tests.invariants import check_agreement, check_folder_is_listed
from tests.unit.conventions.actors import DOWN, JUMPS, MOST_AGREEMENTS, PASSING, POWER, STEPS_BEFORE_THE_END, Actors, Visit


class LifeCycle(Actors, RuleBasedStateMachine):
    """Actors and faults; each rule is one act of one of them."""

    agreements: Bundle[str] = Bundle("agreements")
    visits: Bundle[Visit] = Bundle("visits")
    ceremonies: Bundle[str] = Bundle("ceremonies")

    # members
    @initialize(target=agreements, count=st.integers(1, 2))
    def begin(self, count: int) -> MultipleResults[str]:
        return multiple(*(self.joined(rank) for rank in range(1, count + 1)))

    @rule(target=agreements, knows_all=st.booleans())
    @precondition(lambda self: len(self.statuses) < MOST_AGREEMENTS)
    def joins(self, knows_all: bool) -> str:  # noqa: FBT001 drawn by Hypothesis
        return self.joined(len(self.statuses) + 1, {} if knows_all else {"power": None, "referent": None})

    @rule(target=visits, reference=agreements)
    def opens_link(self, reference: str) -> Visit | MultipleResults[Visit]:
        return self.opened(reference) or multiple()

    @rule(visit=visits)
    def completes(self, visit: Visit) -> None:
        self.completed(visit)

    @rule(visit=visits)
    def reads(self, visit: Visit) -> None:
        self.act(lambda: self.world.read_all(visit[1]))

    @rule(visit=visits)
    def asks_code(self, visit: Visit) -> None:
        self.act(lambda: send_code.send_code(self.world.ports, visit[1]))

    @rule(visit=visits, wrong=st.booleans())
    def enters_code(self, visit: Visit, wrong: bool) -> None:  # noqa: FBT001 drawn by Hypothesis
        self.act(lambda: self.entered(visit, wrong=wrong))

    @rule(target=visits, reference=agreements)
    def opens_reads_and_signs(self, reference: str) -> Visit | MultipleResults[Visit]:
        visit = self.opened(reference)
        if visit is None:
            return multiple()
        self.act(lambda: self.world.read_all(visit[1]))
        self.act(lambda: send_code.send_code(self.world.ports, visit[1]))
        self.act(lambda: deliver.deliver_due(self.world.ports))
        self.act(lambda: self.entered(visit))
        return visit

    @rule(visit=visits)
    def declines(self, visit: Visit) -> None:
        self.act(lambda: decline.decline(self.world.ports, visit[1], "Budget"))

    @rule(visit=visits)
    def asks_a_question(self, visit: Visit) -> None:
        self.act(lambda: question.ask(self.world.ports, visit[1], "Est-ce annuel ?"))

    # agents
    @rule(reference=agreements)
    def reissues(self, reference: str) -> None:
        self.act(lambda: reissue_link.reissue_link(self.world.ports, reference, "agent"))

    @rule(reference=agreements)
    def redrafts(self, reference: str) -> None:
        self.act(lambda: draft.redraft(self.world.ports, reference))

    @rule(reference=agreements, is_there=st.booleans())
    def changes_power(self, reference: str, is_there: bool) -> None:  # noqa: FBT001 drawn by Hypothesis
        member_id = self.world.agreement(reference).member_id
        with self.world.registry.write() as tx:
            tx.update_member(replace(tx.member(member_id), power=POWER if is_there else None))

    @rule()
    def replays_dead_letters(self) -> None:
        self.act(self.replayed)

    # the Vice-President
    @rule(reference=agreements, is_redrafted=st.booleans())
    def returns(self, reference: str, is_redrafted: bool) -> None:  # noqa: FBT001 drawn by Hypothesis
        cookie = self.at_desk()
        self.act(lambda: return_to_member.return_to_member(self.world.ports, cookie, reference, "Le référent a changé."))
        if is_redrafted:
            self.act(lambda: draft.redraft(self.world.ports, reference))

    @rule(target=ceremonies)
    def authorises(self) -> str | MultipleResults[str]:
        cookie = self.at_desk()
        authorised = self.act(lambda: self.authorised(cookie))
        return authorised if isinstance(authorised, str) else multiple()

    # flows and worker
    @rule(ceremony=ceremonies)
    def countersigns(self, ceremony: str) -> None:
        self.act(lambda: countersign.countersign(self.world.ports, ceremony))

    @rule(reference=agreements)
    def archives(self, reference: str) -> None:
        self.act(lambda: archive.archive(self.world.ports, reference))

    @rule(reference=agreements)
    def activates(self, reference: str) -> None:
        self.act(lambda: activate.activate(self.world.ports, reference))

    @rule()
    def resumes(self) -> None:
        self.act(lambda: resume.resume(self.world.ports))

    @rule(limit=st.integers(1, 50))
    def works(self, limit: int) -> None:
        self.act(lambda: deliver.deliver_due(self.world.ports, limit))

    # faults
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

    @rule(at=st.integers(1, 40))
    def next_process_dies(self, at: int) -> None:
        self.fuse = Fuse(at)

    @rule(at=st.integers(1, 40), who=st.sampled_from(["resume", "worker", "agent", "returns", "lease", "registry"]), reference=agreements)
    def next_step_is_interrupted(self, at: int, who: str, reference: str) -> None:
        ports, cookie = self.world.ports, self.at_desk()
        acts: dict[str, Callable[[], object]] = {
            "resume": lambda: resume.resume(ports),
            "worker": lambda: deliver.deliver_due(ports),
            "agent": lambda: reissue_link.reissue_link(ports, reference, "agent"),
            "returns": lambda: return_to_member.return_to_member(ports, cookie, reference, "Le référent a changé."),
            "lease": lambda: self.taken_over(ports),
            "registry": lambda: setattr(self.world.registry, "down", True),
        }
        self.fuse = Interlude(at, lambda: self.act_inside(acts[who]))

    # what holds at every moment
    @invariant()
    def holds(self) -> None:
        self.steps += 1
        if self.world.registry.state is self.checked:
            return
        self.checked = self.world.registry.state
        with self.all_up():
            for reference, before in self.statuses.items():
                check_agreement(self.world.ports, reference)
                status = self.world.status(reference)
                assert status is not Status.QUARANTINED
                assert before not in FINAL or status is before, f"{reference}: from {before} to {status}"
                assert before is not Status.ACTIVE or status is Status.ACTIVE
                self.statuses[reference] = status
        with self.world.registry.read() as tx:
            assert {row.last_error_code for row in tx.dead_letters()} <= PASSING
        keys = [(order.reference, order.service) for order in self.world.activation.orders.values()]
        assert len(keys) == len(set(keys))

    # and in the end
    @rule()
    @precondition(lambda self: self.steps >= STEPS_BEFORE_THE_END)
    def all_comes_back_and_ends_well(self) -> None:
        world, self.fuse, self.steps = self.world, None, 0
        world.activation.failure = world.signing.failure = world.mailer.failure = None
        world.working.down = world.archive.down = False
        for reference in self.statuses:
            self.changes_power(reference, is_there=True)
        for _ in range(10):
            self.replayed()
            resume.resume(world.ports)
            world.deliver()
            for reference in self.statuses:
                self.pursue(reference)
            world.clock.advance(timedelta(minutes=6))
        self.holds()
        for reference, status in self.statuses.items():
            agreement = world.agreement(reference)
            assert status in FINAL | {Status.ACTIVE} or self.is_too_late(), f"{reference} ends {status}"
            failed = agreement.failure is not None and agreement.failure.step != question.QUESTION_STEP
            assert status is not Status.ACTIVE or not failed, agreement.failure
            signed = {fact.version for fact in agreement.facts if fact.kind is FactKind.MEMBER_SIGNED}
            kept = {fact.version for fact in agreement.facts if fact.kind is FactKind.MEMBER_FILE_KEPT}
            check_folder_is_listed(world.ports, reference)
            assert signed == kept, f"{reference}: signed in versions {signed}, kept in {kept}"
        with world.registry.read() as tx:
            assert not tx.dead_letters()


LifeCycle.TestCase.settings = settings(LifeCycle.TestCase.settings, stateful_step_count=50)
TestLifeCycle = LifeCycle.TestCase
