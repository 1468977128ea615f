"""The real PKI, started as a process on a free loopback port, and the real adapter over it."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import httpx

from contreseing.clock import SystemClock
from conventions.ports.system import Clock
from signing.adapter import PadesSigning, RenderStamp
from signing.outside import HttpTimeouts
from signing.pki.directory import read_anchors, read_token
from signing.pki.former import FormerPki
from signing.pki_client import PkiTokens
from signing.signatories import LastingKey
from tests.tools import ROOT
from tests.unit.signing.material import draw_stamp

READY_WITHIN_S = 20.0
MODULE = "contreseing.embedded.pki_service"
QUICK = HttpTimeouts(connect_seconds=1.0, total_seconds=3.0)


def free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@dataclass
class RunningPki:
    """The PKI's process over a folder, which believes the anchors of ``trusted`` about time too; it may be stopped and started again.

    ``is_former``: another came after it.
    """

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[str] | None = None
    trusted: tuple[Path, ...] = ()
    is_former: bool = False

    @property
    def address(self) -> str:
        """Its address, without a final slash."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def tokens(self) -> PkiTokens:
        """All four bearer tokens."""
        return PkiTokens(*(read_token(self.folder, name) for name in ("portal", "flows", "desk", "proofs")))

    def start(self) -> Self:
        """Create the PKI where it lacks, serve it, and wait until it answers."""
        initialised = self.run("init", "--dir", str(self.folder), "--base-url", self.address)
        assert initialised.wait(READY_WITHIN_S) == 0, initialised.communicate()
        trust = [option for path in self.trusted for option in ("--trust", str(path))]
        former = ["--former"] if self.is_former else []
        self.process = self.run("--dir", str(self.folder), "--port", str(self.port), *trust, *former)
        limit = time.monotonic() + READY_WITHIN_S
        while not self._answers():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < limit, "the PKI does not answer"
            time.sleep(0.05)
        initialised.communicate()
        return self

    def stop(self) -> tuple[int, str]:
        """Ask it to stop; return its exit code and all that it wrote."""
        assert self.process is not None
        self.process.terminate()
        output, _ = self.process.communicate(timeout=READY_WITHIN_S)
        return self.process.returncode, output

    def adapter(
        self,
        tsa_urls: Sequence[str] = (),
        timeouts: HttpTimeouts = QUICK,
        render_stamp: RenderStamp = draw_stamp,
        lasting_key: LastingKey | None = None,
        clock: Clock | None = None,
        tsa_anchors_pem: Sequence[bytes] = (),
        former: Sequence[FormerPki] = (),
    ) -> PadesSigning:
        """Make the adapter over this PKI, by default with its time-stamp authority; the caller closes it."""
        return PadesSigning(
            pki_url=self.address,
            tokens=self.tokens,
            anchors_pem=read_anchors(self.folder),
            tsa_urls=tsa_urls or [f"{self.address}/tsa"],
            render_stamp=render_stamp,
            clock=clock or SystemClock(),
            timeouts=timeouts,
            lasting_key=lasting_key,
            tsa_anchors_pem=tsa_anchors_pem,
            former=former,
        )

    @staticmethod
    def run(*arguments: str) -> subprocess.Popen[str]:
        """Start the service's program."""
        command = [sys.executable, "-m", MODULE, *arguments]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/health", trust_env=False).is_success
        except httpx.TransportError:
            return False
