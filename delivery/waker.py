"""Wakes flows through Prefect's REST API, without Prefect's library.

A wake is a hint given after commit: the sweep finds by itself whatever was not asked for. So nothing here raises or waits
longer than it was told. What a server that is starting or busy did not take is asked for again, behind the back of whoever
asked, a few times within a minute: sooner than the sweep, and under the same key, so that it is never one run more.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

DEPLOYMENT = "run"
"""Every flow that can be woken has one deployment, of that name."""

CONCURRENT_WAKES = 4
"""Wakes under way at once; further ones wait their turn within their own timeout."""

AGAIN_AFTER_SECONDS = (1.0, 4.0, 15.0, 40.0)
MOST_ASKED_AGAIN = 100
"""Wakes that wait to be asked for again; the sweep takes care of any further one."""


class PrefectWaker:
    """Implements ``conventions.ports.system.Waker``.

    ``api_url`` ends in ``/api``; ``auth`` is ``user:password`` or None. ``asked`` and ``failed`` count the wakes that the
    server accepted and those that it did not; ``last_failure`` names the last failure's kind, for operators.
    ``again_after_s`` are the pauses before a wake that failed is asked for again.
    """

    def __init__(self, api_url: str, auth: str | None, timeout_s: float, again_after_s: Sequence[float] = AGAIN_AFTER_SECONDS) -> None:
        user, _, password = (auth or "").partition(":")
        self._client = httpx.Client(
            base_url=api_url,
            auth=(user, password) if auth else None,
            timeout=timeout_s,
            limits=httpx.Limits(max_connections=CONCURRENT_WAKES),
            trust_env=False,
        )
        self._timeout_s = timeout_s
        self._threads = ThreadPoolExecutor(CONCURRENT_WAKES, "waker")
        self._lock = threading.Lock()
        self._again_after_s = tuple(again_after_s)
        self._again: dict[str, threading.Timer] = {}
        self._is_closed = False
        self._deployment_ids: dict[str, str] = {}
        self.asked = 0
        self.failed = 0
        self.last_failure: str | None = None

    def wake(self, work: str, key: str, parameters: Mapping[str, str]) -> bool:
        """Ask for a run of ``<work>/run`` now; the same key twice is one run.

        Never raises; returns within the timeout, whatever the server does. False when it is not known to be asked for, yet.
        """
        try:
            asking = self._threads.submit(self._ask, work, key, parameters)
            try:
                asking.result(self._timeout_s)
            finally:
                asking.cancel()
        except Exception as error:  # noqa: BLE001 a wake that fails is counted, and never fails the work that it follows
            self._count_failure(error)
            self._ask_later(work, key, parameters, self._again_after_s)
            return False
        with self._lock:
            self.asked += 1
        return True

    def close(self) -> None:
        """Close the connections; a wake after that fails as any other, and nothing is asked for again."""
        with self._lock:
            self._is_closed = True
            for timer in self._again.values():
                timer.cancel()
            self._again.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._client.close()

    def _count_failure(self, error: Exception) -> None:
        with self._lock:
            self.failed += 1
            self.last_failure = type(error).__name__

    def _ask_later(self, work: str, key: str, parameters: Mapping[str, str], pauses: Sequence[float]) -> None:
        with self._lock:
            if self._is_closed or not pauses or key in self._again or len(self._again) >= MOST_ASKED_AGAIN:
                return
            timer = threading.Timer(pauses[0], self._ask_again, (work, key, parameters, pauses[1:]))
            timer.daemon = True
            self._again[key] = timer
        timer.start()

    def _ask_again(self, work: str, key: str, parameters: Mapping[str, str], pauses: Sequence[float]) -> None:
        with self._lock:
            self._again.pop(key, None)
        try:
            self._ask(work, key, parameters)
        except Exception as error:  # noqa: BLE001 as above
            self._count_failure(error)
            self._ask_later(work, key, parameters, pauses)
        else:
            with self._lock:
                self.asked += 1

    def _ask(self, work: str, key: str, parameters: Mapping[str, str]) -> None:
        response = self._create_run(self._deployment_id(work), key, parameters)
        if response.status_code == httpx.codes.NOT_FOUND:  # the server was made anew since: its ids are others
            self._deployment_ids.pop(work, None)
            response = self._create_run(self._deployment_id(work), key, parameters)
        response.raise_for_status()

    def _deployment_id(self, work: str) -> str:
        known = self._deployment_ids.get(work)
        if known is None:
            response = self._client.get(f"/deployments/name/{work}/{DEPLOYMENT}")
            response.raise_for_status()
            known = self._deployment_ids[work] = str(response.json()["id"])
        return known

    def _create_run(self, deployment_id: str, key: str, parameters: Mapping[str, str]) -> httpx.Response:
        body = {"parameters": dict(parameters), "idempotency_key": key, "state": {"type": "SCHEDULED"}}
        return self._client.post(f"/deployments/{deployment_id}/create_flow_run", json=body)
