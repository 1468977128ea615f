"""Verifies files by hand in a process apart: whatever a file is made to cost, ten seconds and 512 MB are all that its reading gets."""

from __future__ import annotations

import base64
import contextlib
import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self

from conventions.canonical import sha256_hex
from conventions.plain import restored
from conventions.verification import FileVerification
from signing.trust_files import NO_ENDS, Ends, render_ends
from signing.upload_process import PACKAGES, UploadLimits

if TYPE_CHECKING:
    from signing.qualifying import Qualifier

MAX_FILE_BYTES = 100_000_000
MAX_REPORT_BYTES = 16_000_000
TOO_LARGE = "limit: the file is larger than can be read within the limits"
TOO_LONG = "limit: the file takes its reader too long"
TOO_MUCH = "limit: the file makes its reader use too much memory"
ENDED = "the file makes the reader fail (it ended)"
"""Reasons of this module; ``conventions.verdicts`` tells them in French."""


class LimitedVerifier:
    """Verifies files against the same anchors, within limits for each; a process serves many files, and ends with the block."""

    def __init__(
        self,
        trust_pem: Sequence[bytes] = (),
        environment: Mapping[str, str] | None = None,
        limits: UploadLimits | None = None,
        qualifier: Qualifier | None = None,
        *,
        ends: Ends = NO_ENDS,
    ) -> None:
        """Take the anchors, each PEM, with their ends, and the environment of the process apart (nothing, unless given: no secret).

        Trusted lists, where there are any, are read in this process: they are verified, and larger than a file's limits allow.
        """
        self._qualifier = qualifier
        self._trust = {"trust": b"\n".join(trust_pem).decode("ascii"), "ends": render_ends(ends)}
        self._environment = {**(environment or {}), "PYTHONPATH": str(PACKAGES)}
        self._limits = limits or UploadLimits()
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """End the process."""
        self._end()

    def verify(self, data: bytes, at: datetime) -> FileVerification:
        """Report on a file as of an instant; a file that goes past a limit is not valid, and its reasons say which."""
        if len(data) > MAX_FILE_BYTES:
            return _beyond(data, at, TOO_LARGE)
        is_fresh = self._child is None
        found = self._ask(data, at)
        if found.reasons in {(TOO_MUCH,), (ENDED,)} and not is_fresh:  # the files before it left it less
            return self._ask(data, at)
        return found

    def _ask(self, data: bytes, at: datetime) -> FileVerification:
        child, took_too_long = self._started()
        asked = json.dumps({"size_bytes": len(data), "at": at.isoformat()}).encode() + b"\n"
        said, took_too_long = (b"", True) if took_too_long else self._answer(child, asked + data)
        if not said.endswith(b"\n"):
            self._end()
            return _beyond(data, at, TOO_LONG if took_too_long or child.returncode == -signal.SIGXCPU else ENDED)
        told = json.loads(said)
        found = restored(FileVerification, told["found"])
        if any("MemoryError" in reason for reason in found.reasons):
            self._end()
            return _beyond(data, at, TOO_MUCH)
        return found if self._qualifier is None else _qualified(found, told, self._qualifier)

    def _started(self) -> tuple[subprocess.Popen[bytes], bool]:
        """Return the process, and whether it took too long to start."""
        took_too_long = False
        if self._child is None:
            self._child = subprocess.Popen(
                [sys.executable, "-m", "signing.verify_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=self._environment,
            )
            head = {"memory_bytes": self._limits.memory_bytes, "cpu_seconds": self._limits.cpu_seconds, **self._trust}
            _, took_too_long = self._answer(self._child, json.dumps(head).encode() + b"\n")
        return self._child, took_too_long

    def _answer(self, child: subprocess.Popen[bytes], asked: bytes) -> tuple[bytes, bool]:
        """Return the line that the process writes, and whether it took too long: then it was ended, and the line is not whole."""
        assert child.stdin is not None  # noqa: S101 opened as a pipe
        assert child.stdout is not None  # noqa: S101 as above

        begun, timer = time.monotonic(), threading.Timer(self._limits.wall_seconds, child.kill)
        timer.start()
        try:
            with contextlib.suppress(BrokenPipeError):
                child.stdin.write(asked)
                child.stdin.flush()
            said = child.stdout.readline(MAX_REPORT_BYTES)
            return said, not said.endswith(b"\n") and time.monotonic() - begun >= self._limits.wall_seconds
        finally:
            timer.cancel()
            timer.join()

    def _end(self) -> None:
        if self._child is None:
            return
        child, self._child = self._child, None
        child.kill()
        with contextlib.suppress(BrokenPipeError):
            child.communicate()


def _qualified(found: FileVerification, told: Mapping[str, Sequence[Sequence[str]]], qualifier: Qualifier) -> FileVerification:
    from signing.chains import load_certificate  # noqa: PLC0415 a second of imports, for those who have lists
    from signing.qualifying import ShownPaths  # noqa: PLC0415 as above
    from signing.verify import qualify  # noqa: PLC0415 as above

    signers, stampers = (
        tuple(tuple(load_certificate(base64.b64decode(one)) for one in path) for path in told[kind]) for kind in ("signers", "stampers")
    )
    return qualify(found, ShownPaths(signers, stampers), qualifier)


def _beyond(data: bytes, at: datetime, reason: str) -> FileVerification:
    return FileVerification(sha256_hex(data), at, False, None, (), (), None, (reason,))
