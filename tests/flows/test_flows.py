"""The flows on fakes, against a real server: what they do, what they leave to read, and what they survive."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from prefect.client.schemas.objects import State

from contreseing.wiring import use_ports
from conventions.agreements import FactKind, Failure
from conventions.members import Member
from conventions.people import Person
from conventions.status import Status
from flows import stages
from flows.campaign import campaign
from flows.countersigned import countersigned
from flows.restamp import restamp
from flows.rows import Trackers
from flows.sweep import sweep
from tests.fakes.world import CAMPAIGN, World
from tests.flows.registries import FailingRegistry
from tests.flows.server import Prefect
from tests.tools import in_ci

MEMBERS = 60 if in_ci() else 12


def run_campaign(trackers: Trackers = Trackers.AUTO) -> State[Any]:
    async def run() -> State[Any]:
        return await campaign(CAMPAIGN, trackers, return_state=True)

    return asyncio.run(run())


def run_countersigned(authorisation_id: str) -> State[Any]:
    async def run() -> State[Any]:
        return await countersigned(authorisation_id, return_state=True)

    return asyncio.run(run())


def run_restamp() -> State[Any]:
    async def run() -> State[Any]:
        return await restamp(return_state=True)

    return asyncio.run(run())


def run_sweep() -> State[Any]:
    async def run() -> State[Any]:
        return await sweep(return_state=True)

    return asyncio.run(run())


@contextmanager
def working(world: World) -> Iterator[None]:
    """Deliver what is due, every moment, as the worker does beside the flows."""
    over = threading.Event()

    def deliver() -> None:
        while not over.wait(0.2):
            world.deliver()

    thread = threading.Thread(target=deliver)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def references(world: World) -> list[str]:
    with world.registry.read() as tx:
        return [agreement.reference for agreement in tx.agreements(campaign_id=CAMPAIGN)]


def statuses(world: World) -> list[Status]:
    return [world.status(reference) for reference in references(world)]


def task_runs(prefect: Prefect, state: State[Any]) -> list[str]:
    details = state.state_details
    body = {"flow_runs": {"id": {"any_": [str(details.flow_run_id)]}}, "sort": "EXPECTED_START_TIME_ASC", "limit": 200}
    return [run["name"] for run in prefect.send("POST", "/task_runs/filter", body)]


@pytest.fixture
def two_members(world: World) -> World:
    world.add_member(21)
    world.add_member(22)
    world.open_campaign()
    return world


def test_campaign_invites_everybody_and_shows_it(prefect: Prefect, two_members: World) -> None:
    state = run_campaign()
    assert state.is_completed()
    assert state.message is not None
    assert state.message.startswith("2\u00a0dossiers traités")
    assert statuses(two_members) == [Status.AWAITING_MEMBER] * 2
    assert set(prefect.states().values()) == {"Awaiting member"}
    report = prefect.artifact(f"campagne-{CAMPAIGN}")
    assert "À signer par le membre" in report
    assert "| **Total** | | **2** |" in report


def test_campaign_shows_one_task_run_a_stage_and_chunk(prefect: Prefect, two_members: World) -> None:
    state = run_campaign()
    first, last = references(two_members)
    assert sorted(name.split()[0] for name in task_runs(prefect, state)) == ["Inviter", "Mettre", "Ouvrir"]
    assert f"Inviter {first} ... {last} (2)" in task_runs(prefect, state)


def test_campaign_run_again_does_nothing_twice(prefect: Prefect, two_members: World) -> None:
    run_campaign()
    two_members.deliver()
    sent = len(two_members.mailer.sent)
    run_campaign()
    two_members.deliver()
    assert len(references(two_members)) == 2
    assert len(two_members.mailer.sent) == sent
    assert len(prefect.trackers()) == 2


def test_second_campaign_asks_nobody_twice_and_says_so(prefect: Prefect, two_members: World) -> None:
    with use_ports(two_members.ports):
        run_campaign()
        two_members.clock.advance(timedelta(days=1))
        two_members.open_campaign(campaign_id="essai-2026-2")

        async def run() -> State[Any]:
            return await campaign("essai-2026-2", Trackers.OFF, return_state=True)

        state = asyncio.run(run())
        run_sweep()
    assert "2 membres laissés de côté : ils ont déjà un document de même nature" in str(state.message).replace("\xa0", " ")
    with two_members.registry.read() as tx:
        assert len(tx.agreements()) == 2
    assert prefect is not None


def test_member_without_act_is_asked_and_waits_while_others_go_on(prefect: Prefect, world: World) -> None:
    world.add_member(21)
    world.add_member(22, power=None)
    world.open_campaign()
    assert run_campaign().is_completed()
    assert sorted(statuses(world)) == sorted([Status.AWAITING_MEMBER, Status.AWAITING_DATA])
    assert sorted(prefect.states().values()) == ["Awaiting data", "Awaiting member"]


def test_agreement_that_fails_is_flagged_and_does_not_fail_its_chunk(prefect: Prefect, world: World) -> None:
    holder = world.delegation.holder
    both_sides = Person(holder.civility, holder.given_name, holder.family_name, "présidente")
    failing: Member = world.add_member(21, representative=both_sides)
    world.add_member(22)
    world.open_campaign()
    state = run_campaign()
    assert state.is_completed()
    assert state.message is not None
    assert "1\u00a0dossier à regarder" in state.message
    assert sorted(prefect.states().values()) == ["Awaiting member", "Needs attention"]
    report = prefect.artifact(f"campagne-{CAMPAIGN}")
    assert failing.name in report
    assert "La même personne signerait pour les deux parties" in report


def test_store_that_is_down_fails_the_run_in_words_and_the_sweep_finishes(
    prefect: Prefect, two_members: World, without_delays: Callable[[], None]
) -> None:
    without_delays()
    two_members.working.down = True
    state = run_campaign()
    assert state.is_failed()
    assert state.message is not None
    assert "repris au prochain passage" in state.message
    assert statuses(two_members) == [Status.DRAFTED] * 2
    assert set(prefect.states().values()) == {"Drafted"}  # what is down flags nobody
    two_members.working.down = False
    assert run_sweep().is_completed()
    assert statuses(two_members) == [Status.AWAITING_MEMBER] * 2
    assert set(prefect.states().values()) == {"Awaiting member"}


def test_ceremony_goes_from_authorisation_to_active(prefect: Prefect, two_members: World) -> None:
    run_campaign()
    two_members.deliver()
    both = references(two_members)
    for reference in both:
        two_members.sign(reference)
    authorisation = two_members.authorise(*both)
    with working(two_members):
        state = run_countersigned(authorisation.id)
    assert state.is_completed()
    assert prefect.states() == dict.fromkeys(both, "Active")  # orders settled meanwhile: no state was shown in between
    assert sorted(name.split(" 2026")[0] for name in task_runs(prefect, state)) == ["Archiver", "Contresigner", "Ouvrir les services"]
    assert statuses(two_members) == [Status.ACTIVE] * 2
    run_countersigned(authorisation.id)
    assert two_members.activation.deliveries == len(two_members.activation.orders)


def test_ceremony_without_worker_shows_what_is_archived_and_the_sweep_the_rest(prefect: Prefect, two_members: World) -> None:
    run_campaign()
    two_members.deliver()
    both = references(two_members)
    for reference in both:
        two_members.sign(reference)
    run_countersigned(two_members.authorise(*both).id)
    assert prefect.states() == dict.fromkeys(both, "Archived")
    two_members.deliver()
    run_sweep()
    assert prefect.states() == dict.fromkeys(both, "Active")


def test_ceremony_that_expired_leaves_what_is_left_on_the_desk(prefect: Prefect, two_members: World) -> None:
    run_campaign()
    two_members.deliver()
    first, second = references(two_members)
    two_members.sign(first)
    two_members.sign(second)
    authorisation = two_members.authorise(first, second)
    two_members.clock.advance(timedelta(hours=1))
    assert run_countersigned(authorisation.id).is_completed()
    assert statuses(two_members) == [Status.AWAITING_COUNTERSIGNATURE] * 2
    assert set(prefect.states().values()) == {"Awaiting countersignature"}


def test_sweep_alone_does_what_no_wake_asked_for(prefect: Prefect, two_members: World) -> None:
    two_members.waker.reachable = False
    assert run_sweep().is_completed()
    assert statuses(two_members) == [Status.AWAITING_MEMBER] * 2
    assert set(prefect.states().values()) == {"Awaiting member"}


def test_sweep_tells_late_and_dead_letters_and_undoes_hands(prefect: Prefect, two_members: World) -> None:
    run_campaign()
    reference = references(two_members)[0]
    run_id = prefect.trackers()[reference]["id"]
    prefect.send("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLED"}, "force": True})
    two_members.clock.advance(timedelta(minutes=5))
    run_sweep()
    assert set(prefect.states().values()) == {"Awaiting member"}
    assert "2\u00a0envois attendent" in prefect.artifact("a-regarder")

    two_members.mailer.refused = {f"representant{rank}@membre.invalid" for rank in (21, 22)}
    two_members.deliver()
    run_sweep()
    attention = prefect.artifact("a-regarder")
    assert f"conventions/{reference})" in attention
    assert "Invitation à signer" in attention


def test_sweep_publishes_its_list_only_when_it_changed(prefect: Prefect, two_members: World) -> None:
    run_campaign()
    two_members.deliver()
    run_sweep()
    wanted = {"artifacts": {"key": {"any_": ["a-regarder"]}}}
    before = prefect.send("POST", "/artifacts/count", wanted)
    run_sweep()
    assert prefect.send("POST", "/artifacts/count", wanted) == before
    first = references(two_members)[0]
    with two_members.registry.write() as tx:
        tx.set_failure(first, Failure("prepare", "power.missing", two_members.clock.now(), 1))
    run_sweep()
    assert prefect.send("POST", "/artifacts/count", wanted) == before + 1


@pytest.mark.sampled("12 members of 60")
def test_database_that_goes_away_fails_the_run_in_words(prefect: Prefect, without_delays: Callable[[], None]) -> None:
    without_delays()
    registry = FailingRegistry()
    world = World(registry=registry)
    for rank in range(MEMBERS):
        world.add_member(100 + rank)
    world.open_campaign()
    registry.writes_left = 5 * MEMBERS // 3
    with use_ports(world.ports):
        state = run_campaign()
        registry.writes_left, registry.down = None, False
        assert state.is_failed()
        assert state.message is not None
        assert "repris au prochain passage" in state.message
        world.clock.advance(timedelta(minutes=5))
        assert run_sweep().is_completed()
    assert statuses(world) == [Status.AWAITING_MEMBER] * MEMBERS
    assert set(prefect.states().values()) == {"Awaiting member"}


def test_work_goes_on_when_only_showing_fails(prefect: Prefect, two_members: World) -> None:
    run_campaign(Trackers.OFF)
    assert statuses(two_members) == [Status.AWAITING_MEMBER] * 2
    assert prefect.trackers() == {}


@pytest.fixture
def without_delays() -> Callable[[], None]:
    def shorten() -> None:
        stages.run_stage.retry_delay_seconds = [0.0] * len(stages.RETRY_DELAYS_SECONDS)

    return shorten


def test_restamp_renews_what_is_due_and_leaves_the_rest(prefect: Prefect) -> None:
    world = World()
    old = [world.archived(rank) for rank in (14, 15)]
    world.clock.advance(timedelta(days=365))
    with use_ports(world.ports):
        state = run_restamp()
        assert world.signing.restamps_made == 2
        assert state.is_completed()
        assert "2\u00a0dossiers traités" in (state.message or "")
        assert all(world.agreement(reference).fact(FactKind.RESTAMPED) is not None for reference in old)
        assert "0\u00a0dossier" in (run_restamp().message or "")
    assert world.signing.restamps_made == 2
