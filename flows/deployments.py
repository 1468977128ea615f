"""The flows as Prefect knows them: one list, served by one process, or handed to the workers of a pool."""

from __future__ import annotations

from typing import Any

from prefect import Flow, serve
from prefect.deployments.runner import RunnerDeployment
from prefect.schedules import Cron, Schedule
from prefect.types.entrypoint import EntrypointType

from flows.campaign import campaign
from flows.check_archive import check_archive
from flows.countersigned import countersigned
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


def deployments(trackers: Trackers = Trackers.AUTO) -> list[RunnerDeployment]:
    """List every deployment; none has a limit of Prefect's (``flows.turns``).

    Their code is found by module name, so that the project needs only be installed.
    """
    return [
        _deployment(campaign, trackers),
        _deployment(countersigned, trackers),
        _deployment(sweep, trackers, schedule=Cron(SWEEP_CRON, timezone=TIME_ZONE)),
        _deployment(restamp, trackers, schedule=Cron(RESTAMP_CRON, timezone=TIME_ZONE)),
        _deployment(stamp_journal, trackers, schedule=Cron(JOURNAL_CRON, timezone=TIME_ZONE)),
        _deployment(check_archive, trackers, schedule=Cron(ARCHIVE_CRON, timezone=TIME_ZONE)),
        _deployment(refresh_lists, trackers, schedule=Cron(LISTS_CRON, timezone=TIME_ZONE)),
    ]


def _deployment(flow: Flow[..., Any], trackers: Trackers, *, schedule: Schedule | None = None) -> RunnerDeployment:
    return RunnerDeployment.from_flow(
        flow,
        name=DEPLOYMENT,
        tags=[WORK_TAG],
        parameters={"trackers": trackers.value},
        schedule=schedule,
        entrypoint_type=EntrypointType.MODULE_PATH,
    )


def serve_flows(trackers: Trackers = Trackers.AUTO) -> None:
    """Serve every flow from this process until it is told to stop; each run is a process of its own."""
    serve(*deployments(trackers), limit=RUNS_AT_ONCE, pause_on_shutdown=False, print_starting_message=False)


def register_flows(work_pool: str, trackers: Trackers = Trackers.AUTO) -> list[str]:
    """Hand every flow to the workers of a pool of type ``process``; returns the deployments' names."""
    names: list[str] = []
    for deployment in deployments(trackers):
        deployment.apply(work_pool_name=work_pool)
        names.append(f"{deployment.flow_name}/{deployment.name}")
    return names
