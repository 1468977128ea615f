"""What a stage makes of its chunk: each agreement for itself, the task only when everything is down."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta

import pytest

from conventions.errors import Busy, ContreseingError, EvidenceBroken, NotFound, RuleRefused, SigningFailed, UpstreamUnavailable
from conventions.status import Status
from conventions.steps.draft import draft
from flows.pipeline import told_of
from flows.stages import DOWN_AFTER, Outcome, Stage, countersigning, drafting, one_by_one
from tests.fakes.world import World


def stage(faults: Mapping[str, Exception | None]) -> Stage:
    """Return a stage that raises what is planted for an item, and holds those for which None is planted."""

    def act(_ports: object, item: str) -> str | None:
        fault = faults.get(item, item)
        if isinstance(fault, Exception):
            raise fault
        return fault

    return Stage("prepare", "Préparer", one_by_one("prepare", act))


@pytest.fixture
def world() -> World:
    return World()


def test_all_done_in_order(world: World) -> None:
    assert stage({}).work(world.ports, ["a", "b"]) == Outcome(done=("a", "b"))


def test_held_is_not_done(world: World) -> None:
    assert stage({"a": None}).work(world.ports, ["a", "b"]) == Outcome(done=("b",), held=("a",))


def test_member_whom_another_campaign_has_is_left_out_without_a_failure(world: World) -> None:
    reference = world.invited(1)
    world.open_campaign(campaign_id="autre")
    member_id, newcomer = world.agreement(reference).member_id, world.add_member(2).id
    stage_of_drafts = drafting("autre")
    outcome = stage_of_drafts.work(world.ports, [member_id, newcomer])
    assert (outcome.held, len(outcome.done), outcome.failed) == ((member_id,), 1, ())
    assert [line for _, line in told_of(stage_of_drafts, outcome)] == ["Ouvrir\xa0: 1\xa0fait, 1\xa0laissé de côté."]
    with pytest.raises(RuleRefused):
        draft(world.ports, "autre", member_id)
    (refused,) = drafting("autre").work(world.ports, [world.add_member(3, category="commune").id]).failed
    assert refused[1] == "kind.not_for_category"


@pytest.mark.parametrize("error", [RuleRefused("no", code="power.missing"), EvidenceBroken("no")])
def test_failure_is_flagged_and_the_rest_goes_on(world: World, error: ContreseingError) -> None:
    failing, other = world.invited(14), world.invited(15)
    outcome = stage({failing: error}).work(world.ports, [failing, other])
    assert outcome == Outcome(done=(other,), failed=((failing, error.code),))
    failure = world.agreement(failing).failure
    assert failure is not None
    assert (failure.step, failure.code, failure.attempts) == ("prepare", error.code, 1)


def test_broken_evidence_puts_in_quarantine(world: World) -> None:
    reference = world.invited()
    stage({reference: EvidenceBroken("no", code="evidence.digest")}).work(world.ports, [reference])
    assert world.status(reference) is Status.QUARANTINED


def test_fault_of_ours_fails_one_agreement_without_its_words(world: World) -> None:
    failing, other = world.invited(14), world.invited(15)
    outcome = stage({failing: KeyError("Mme Untel")}).work(world.ports, [failing, other])
    assert outcome == Outcome(done=(other,), failed=((failing, "internal"),))
    failure = world.agreement(failing).failure
    assert failure is not None
    assert failure.code == "internal"


def test_member_whose_agreement_cannot_be_drafted_has_nothing_to_flag(world: World) -> None:
    assert stage({"m-1": NotFound("no")}).work(world.ports, ["m-1"]) == Outcome(failed=(("m-1", "not_found"),))


def test_busy_waits_and_is_never_taken_for_an_outage(world: World) -> None:
    items = [f"a{n}" for n in range(DOWN_AFTER + 2)]
    outcome = stage({item: Busy("held") for item in items}).work(world.ports, items)
    assert outcome.waiting == tuple((item, "upstream.busy") for item in items)


def test_no_answer_for_some_leaves_them_waiting_unflagged(world: World) -> None:
    reference = world.invited()
    outcome = stage({reference: UpstreamUnavailable("down")}).work(world.ports, [reference, "b", "c"])
    assert outcome == Outcome(done=("b", "c"), waiting=((reference, "upstream.unavailable"),))
    assert world.agreement(reference).failure is None


@pytest.mark.parametrize("count", [1, 2, DOWN_AFTER, 50])
def test_no_answer_for_several_in_a_row_stops_the_chunk(world: World, count: int) -> None:
    tried: list[str] = []

    def act(_ports: object, item: str) -> str:
        tried.append(item)
        raise UpstreamUnavailable("down")

    with pytest.raises(UpstreamUnavailable):
        one_by_one("prepare", act)(world.ports, [f"a{n}" for n in range(count)])
    assert len(tried) == min(count, DOWN_AFTER)


def test_several_at_once_wait_together_and_are_told_in_order(world: World) -> None:
    together = threading.Barrier(3, timeout=10)
    failing = world.invited()

    def act(_ports: object, item: str) -> str:
        together.wait()
        if item == failing:
            raise RuleRefused("no")
        return item

    items = ["a0", failing, "a2", "a3", "a4", "a5"]
    outcome = one_by_one("archive", act, at_once=3)(world.ports, items)
    assert outcome == Outcome(done=("a0", "a2", "a3", "a4", "a5"), failed=((failing, RuleRefused("no").code),))


def test_several_at_once_stop_when_nothing_answers(world: World) -> None:
    tried: list[str] = []

    def act(_ports: object, item: str) -> str:
        tried.append(item)
        raise UpstreamUnavailable("down")

    with pytest.raises(UpstreamUnavailable):
        one_by_one("archive", act, at_once=4)(world.ports, [f"a{n}" for n in range(50)])
    assert len(tried) in {3, 4}


@pytest.mark.parametrize("between", ["an answer", "a refusal"])
def test_what_answers_between_means_that_not_everything_is_down(world: World, between: str) -> None:
    items = [f"a{n}" for n in range(6)]
    faults: dict[str, Exception | None] = {item: UpstreamUnavailable("down") for item in items if item not in {"a2", "a5"}}
    if between == "a refusal":
        faults |= {"a2": RuleRefused("no"), "a5": RuleRefused("no")}
    assert len(stage(faults).work(world.ports, items).waiting) == 4


def test_countersigning_goes_on_with_what_is_sealed_and_tells_the_rest(world: World) -> None:
    first, second = world.invited(14), world.invited(15)
    world.sign(first)
    world.sign(second)
    authorisation = world.authorise(first, second)
    work = countersigning(authorisation.id)
    assert work(world.ports, [first]) == Outcome(done=(first,))
    assert work(world.ports, [first, second]) == Outcome(done=(first, second))


@pytest.fixture
def signed(world: World) -> tuple[World, str, str, str]:
    """Two agreements signed by their members and authorised: world, ceremony, references."""
    first, second = world.invited(14), world.invited(15)
    world.sign(first)
    world.sign(second)
    return world, world.authorise(first, second).id, first, second


def test_countersigning_fails_one_document_for_itself(signed: tuple[World, str, str, str]) -> None:
    world, ceremony, first, second = signed
    world.signing.failures = {first: SigningFailed("no")}
    assert countersigning(ceremony)(world.ports, [first, second]) == Outcome(done=(second,), failed=((first, "signing.failed"),))


def test_certificate_that_is_down_is_tried_again(signed: tuple[World, str, str, str]) -> None:
    world, ceremony, first, second = signed
    world.signing.failure = UpstreamUnavailable("down")
    with pytest.raises(UpstreamUnavailable):
        countersigning(ceremony)(world.ports, [first, second])


def test_certificate_that_is_refused_flags_what_is_left(signed: tuple[World, str, str, str]) -> None:
    world, ceremony, first, second = signed
    countersigning(ceremony)(world.ports, [first])
    world.signing.failure = SigningFailed("refused")
    outcome = countersigning(ceremony)(world.ports, [first, second])
    assert outcome == Outcome(done=(first,), failed=((second, "signing.failed"),))
    assert world.agreement(first).failure is None
    assert world.agreement(second).failure is not None


def test_expired_ceremony_flags_nobody(signed: tuple[World, str, str, str]) -> None:
    world, ceremony, first, second = signed
    countersigning(ceremony)(world.ports, [first])
    world.clock.advance(timedelta(hours=1))
    assert countersigning(ceremony)(world.ports, [first, second]) == Outcome(done=(first,))
    assert world.agreement(second).failure is None
