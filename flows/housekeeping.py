"""What nobody ended or needs any more: runs whose process was lost, and sweeps of other weeks."""

from __future__ import annotations

from datetime import datetime, timedelta

from flows.names import DEPLOYMENT, WORK_TAG
from flows.rest import PrefectRest

LOST_AFTER = timedelta(minutes=30)
"""A working run in which nothing began for so long has lost its process: a chunk takes a few minutes at most."""

SWEEPS_KEPT = timedelta(days=7)
DELETED_AT_ONCE = 50
READ_AT_ONCE = 200
LOST_MESSAGE = "Le processus de ce travail a disparu ; le passage régulier reprend ce qui restait."


async def end_lost_runs(api: PrefectRest, now: datetime) -> int:
    """Mark as crashed the working runs whose process is gone; returns how many."""
    since = now - LOST_AFTER
    wanted = {"tags": {"all_": [WORK_TAG]}, "state": {"type": {"any_": ["RUNNING", "PENDING"]}}}
    runs = await api.send("POST", "/flow_runs/filter", {"flow_runs": wanted, "limit": READ_AT_ONCE})
    old = [run for run in runs if datetime.fromisoformat(run["start_time"] or run["created"]) < since]
    ended = 0
    for run in old:
        within = {"flow_runs": {"id": {"any_": [run["id"]]}}, "task_runs": {"start_time": {"after_": since.isoformat()}}}
        if not await api.send("POST", "/task_runs/count", within):
            state = {"type": "CRASHED", "name": "Crashed", "message": LOST_MESSAGE}
            await api.send("POST", f"/flow_runs/{run['id']}/set_state", {"state": state, "force": True})
            ended += 1
    return ended


async def delete_old_sweeps(api: PrefectRest, now: datetime) -> int:
    """Delete some sweeps of other weeks that ended well; returns how many."""
    deployment = await api.send("GET", f"/deployments/name/sweep/{DEPLOYMENT}")
    if deployment is None:
        return 0
    old = {
        "deployment_id": {"any_": [deployment["id"]]},
        "state": {"type": {"any_": ["COMPLETED", "CANCELLED"]}},
        "end_time": {"before_": (now - SWEEPS_KEPT).isoformat()},
    }
    answer = await api.send("POST", "/flow_runs/bulk_delete", {"flow_runs": old, "limit": DELETED_AT_ONCE})
    return len(answer["deleted"])
