"""The waker against small HTTP servers that answer, refuse, forget or hang."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from delivery.waker import PrefectWaker


class StandIn(ThreadingHTTPServer):
    """Answers as Prefect's API does to a wake; ``known`` are its deployments, ``runs`` what was asked for."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.known = {"campaign/run": "d-1"}
        self.runs: list[tuple[str, dict[str, Any]]] = []
        self.authorisations: set[str | None] = set()
        self.lookups = 0
        self.failing = False
        self.hold = threading.Event()
        self.hold.set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that did not wait."""

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/api"


class _Handler(BaseHTTPRequestHandler):
    server: StandIn

    def do_GET(self) -> None:
        self.server.hold.wait(10)
        self.server.lookups += 1
        self.server.authorisations.add(self.headers["Authorization"])
        found = self.server.known.get(self.path.removeprefix("/api/deployments/name/"))
        self._answer(200 if found else 404, {"id": found})

    def do_POST(self) -> None:
        self.server.hold.wait(10)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        deployment = self.path.removeprefix("/api/deployments/").removesuffix("/create_flow_run")
        if self.server.failing:
            self._answer(503, {})
        elif deployment not in self.server.known.values():
            self._answer(404, {})
        else:
            self.server.runs.append((deployment, body))
            self._answer(201, {})

    def _answer(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Say nothing."""


@pytest.fixture
def prefect() -> Iterator[StandIn]:
    server = StandIn()
    yield server
    server.hold.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def waker(prefect: StandIn) -> Iterator[PrefectWaker]:
    made = PrefectWaker(prefect.api_url, None, 1.0, ())
    yield made
    made.close()


def test_wake_asks_for_a_run_now_under_its_key(prefect: StandIn, waker: PrefectWaker) -> None:
    assert waker.wake("campaign", "campaign:c-1", {"campaign_id": "c-1"})
    body = {"parameters": {"campaign_id": "c-1"}, "idempotency_key": "campaign:c-1", "state": {"type": "SCHEDULED"}}
    assert prefect.runs == [("d-1", body)]
    assert (waker.asked, waker.failed) == (1, 0)


def test_deployment_is_looked_up_once(prefect: StandIn, waker: PrefectWaker) -> None:
    assert all(waker.wake("campaign", f"k{n}", {}) for n in range(3))
    assert prefect.lookups == 1


def test_deployment_made_anew_is_found_again(prefect: StandIn, waker: PrefectWaker) -> None:
    waker.wake("campaign", "before", {})
    prefect.known["campaign/run"] = "d-2"
    assert waker.wake("campaign", "after", {})
    assert prefect.runs[-1][0] == "d-2"


def test_password_is_sent_and_only_when_there_is_one(prefect: StandIn, waker: PrefectWaker) -> None:
    waker.wake("campaign", "k", {})
    with_password = PrefectWaker(prefect.api_url, "agent:mot:de:passe", 1.0)
    with_password.wake("campaign", "k", {})
    with_password.close()
    assert prefect.authorisations == {None, "Basic " + base64.b64encode(b"agent:mot:de:passe").decode()}


def test_unknown_work_is_counted_and_never_raised(waker: PrefectWaker) -> None:
    assert not waker.wake("nothing", "k", {})
    assert (waker.asked, waker.failed, waker.last_failure) == (0, 1, "HTTPStatusError")


def test_server_that_refuses_is_counted(prefect: StandIn, waker: PrefectWaker) -> None:
    prefect.failing = True
    assert not waker.wake("campaign", "k", {})
    assert waker.failed == 1
    assert prefect.runs == []


def test_what_a_starting_server_did_not_take_is_asked_for_again_under_its_key(prefect: StandIn) -> None:
    waker = PrefectWaker(prefect.api_url, None, 1.0, (0.05,) * 100)
    prefect.known.clear()
    assert not waker.wake("campaign", "k", {"campaign_id": "c-1"})
    assert not waker.wake("campaign", "k", {"campaign_id": "c-1"})
    while waker.failed < 4:
        time.sleep(0.01)
    prefect.known["campaign/run"] = "d-1"
    limit = time.monotonic() + 5
    while not prefect.runs and time.monotonic() < limit:
        time.sleep(0.01)
    time.sleep(0.3)
    assert [(deployment, body["idempotency_key"]) for deployment, body in prefect.runs] == [("d-1", "k")]
    waker.close()


def test_it_gives_up_after_the_last_pause_and_once_closed(prefect: StandIn) -> None:
    waker = PrefectWaker(prefect.api_url, None, 1.0, (0.05, 0.05))
    prefect.failing = True
    waker.wake("campaign", "k", {})
    time.sleep(0.5)
    assert waker.failed == 3
    waker.wake("campaign", "k", {})
    waker.close()
    time.sleep(0.3)
    assert waker.failed == 4


def test_server_away_is_counted() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    waker = PrefectWaker(f"http://127.0.0.1:{port}/api", None, 1.0, ())
    assert not waker.wake("campaign", "k", {})
    assert (waker.failed, waker.last_failure) == (1, "ConnectError")
    waker.close()


def test_server_that_hangs_holds_nobody_longer_than_the_timeout(prefect: StandIn) -> None:
    waker = PrefectWaker(prefect.api_url, None, 0.3, ())
    prefect.hold.clear()
    begun = time.monotonic()
    results: list[bool] = []
    threads = [threading.Thread(target=lambda n=n: results.append(waker.wake("campaign", f"k{n}", {}))) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(5)
    assert results == [False] * 12
    assert time.monotonic() - begun < 2.0
    assert waker.failed == 12
    prefect.hold.set()
    waker.close()


def test_closed_waker_fails_quietly(prefect: StandIn) -> None:
    waker = PrefectWaker(prefect.api_url, None, 1.0)
    waker.close()
    assert not waker.wake("campaign", "k", {})
    assert waker.failed == 1
