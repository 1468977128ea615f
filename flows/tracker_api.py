"""What the board asks of Prefect's REST API: create trackers, move them, tag them, write their history.

Limits of the 3.8.8 server on SQLite: a bulk creation is one write transaction, kept at 25; a bulk change takes 50; an answer
200 may hold items that were refused, so that each is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flows.chunks import chunks
from flows.history import HistoryLine
from flows.names import TRACKER_DEPLOYMENT, TRACKER_FLOW, TRACKER_TAG, TrackerState
from flows.rest import PrefectRest

CREATED_AT_ONCE = 25
CHANGED_AT_ONCE = 50
READ_AT_ONCE = 200
LINES_AT_ONCE = 200
REFUSED_PAUSES_SECONDS = (0.0, 0.3, 1.0)
LOGGER = "contreseing"
DESCRIPTION = (
    "Une ligne par convention, tenue à jour depuis le registre. Rien ne s’exécute ici : changer un état à la main n’a pas d’effet,"
    " le prochain passage le remet comme le registre le dit."
)


@dataclass(frozen=True)
class NewTracker:
    """A tracker to be created; ``key`` makes a second creation return the first run, in the state that it then has."""

    key: str
    name: str
    state: TrackerState
    message: str
    tags: Sequence[str]
    parameters: Mapping[str, str]


@dataclass(frozen=True)
class SeenTracker:
    """A tracker as Prefect holds it."""

    run_id: str
    reference: str
    state_name: str


class TrackerApi(PrefectRest):
    """Every method raises ``UpstreamUnavailable`` when the server does not answer as it should."""

    async def ensure_board(self) -> str:
        """Create the board if need be and return its deployment's id."""
        flow = await self.send("POST", "/flows/", {"name": TRACKER_FLOW})
        deployment = {
            "name": TRACKER_DEPLOYMENT,
            "flow_id": flow["id"],
            "paused": True,
            "enforce_parameter_schema": False,
            "tags": [TRACKER_TAG],
            "description": DESCRIPTION,
        }
        return str((await self.send("POST", "/deployments/", deployment))["id"])

    async def create(self, board_id: str, trackers: Sequence[NewTracker]) -> dict[str, str]:
        """Create trackers; returns the run's id by key, without those that the server refused."""
        created: dict[str, str] = {}
        for part in chunks(trackers, CREATED_AT_ONCE):
            body: list[dict[str, Any]] = [
                {
                    "name": tracker.name,
                    "idempotency_key": tracker.key,
                    "tags": list(tracker.tags),
                    "parameters": dict(tracker.parameters),
                    "state": {"type": tracker.state.type, "name": tracker.state.name, "message": tracker.message},
                }
                for tracker in part
            ]
            for pause in REFUSED_PAUSES_SECONDS:  # busy, the server refuses some of them, in an answer 200: asked again under their keys
                await asyncio.sleep(pause)
                answer = await self.send("POST", f"/deployments/{board_id}/create_flow_run/bulk", body)
                made = zip([item["idempotency_key"] for item in body], answer["results"], strict=True)
                created |= {str(key): item["flow_run_id"] for key, item in made if item["status"] == "CREATED"}
                body = [item for item in body if item["idempotency_key"] not in created]
                if not body:
                    break
        return created

    async def move(self, run_ids: Sequence[str], state: TrackerState, message: str) -> tuple[set[str], set[str]]:
        """Put trackers in a state, whatever theirs was; returns those that moved, and those that no longer exist."""
        moved: set[str] = set()
        gone: set[str] = set()
        for part in chunks(run_ids, CHANGED_AT_ONCE):
            body = {
                "flow_runs": {"id": {"any_": list(part)}},
                "state": {"type": state.type, "name": state.name, "message": message},
                "force": True,
                "limit": CHANGED_AT_ONCE,
            }
            results = (await self.send("POST", "/flow_runs/bulk_set_state", body))["results"]
            moved.update(item["flow_run_id"] for item in results if item["status"] == "ACCEPT")
            gone.update(set(part) - {item["flow_run_id"] for item in results})
        return moved, gone

    async def set_tags(self, run_id: str, tags: Sequence[str]) -> None:
        """Replace a tracker's tags."""
        await self.send("PATCH", f"/flow_runs/{run_id}", {"tags": list(tags)})

    async def add_lines(self, lines: Sequence[tuple[str, HistoryLine]]) -> None:
        """Write lines of history, each on its run's page."""
        for part in chunks(lines, LINES_AT_ONCE):
            body = [
                {"name": LOGGER, "level": line.level, "message": line.text, "timestamp": line.at.isoformat(), "flow_run_id": run_id}
                for run_id, line in part
            ]
            await self.send("POST", "/logs/", body)

    async def written_lines(self, run_ids: Sequence[str]) -> set[tuple[str, datetime, str]]:
        """Return the (run, instant, text) of the lines that stand on these runs' pages."""
        found: set[tuple[str, datetime, str]] = set()
        for part in chunks(run_ids, CHANGED_AT_ONCE):
            query: dict[str, Any] = {"logs": {"flow_run_id": {"any_": list(part)}}, "sort": "TIMESTAMP_ASC", "limit": READ_AT_ONCE}
            offset = 0
            while page := await self.send("POST", "/logs/filter", {**query, "offset": offset}):
                found.update((line["flow_run_id"], datetime.fromisoformat(line["timestamp"]), line["message"]) for line in page)
                offset += READ_AT_ONCE
        return found

    async def trackers_named(self, board_id: str, *, any_of: Sequence[str] = (), none_of: Sequence[str] = ()) -> list[SeenTracker]:
        """List the trackers whose state bears one of some names, or none of some names."""
        name = {"any_": list(any_of)} if any_of else {"not_any_": list(none_of)}
        query = {"flow_runs": {"deployment_id": {"any_": [board_id]}, "state": {"name": name}}, "limit": READ_AT_ONCE, "sort": "NAME_ASC"}
        seen: list[SeenTracker] = []
        while page := await self.send("POST", "/flow_runs/filter", {**query, "offset": len(seen)}):
            seen.extend(SeenTracker(run["id"], str(run["parameters"].get("agreement")), run["state_name"]) for run in page)
        return seen

    async def count(self, board_id: str) -> int:
        """Count the trackers that stand."""
        return int(await self.send("POST", "/flow_runs/count", {"flow_runs": {"deployment_id": {"any_": [board_id]}}}))

    async def state_names(self, run_ids: Sequence[str]) -> dict[str, str]:
        """Return the name of each run's state, without the runs that do not exist."""
        found: dict[str, str] = {}
        for part in chunks(run_ids, READ_AT_ONCE):
            query = {"flow_runs": {"id": {"any_": list(part)}}, "limit": READ_AT_ONCE}
            found.update({run["id"]: run["state_name"] for run in await self.send("POST", "/flow_runs/filter", query)})
        return found
