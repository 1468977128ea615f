"""Lets the runs that still work come to their end: a run whose process is stopped stands as working in Prefect for half an hour."""

from __future__ import annotations

import time
from contextlib import suppress

import httpx

from flows.names import WORK_TAG

WITHIN_SECONDS = 20.0
LOOK_EVERY_SECONDS = 0.5


def let_runs_end(api_url: str, within_seconds: float = WITHIN_SECONDS) -> bool:
    """Wait until no run works; False when some still do, or Prefect cannot be asked: nothing is lost by either."""
    working = {"flow_runs": {"tags": {"all_": [WORK_TAG]}, "state": {"type": {"any_": ["RUNNING", "PENDING"]}}}}
    limit = time.monotonic() + within_seconds
    with suppress(httpx.HTTPError, ValueError), httpx.Client(base_url=api_url, timeout=5, trust_env=False) as client:
        while time.monotonic() < limit:
            if client.post("/flow_runs/count", json=working).raise_for_status().json() == 0:
                return True
            time.sleep(LOOK_EVERY_SECONDS)
    return False
