"""A real Prefect server as a test sees it: its process, and what a person would read on its pages."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import Any

import httpx

from contreseing.embedded.prefect_server import EmbeddedPrefect
from contreseing.embedded.supervision import Supervisor
from flows.names import TRACKER_DEPLOYMENT, TRACKER_FLOW


@dataclass
class Prefect:
    """The session's server, and what a person would see on it."""

    embedded: EmbeddedPrefect
    supervisor: Supervisor

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=self.embedded.api_url, timeout=30, trust_env=False)

    def close(self) -> None:
        """Close the connections of the tests."""
        self._client.close()

    def send(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 JSON of several shapes
        answer = self._ask(method, path, body)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def _ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        answer = self._client.request(method, path, json=body)
        for _ in range(20):
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:  # SQLite, while the server's own services write
                break
            time.sleep(0.2)
            answer = self._client.request(method, path, json=body)
        return answer

    def stop(self) -> None:
        """Stop the server's process."""
        self.supervisor.stop("prefect")

    def start(self) -> None:
        """Start it again, on the same data."""
        part = self.embedded.server_part()
        self.supervisor.start(part)
        self.supervisor.wait_until_ready(part.name)

    def trackers(self) -> dict[str, dict[str, Any]]:
        """Return each tracker by the agreement's reference."""
        body = {"flows": {"name": {"any_": [TRACKER_FLOW]}}, "limit": 200}
        runs = self.send("POST", "/flow_runs/filter", body)
        return {run["parameters"]["agreement"]: run for run in runs if "agreement" in run["parameters"]}

    def states(self) -> dict[str, str]:
        """Return the name of each tracker's state by reference."""
        return {reference: run["state_name"] for reference, run in self.trackers().items()}

    def lines(self, reference: str) -> list[str]:
        """Return the history on a tracker's page, oldest first."""
        run_id = self.trackers()[reference]["id"]
        body = {"logs": {"flow_run_id": {"any_": [run_id]}}, "sort": "TIMESTAMP_ASC", "limit": 200}
        return [line["message"] for line in self.send("POST", "/logs/filter", body)]

    def artifact(self, key: str) -> str:
        """Return the text of the latest artifact of a key."""
        return str(self.send("GET", f"/artifacts/{key}/latest")["data"])

    def clear_board(self) -> None:
        """Delete every tracker: each world numbers its agreements from the first."""
        deployment = self._ask("GET", f"/deployments/name/{TRACKER_FLOW}/{TRACKER_DEPLOYMENT}")
        if deployment.status_code == httpx.codes.OK:
            body = {"flow_runs": {"deployment_id": {"any_": [deployment.json()["id"]]}}, "limit": 50}
            while self.send("POST", "/flow_runs/bulk_delete", body)["deleted"]:
                pass


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
