"""Lost runs are ended, old sweeps deleted, and nothing else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from flows.deployments import deployments
from flows.housekeeping import LOST_AFTER, SWEEPS_KEPT, delete_old_sweeps, end_lost_runs
from flows.rest import PrefectRest
from tests.flows.server import Prefect


def end_lost(now: datetime) -> int:
    async def run() -> int:
        async with PrefectRest() as api:
            return await end_lost_runs(api, now)

    return asyncio.run(run())


def delete_old(now: datetime) -> int:
    async def run() -> int:
        async with PrefectRest() as api:
            return await delete_old_sweeps(api, now)

    return asyncio.run(run())


@pytest.fixture
def sweep_deployment(prefect: Prefect) -> str:
    (sweep,) = [deployment for deployment in deployments() if deployment.flow_name == "sweep"]
    return str(sweep.apply())


def make_run(prefect: Prefect, deployment_id: str, type_: str) -> str:
    body = {"state": {"type": "PENDING"}}
    run_id = str(prefect.send("POST", f"/deployments/{deployment_id}/create_flow_run", body)["id"])
    prefect.send("POST", f"/flow_runs/{run_id}/set_state", {"state": {"type": type_}, "force": True})
    return run_id


def run_of(prefect: Prefect, run_id: str) -> dict[str, Any] | None:
    found = prefect.send("POST", "/flow_runs/filter", {"flow_runs": {"id": {"any_": [run_id]}}})
    return found[0] if found else None


def test_run_whose_process_is_gone_is_ended_and_others_are_left(prefect: Prefect, sweep_deployment: str) -> None:
    lost = make_run(prefect, sweep_deployment, "RUNNING")
    never_begun = make_run(prefect, sweep_deployment, "PENDING")
    flow = prefect.send("POST", "/flows/", {"name": "of somebody else"})
    foreign = prefect.send("POST", "/flow_runs/", {"flow_id": flow["id"], "state": {"type": "RUNNING"}})["id"]
    now = datetime.now(UTC)
    assert end_lost(now) == 0
    assert end_lost(now + LOST_AFTER + timedelta(minutes=1)) == 2
    for run_id in (lost, never_begun):
        run = run_of(prefect, run_id)
        assert run is not None
        assert run["state_type"] == "CRASHED"
        assert "disparu" in run["state"]["message"]
    run = run_of(prefect, foreign)
    assert run is not None
    assert run["state_type"] == "RUNNING"


def test_run_in_which_something_began_lately_is_left(prefect: Prefect, sweep_deployment: str) -> None:
    run_id = make_run(prefect, sweep_deployment, "RUNNING")
    task = {"flow_run_id": run_id, "task_key": "k", "dynamic_key": "1", "name": "stage", "state": {"type": "PENDING"}}
    task_id = prefect.send("POST", "/task_runs/", task)["id"]
    prefect.send("POST", f"/task_runs/{task_id}/set_state", {"state": {"type": "RUNNING"}, "force": True})
    begun = datetime.fromisoformat(prefect.send("GET", f"/task_runs/{task_id}")["start_time"])
    assert end_lost(begun + LOST_AFTER - timedelta(milliseconds=1)) == 0
    assert end_lost(begun + LOST_AFTER + timedelta(minutes=1)) == 1


def test_sweeps_of_other_weeks_are_deleted(prefect: Prefect, sweep_deployment: str) -> None:
    ended = make_run(prefect, sweep_deployment, "COMPLETED")
    failed = make_run(prefect, sweep_deployment, "FAILED")
    now = datetime.now(UTC)
    delete_old(now)
    assert run_of(prefect, ended) is not None
    assert delete_old(now + SWEEPS_KEPT + timedelta(minutes=1)) >= 1
    assert run_of(prefect, ended) is None
    assert run_of(prefect, failed) is not None
