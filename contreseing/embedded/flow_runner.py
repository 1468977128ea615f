"""The process that runs our flows in the embedded stack: ``python -m contreseing.embedded.flow_runner [auto|on|off]``.

The word says which agreements are shown by trackers. The environment is ``EmbeddedPrefect.client_environment()`` with our own
settings.
"""

from __future__ import annotations

import sys

from flows.deployments import serve_flows
from flows.rows import Trackers


def main() -> None:
    """Serve the flows until SIGTERM or Ctrl-C."""
    serve_flows(Trackers(sys.argv[1]) if len(sys.argv) > 1 else Trackers.AUTO)


if __name__ == "__main__":
    main()
