"""The process in which files given to ``contreseing verify`` are looked at, one after another: little memory, little time for each.

Reads from standard input one line of JSON (see ``signing.verify_process``), then for each file a line of JSON and its bytes; writes a
line of JSON when it is ready, then one a file.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from datetime import datetime

from conventions.plain import plain
from signing.verify import FileVerifier


def main() -> None:
    """Report on files until there are no more."""
    head = json.loads(sys.stdin.buffer.readline())
    verifier = FileVerifier([head["trust"].encode()] if head["trust"] else ())
    resource.setrlimit(resource.RLIMIT_AS, (head["memory_bytes"], head["memory_bytes"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _say("ready")
    while line := sys.stdin.buffer.readline():
        asked = json.loads(line)
        _grant(head["cpu_seconds"])
        _say(plain(verifier.verify(sys.stdin.buffer.read(asked["size_bytes"]), datetime.fromisoformat(asked["at"]))))


def _grant(cpu_seconds: int) -> None:
    """Allow so much more processor time from now on."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    wanted = int(time.process_time()) + 1 + cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (wanted if most == resource.RLIM_INFINITY else min(wanted, most), most))


def _say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
