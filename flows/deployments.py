"""The flows as Prefect knows them: one list, served by one process, or handed to the workers of a pool."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from prefect import Flow
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import TerminationSignal
from prefect.runner import Runner
from prefect.schedules import Cron, Schedule
from prefect.types.entrypoint import EntrypointType

from flows.campaign import campaign
from flows.check_archive import check_archive
from flows.countersigned import countersigned
from flows.forks import fork_runs
from flows.names import DEPLOYMENT, WORK_TAG
from flows.refresh_lists import refresh_lists
from flows.restamp import restamp
from flows.rows import Trackers
from flows.stamp_journal import stamp_journal
from flows.sweep import sweep

SWEEP_CRON = "*/5 * * * *"
RESTAMP_CRON = "0 2 * * 0"
"""Every Sunday at night: what a week brings is little, and a year's age or half a year before an end leaves room for any outage."""
JOURNAL_CRON = "15 0 * * *"
ARCHIVE_CRON = "30 1 * * *"
LISTS_CRON = "30 3 * * *"
TIME_ZONE = "Europe/Paris"
RUNS_AT_ONCE = 4

FLOWS: Mapping[Flow[..., Any], Schedule | None] = MappingProxyType(
    {
        campaign: None,
        countersigned: None,
        sweep: Cron(SWEEP_CRON, timezone=TIME_ZONE),
        restamp: Cron(RESTAMP_CRON, timezone=TIME_ZONE),
        stamp_journal: Cron(JOURNAL_CRON, timezone=TIME_ZONE),
        check_archive: Cron(ARCHIVE_CRON, timezone=TIME_ZONE),
        refresh_lists: Cron(LISTS_CRON, timezone=TIME_ZONE),
    }
)
"""Every flow that works, and when it starts by itself."""


def deployments(trackers: Trackers = Trackers.AUTO) -> list[RunnerDeployment]:
    """List every deployment; none has a limit of Prefect's (``flows.turns``)."""
    return [RunnerDeployment.from_flow(flow, **_terms(trackers, schedule)) for flow, schedule in FLOWS.items()]


def serve_flows(trackers: Trackers = Trackers.AUTO) -> None:
    """Serve every flow from this process until it is told to stop; each run is a process of its own (``flows.forks``)."""
    fork_runs()
    with suppress(KeyboardInterrupt, TerminationSignal):
        asyncio.run(_serve(trackers))


async def _serve(trackers: Trackers) -> None:
    """Give the runner the flows themselves: those of a deployment alone, it would run by a new interpreter each."""
    runner = Runner(limit=RUNS_AT_ONCE, pause_on_shutdown=False)
    for flow, schedule in FLOWS.items():
        await runner.aadd_flow(flow, **_terms(trackers, schedule))
    await runner.start()


def register_flows(work_pool: str, trackers: Trackers = Trackers.AUTO) -> list[str]:
    """Hand every flow to the workers of a pool of type ``process``; returns the deployments' names."""
    names: list[str] = []
    for deployment in deployments(trackers):
        deployment.apply(work_pool_name=work_pool)
        names.append(f"{deployment.flow_name}/{deployment.name}")
    return names


def _terms(trackers: Trackers, schedule: Schedule | None) -> dict[str, Any]:
    """Return how a flow is deployed; its code is found by module name, so that the project needs only be installed."""
    return {
        "name": DEPLOYMENT,
        "tags": [WORK_TAG],
        "parameters": {"trackers": trackers.value},
        "schedule": schedule,
        "entrypoint_type": EntrypointType.MODULE_PATH,
    }
