"""The process that runs our flows in the embedded stack: ``python -m contreseing.embedded.flow_runner [auto|on|off]``.

The word says which agreements are shown by trackers. The environment is ``EmbeddedPrefect.client_environment()`` with our own
settings. It is started beside the server, whose first start takes longer than reading our code: it waits for it.
"""

from __future__ import annotations

import os
import sys
import time

import httpx

from flows.deployments import serve_flows
from flows.rows import Trackers

LOOK_EVERY_SECONDS = 0.2


def main() -> None:
    """Serve the flows until SIGTERM or Ctrl-C."""
    _wait_for_server(os.environ["PREFECT_API_URL"])
    serve_flows(Trackers(sys.argv[1]) if len(sys.argv) > 1 else Trackers.AUTO)


def _wait_for_server(api_url: str) -> None:
    """Wait until the server answers, whatever it answers; who started both gives up first."""
    with httpx.Client(timeout=2, trust_env=False) as client:
        while True:
            try:
                client.get(f"{api_url}/health")
            except httpx.HTTPError:
                time.sleep(LOOK_EVERY_SECONDS)
            else:
                return


if __name__ == "__main__":
    main()
