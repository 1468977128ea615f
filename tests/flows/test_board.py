"""The mirror against a real server: created, moved, told, restarted, put right, and quiet when Prefect is away."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from conventions.agreements import Fact, FactKind
from conventions.errors import UpstreamUnavailable
from conventions.recording import record_failure
from conventions.status import Status
from conventions.steps import activate, archive, countersign, draft
from flows.board import Board
from flows.rows import Shown, Trackers
from tests.fakes.world import CAMPAIGN, World
from tests.flows.registries import FailingRegistry
from tests.flows.server import Prefect, free_port

NOWHERE = "http://127.0.0.1:{port}/api"


def mirror(board: Board, *references: str, passes: int = 1) -> bool:
    return asyncio.run(board.mirror(references or None, passes=passes))


def put_right(board: Board) -> int:
    return asyncio.run(board.put_right())


def shown(world: World, reference: str) -> Shown:
    with world.registry.read() as tx:
        return Shown.parse(tx.shown_state(reference).shown)


def run_id(world: World, reference: str) -> str | None:
    with world.registry.read() as tx:
        return tx.shown_state(reference).run_id


def test_agreement_is_shown_by_name_state_tags_link_and_history(prefect: Prefect, world: World) -> None:
    reference = world.invited()
    assert mirror(Board(world.ports))

    tracker = prefect.trackers()[reference]
    assert tracker["name"] == f"{reference} · Communauté de communes des Abers-Fictifs 14"
    assert (tracker["state_type"], tracker["state_name"]) == ("PENDING", "Awaiting member")
    assert tracker["state"]["message"] == "À signer par le membre"
    assert set(tracker["tags"]) >= {"agreement", f"campaign:{CAMPAIGN}", "stage:awaiting_member"}
    assert tracker["parameters"]["office"].endswith(reference)
    first, *rest = prefect.lines(reference)
    assert tracker["parameters"]["office"] in first
    assert [line.split()[0] for line in rest] == ["Dossier", "Document", "Invitation"]


def test_each_status_of_the_thread_is_shown_in_turn(prefect: Prefect, world: World) -> None:
    reference, board = world.invited(), Board(world.ports)
    seen = []

    def look() -> None:
        assert mirror(board, reference)
        seen.append((prefect.states()[reference], world.status(reference)))

    look()
    world.sign(reference)
    look()
    authorisation = world.authorise(reference)
    look()
    countersign.countersign(world.ports, authorisation.id)
    archive.archive(world.ports, reference)
    look()
    activate.activate(world.ports, reference)
    world.deliver()
    look()

    assert seen == [
        ("Awaiting member", Status.AWAITING_MEMBER),
        ("Awaiting countersignature", Status.AWAITING_COUNTERSIGNATURE),
        ("Sealing", Status.SEALING),
        ("Archived", Status.ARCHIVED),
        ("Active", Status.ACTIVE),
    ]
    tracker = prefect.trackers()[reference]
    assert tracker["state_type"] == "COMPLETED"
    assert [tag for tag in tracker["tags"] if tag.startswith("stage:")] == ["stage:active"]
    history = prefect.lines(reference)
    assert len(history) == len(set(history))
    assert history[-1].startswith("Services ouverts") or any(line.startswith("Services ouverts") for line in history)


def test_second_mirror_writes_nothing(prefect: Prefect, world: World) -> None:
    reference, board = world.invited(), Board(world.ports)
    assert mirror(board)
    before = prefect.trackers()[reference]["state"]["id"], prefect.lines(reference)
    assert mirror(board)
    assert board.report.changed == 1
    assert (prefect.trackers()[reference]["state"]["id"], prefect.lines(reference)) == before


def test_failure_shows_as_needs_attention_with_its_reason_and_goes_away(prefect: Prefect, world: World) -> None:
    reference, board = world.invited(), Board(world.ports)
    record_failure(world.ports, reference, "prepare", UpstreamUnavailable("down"))
    assert mirror(board)
    tracker = prefect.trackers()[reference]
    assert (tracker["state_type"], tracker["state_name"]) == ("FAILED", "Needs attention")
    assert "needs-attention" in tracker["tags"]
    assert "stage:awaiting_member" in tracker["tags"]
    assert "préparation" in tracker["state"]["message"]
    assert "préparation" in prefect.lines(reference)[-1]

    record_failure(world.ports, reference, "prepare", UpstreamUnavailable("down"))  # a second attempt says nothing new
    assert mirror(board)
    assert board.report.changed == 1

    with world.registry.write() as tx:
        tx.set_failure(reference, None)
    assert mirror(board)
    assert prefect.states()[reference] == "Awaiting member"
    assert "needs-attention" not in prefect.trackers()[reference]["tags"]


def test_status_that_only_time_changed_is_shown(prefect: Prefect, world: World) -> None:
    reference, board = world.invited(), Board(world.ports)
    assert mirror(board)
    world.clock.advance(timedelta(days=61))
    assert mirror(board)
    assert prefect.states()[reference] == "Expired"
    assert prefect.trackers()[reference]["state_type"] == "CANCELLED"


def test_trackers_off_shows_nothing(prefect: Prefect, world: World) -> None:
    reference = world.invited()
    board = Board(world.ports, Trackers.OFF)
    assert mirror(board)
    assert put_right(board) == 0
    assert prefect.trackers() == {}
    assert run_id(world, reference) is None


def test_auto_leaves_out_a_campaign_that_is_too_large_and_on_shows_it(prefect: Prefect, world: World) -> None:
    world.invited(14)
    for rank in (15, 16):
        draft.draft(world.ports, CAMPAIGN, world.add_member(rank).id)
    assert mirror(Board(world.ports, Trackers.AUTO, largest_auto=2))
    assert prefect.trackers() == {}
    assert mirror(Board(world.ports, Trackers.ON, largest_auto=2))
    assert len(prefect.trackers()) == 3


def test_unknown_reference_is_passed_over(prefect: Prefect, world: World) -> None:
    reference = world.invited()
    assert mirror(Board(world.ports), "nobody", reference)
    assert list(prefect.trackers()) == [reference]


# ------------------------------------------------------------------------------------------------------- restarts
@pytest.mark.parametrize("writes", [1, 2, 3, 4])
def test_mirror_cut_anywhere_is_finished_by_the_next_without_a_line_twice(prefect: Prefect, writes: int) -> None:
    registry = FailingRegistry()
    world = World(registry=registry)
    reference = world.invited()
    board = Board(world.ports)
    registry.writes_left = writes
    cut = mirror(board)
    registry.writes_left, registry.down = None, False
    world.clock.advance(timedelta(minutes=3))  # the claim of the dead one runs out

    assert not cut or writes == 4
    assert mirror(board)
    assert prefect.states() == {reference: "Awaiting member"}
    assert len(prefect.lines(reference)) == 4
    assert shown(world, reference).is_sure

    world.sign(reference)
    registry.writes_left = writes
    mirror(board)
    registry.writes_left, registry.down = None, False
    world.clock.advance(timedelta(minutes=3))
    assert mirror(board)
    assert prefect.states() == {reference: "Awaiting countersignature"}
    lines = prefect.lines(reference)
    assert len(lines) == len(set(lines))


def test_tracker_made_by_an_unnoted_mirror_is_found_again_and_moved(prefect: Prefect, world: World) -> None:
    reference = world.invited()
    assert mirror(Board(world.ports))
    first = run_id(world, reference)
    with world.registry.write() as tx:  # a registry restored from before the mirror knows nothing of the tracker
        tx.set_shown_state(replace(tx.shown_state(reference), shown=None, run_id=None))
    world.sign(reference)
    assert mirror(Board(world.ports))
    assert run_id(world, reference) == first
    assert prefect.states() == {reference: "Awaiting countersignature"}
    lines = prefect.lines(reference)
    assert len(lines) == len(set(lines))


def test_two_mirrors_at_once_write_each_line_once(prefect: Prefect, world: World) -> None:
    references = [world.invited(rank) for rank in range(20, 26)]
    boards = [Board(world.ports) for _ in range(3)]

    async def together() -> list[bool]:
        return list(await asyncio.gather(*(board.mirror(passes=8) for board in boards)))

    assert all(asyncio.run(together()))
    for reference in references:
        lines = prefect.lines(reference)
        assert len(lines) == len(set(lines)) == 4


# ------------------------------------------------------------------------------------------------- changed by hand
@pytest.mark.parametrize(
    ("type_", "name"), [("CANCELLED", "Cancelled"), ("SCHEDULED", "Scheduled"), ("COMPLETED", "Completed"), ("CRASHED", "Crashed")]
)
def test_tracker_changed_by_hand_is_put_right(prefect: Prefect, world: World, type_: str, name: str) -> None:
    reference, board = world.invited(), Board(world.ports)
    other = world.invited(15)
    assert mirror(board)
    body = {"state": {"type": type_, "name": name}, "force": True}
    prefect.send("POST", f"/flow_runs/{run_id(world, reference)}/set_state", body)
    assert mirror(board)
    assert put_right(board) == 1
    assert mirror(board)
    assert prefect.states() == {reference: "Awaiting member", other: "Awaiting member"}
    assert len(prefect.lines(reference)) == 4
    assert put_right(board) == 0


def test_cancelled_agreement_is_not_taken_for_one_cancelled_by_hand(prefect: Prefect, world: World) -> None:
    reference, board = world.invited(), Board(world.ports)
    with world.registry.write() as tx:
        tx.add_fact(reference, Fact(FactKind.CANCELLED, world.clock.now(), 1, {"reason": "x", "by": "agent"}))
    assert mirror(board)
    assert prefect.states() == {reference: "Cancelled"}
    assert put_right(board) == 0


def test_deleted_tracker_is_made_again_with_its_history(prefect: Prefect, world: World) -> None:
    reference, board = world.invited(), Board(world.ports)
    world.invited(15)
    assert mirror(board)
    lines = prefect.lines(reference)
    prefect.send("DELETE", f"/flow_runs/{run_id(world, reference)}")
    assert mirror(board)
    assert put_right(board) == 1
    assert mirror(board)
    assert prefect.lines(reference) == lines


def test_tracker_deleted_before_it_moves_is_made_again(prefect: Prefect, world: World) -> None:
    reference, board = world.invited(), Board(world.ports)
    assert mirror(board)
    prefect.send("DELETE", f"/flow_runs/{run_id(world, reference)}")
    world.sign(reference)
    assert mirror(board, reference, passes=2)
    assert prefect.states() == {reference: "Awaiting countersignature"}
    assert len(prefect.lines(reference)) == 7


# ----------------------------------------------------------------------------------------------------- Prefect away
def test_mirror_is_quiet_and_counted_when_prefect_is_away(prefect: Prefect, world: World) -> None:
    reference = world.invited()
    board = Board(world.ports, api_url=NOWHERE.format(port=free_port()))
    assert not mirror(board)
    assert (board.report.failures, board.report.last_failure) == (1, "UpstreamUnavailable")
    put_right(board)
    assert board.report.failures == 2
    assert world.status(reference) is Status.AWAITING_MEMBER
    assert mirror(Board(world.ports))
    assert prefect.states() == {reference: "Awaiting member"}


def test_whole_thread_without_prefect_is_shown_when_it_is_back(prefect: Prefect, world: World) -> None:
    reference, late, board = world.invited(), world.invited(15), Board(world.ports)
    assert mirror(board)
    prefect.stop()
    world.sign(reference)
    assert not mirror(board)
    authorisation = world.authorise(reference)
    countersign.countersign(world.ports, authorisation.id)
    assert not mirror(board)
    archive.archive(world.ports, reference)
    activate.activate(world.ports, reference)
    world.deliver()
    assert not mirror(board)
    assert board.report.failures == 3
    prefect.start()
    assert mirror(board, passes=3)
    assert prefect.states() == {reference: "Active", late: "Awaiting member"}
    lines = prefect.lines(reference)
    assert len(lines) == len(set(lines))
