"""The list of deployments, as a server takes it."""

from __future__ import annotations

import asyncio
import importlib

from prefect import get_client
from prefect.client.schemas.actions import WorkPoolCreate

from delivery.waker import PrefectWaker
from flows.deployments import deployments, register_flows
from flows.rows import Trackers
from tests.flows.server import Prefect
from tests.integration.village import wait_until

NAMES = ("campaign", "countersigned", "sweep", "restamp", "stamp-journal", "check-archive", "refresh-lists")


def test_code_is_named_by_module_so_that_any_folder_will_do() -> None:
    for deployment in deployments():
        assert deployment.entrypoint is not None
        module, _, name = deployment.entrypoint.rpartition(".")
        assert getattr(importlib.import_module(module), name).name == deployment.flow_name


def test_server_takes_each_with_its_schedule_and_parameter(prefect: Prefect) -> None:
    for deployment in deployments(Trackers.OFF):
        deployment.apply()
    taken = {name: prefect.send("GET", f"/deployments/name/{name}/run") for name in NAMES}
    assert {name: item["parameters"] for name, item in taken.items()} == {name: {"trackers": "off"} for name in taken}
    assert all(item["tags"] == ["work"] for item in taken.values())
    assert {name for name, item in taken.items() if item["global_concurrency_limit"] is not None} == set()
    schedules = {name: schedule["schedule"] for name, item in taken.items() for schedule in item["schedules"]}
    assert {name: schedule["cron"] for name, schedule in schedules.items()} == {
        "sweep": "*/5 * * * *",
        "restamp": "0 2 * * 0",
        "stamp-journal": "15 0 * * *",
        "check-archive": "30 1 * * *",
        "refresh-lists": "30 3 * * *",
    }
    assert {schedule["timezone"] for schedule in schedules.values()} == {"Europe/Paris"}


def test_a_limit_of_before_is_taken_away(prefect: Prefect) -> None:
    """A slot of it that nobody holds any more would keep every later run out."""
    limited = deployments(Trackers.OFF)[2]
    limited.concurrency_limit = 1
    limited.apply()
    assert prefect.send("GET", f"/deployments/name/{limited.flow_name}/run")["global_concurrency_limit"] is not None
    deployments(Trackers.OFF)[2].apply()
    assert prefect.send("GET", f"/deployments/name/{limited.flow_name}/run")["global_concurrency_limit"] is None


def ask(waker: PrefectWaker) -> None:
    """Wake, and wait until the server took it: busy, it answers 503 for a moment, and the waker asks again by itself."""
    before = waker.asked
    waker.wake("countersigned", "ceremony:a-1", {"authorisation_id": "a-1"})
    wait_until(lambda: waker.asked > before, 60, lambda: f"{waker.failed} failed, the last by {waker.last_failure}")


def test_wake_makes_one_run_of_one_key_with_its_parameters(prefect: Prefect) -> None:
    for deployment in deployments():
        deployment.apply()
    waker = PrefectWaker(prefect.embedded.api_url, None, 10.0, (0.5,) * 60)
    ask(waker)
    ask(waker)
    runs = prefect.send("POST", "/flow_runs/filter", {"flow_runs": {"idempotency_key": {"any_": ["ceremony:a-1"]}}})
    assert len(runs) == 1
    assert runs[0]["parameters"] == {"authorisation_id": "a-1", "trackers": "auto"}
    assert runs[0]["state_type"] == "SCHEDULED"
    assert not waker.wake("countersigned", "k", {"unknown": "parameter"})  # refused by the flow's own schema
    waker.close()


def test_wake_of_a_server_that_is_away_fails_quietly(prefect: Prefect) -> None:
    waker = PrefectWaker(prefect.embedded.api_url, None, 3.0)
    prefect.stop()
    try:
        assert not waker.wake("sweep", "k", {})
        assert waker.failed == 1
    finally:
        prefect.start()
        waker.close()


def test_flows_are_handed_to_a_pool_of_processes(prefect: Prefect) -> None:
    async def make_pool() -> None:
        async with get_client() as client:
            await client.create_work_pool(WorkPoolCreate(name="machines", type="process"))

    asyncio.run(make_pool())
    assert register_flows("machines") == [f"{name}/run" for name in NAMES]
    taken = prefect.send("GET", "/deployments/name/sweep/run")
    assert taken["work_pool_name"] == "machines"
    assert prefect.send("GET", "/work_pools/machines")["type"] == "process"
