"""The process in which files given to ``contreseing verify`` are looked at, one after another: little memory, little time for each.

Reads from standard input one line of JSON (see ``signing.verify_process``), then for each file a line of JSON and its bytes; writes a
line of JSON when it is ready, then one a file.
"""

from __future__ import annotations

import base64
import json
import resource
import sys
import time
from collections.abc import Iterable
from datetime import datetime

from cryptography.hazmat.primitives.serialization import Encoding

from conventions.plain import plain
from signing.qualifying import Path, Qualifier
from signing.trust_files import parse_ends
from signing.verify import FileVerifier, qualify


def main() -> None:
    """Report on files until there are no more."""
    head = json.loads(sys.stdin.buffer.readline())
    verifier = FileVerifier([head["trust"].encode()] if head["trust"] else (), ends=parse_ends(head["ends"]))
    resource.setrlimit(resource.RLIMIT_AS, (head["memory_bytes"], head["memory_bytes"]))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _say("ready")
    while line := sys.stdin.buffer.readline():
        asked = json.loads(line)
        _grant(head["cpu_seconds"])
        found, paths = verifier.read(sys.stdin.buffer.read(asked["size_bytes"]), datetime.fromisoformat(asked["at"]))
        _say({"found": plain(qualify(found, paths, Qualifier())), "signers": _told(paths.signers), "stampers": _told(paths.stampers)})


def _told(paths: Iterable[Path]) -> list[list[str]]:
    return [[base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in path] for path in paths]


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
