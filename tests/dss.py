"""A real EU DSS behind its REST interface, as `make tools` builds it."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.tools import DSS_SERVICE_JAR

START_SECONDS = 60


@contextmanager
def running_dss(*anchors: Path) -> Iterator[str]:
    """Run the service, which trusts these PEM files alone, and yield its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    classes = f"{DSS_SERVICE_JAR}:{DSS_SERVICE_JAR.parent}/lib/*"
    command = ["java", "-cp", classes, "DssService", str(port), *map(str, anchors)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as service:
        try:
            _wait(f"http://127.0.0.1:{port}/")
            yield f"http://127.0.0.1:{port}"
        finally:
            service.kill()


def _wait(address: str) -> None:
    limit = time.monotonic() + START_SECONDS
    while True:
        try:
            httpx.get(address, trust_env=False)
        except httpx.TransportError:
            if time.monotonic() > limit:
                raise
            time.sleep(0.2)
        else:
            return
