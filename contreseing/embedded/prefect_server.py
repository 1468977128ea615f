"""The embedded Prefect: a server on loopback and a process that runs our flows, in a folder of ours, deaf to the user's own Prefect."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from contreseing.embedded.supervision import Part, Supervisor

USERS_PREFIX = "PREFECT_"
SERVER_PART, RUNNER_PART = "prefect", "flows"
SERVER_READY_SECONDS, RUNNER_READY_SECONDS = 180.0, 60.0
READY_DEPLOYMENT = "sweep/run"
"""The last deployment that the runner registers."""

QUIET: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
}
"""Nothing is sent anywhere, nothing is advertised, and no second server starts by itself."""

SERVER: Mapping[str, str] = {
    **QUIET,
    # no automation is defined, and the feed of events shows an agent nothing: together a quarter of the server's time
    "PREFECT_SERVER_SERVICES_TRIGGERS_ENABLED": "false",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
}

CLIENT: Mapping[str, str] = {
    **QUIET,
    "PREFECT_RUNNER_POLL_FREQUENCY": "2",
    "PREFECT_CLIENT_MAX_RETRIES": "3",
    "PREFECT_API_REQUEST_TIMEOUT": "10",
}


@dataclass(frozen=True)
class EmbeddedPrefect:
    """Where the embedded Prefect lives and listens. ``auth`` is ``user:password``, asked from every client when given.

    ``database_url`` is SQLAlchemy's (asyncpg or aiosqlite); without it the server keeps a SQLite file in ``home``.
    """

    home: Path
    port: int
    host: str = "127.0.0.1"
    auth: str | None = None
    database_url: str | None = None

    @property
    def ui_url(self) -> str:
        """Where an agent opens it."""
        return f"http://{self.host}:{self.port}"

    @property
    def api_url(self) -> str:
        """Where programs reach it."""
        return f"{self.ui_url}/api"

    def client_environment(self) -> dict[str, str]:
        """Return the variables with which a program runs flows against this server."""
        auth = {"PREFECT_API_AUTH_STRING": self.auth} if self.auth else {}
        return {**CLIENT, "PREFECT_API_URL": self.api_url, "PREFECT_HOME": str(self.home.resolve()), **auth}

    def server_part(self) -> Part:
        """Return the server, to be supervised; its first start takes longer, for the tables are created."""
        settings = {**SERVER, "PREFECT_HOME": str(self.home.resolve()), "PREFECT_SERVER_UI_API_URL": self.api_url}
        if self.auth:
            settings["PREFECT_SERVER_API_AUTH_STRING"] = self.auth
        if self.database_url:
            settings["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = self.database_url
        return Part(
            name=SERVER_PART,
            label="suivi du travail (Prefect)",
            command=(sys.executable, "-m", "prefect", "server", "start", "--host", self.host, "--port", str(self.port)),
            is_ready=self.is_answering,
            listens=((self.host, self.port),),
            environment=without_users_prefect(os.environ) | settings,
            folder=self._home(),
            ready_within_seconds=SERVER_READY_SECONDS,
        )

    def runner_part(self, environment: Mapping[str, str], trackers: str = "auto") -> Part:
        """Return the process that runs our flows, to be supervised; ``environment`` holds our own settings for it."""
        return Part(
            name=RUNNER_PART,
            label="travaux d'arrière-plan",
            command=(sys.executable, "-m", "contreseing.embedded.flow_runner", trackers),
            is_ready=self.is_running_flows,
            environment=without_users_prefect(environment) | self.client_environment(),
            folder=self._home(),
            ready_within_seconds=SERVER_READY_SECONDS + RUNNER_READY_SECONDS,
        )

    def is_answering(self) -> bool:
        """Tell whether the server answers."""
        answer = self._get("/health")
        return answer is not None and answer.is_success

    def is_running_flows(self) -> bool:
        """Tell whether a runner asks the server for work."""
        answer = self._get(f"/deployments/name/{READY_DEPLOYMENT}")
        return answer is not None and answer.is_success and answer.json()["status"] == "READY"

    def _get(self, path: str) -> httpx.Response | None:
        user, _, password = (self.auth or "").partition(":")
        try:
            # the address is plain: reading the authorities at each look would take 20 ms
            return httpx.get(self.api_url + path, auth=(user, password) if self.auth else None, timeout=2, trust_env=False, verify=False)  # noqa: S501
        except httpx.HTTPError:
            return None

    def _home(self) -> Path:
        """Create the folder in which both processes run, so that no prefect.toml or .env of the user's is read."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.home.resolve()


def without_users_prefect(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without any setting of the user's own Prefect."""
    return {name: value for name, value in environment.items() if not name.startswith(USERS_PREFIX)}


@contextmanager
def running_server(prefect: EmbeddedPrefect) -> Iterator[Supervisor]:
    """Run the server alone for the time of the block; the supervisor given can stop and start it.

    Raises:
        ConfigurationError: the port is taken.
        PartFailed: it did not start.
    """
    supervisor = Supervisor(prefect.home / "run", prefect.home / "logs", stack_id=f"prefect-{prefect.port}")
    part = prefect.server_part()
    try:
        supervisor.end_leftovers()
        supervisor.start(part)
        supervisor.wait_until_ready(part.name)
        yield supervisor
    finally:
        supervisor.release()
