"""The real mail catcher and receiver, started as processes on free loopback ports."""

from __future__ import annotations

import base64
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import httpx

from contreseing.clock import SystemClock
from delivery.mail import SmtpMailer
from tests.tools import ROOT

READY_WITHIN_S = 20.0


def free_port() -> int:
    """Find a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def webhook_secret(text: str) -> str:
    """Make a secret of 32 bytes out of a few words."""
    return "whsec_" + base64.b64encode(text.encode().ljust(32, b".")).decode()


@dataclass
class RunningPart:
    """A process of the embedded stack that answers on ``/health``; it may be killed and started again on the same ports."""

    module: str
    http_port: int
    arguments: tuple[str, ...]
    process: subprocess.Popen[str] = field(init=False)

    @property
    def address(self) -> str:
        """Its address, without a final slash."""
        return f"http://127.0.0.1:{self.http_port}"

    def start(self) -> Self:
        """Start it and wait until it answers."""
        self.process = run_part(self.module, *self.arguments)
        limit = time.monotonic() + READY_WITHIN_S
        while not self._answers():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < limit, f"{self.module} does not answer"
            time.sleep(0.05)
        return self

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.communicate()

    def stop(self) -> tuple[int, str]:
        """Ask it to stop; return its exit code and all that it wrote."""
        self.process.terminate()
        output, _ = self.process.communicate(timeout=READY_WITHIN_S)
        return self.process.returncode, output

    def get(self, path: str) -> Any:  # noqa: ANN401 whatever the JSON is
        """Return the JSON at a path."""
        return httpx.get(self.address + path, trust_env=False).raise_for_status().json()

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self.address}/health", trust_env=False).is_success
        except httpx.TransportError:
            return False


def run_part(module: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a module of the embedded stack; what it writes is kept."""
    return subprocess.Popen(
        [sys.executable, "-m", f"contreseing.embedded.{module}", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@dataclass
class RunningCatcher(RunningPart):
    """The mail catcher."""

    smtp_port: int = 0

    def messages_to(self, address: str) -> list[dict[str, Any]]:
        """List the mails of one address, first received first, each read whole."""
        found = httpx.get(f"{self.address}/api/messages", params={"to": address}, trust_env=False).raise_for_status().json()
        return [self.get(f"/api/messages/{message['id']}") for message in reversed(found)]


def mail_catcher_in(folder: Path) -> RunningCatcher:
    """Prepare a mail catcher over a folder; it is not started."""
    smtp_port, http_port = free_port(), free_port()
    arguments = ("--smtp-port", str(smtp_port), "--http-port", str(http_port), "--dir", str(folder))
    return RunningCatcher("mail_catcher", http_port, arguments, smtp_port=smtp_port)


def receiver_in(folder: Path, *secrets: str) -> RunningPart:
    """Prepare a receiver over a folder, with its secrets in a file there; it is not started."""
    folder.mkdir(parents=True, exist_ok=True)
    secret_file = folder / "secrets"
    secret_file.write_text("\n".join(secrets) + "\n")
    port = free_port()
    return RunningPart("receiver", port, ("--port", str(port), "--dir", str(folder / "orders"), "--secret-file", str(secret_file)))


def mailer_to(catcher: RunningCatcher) -> SmtpMailer:
    """Build a mailer that sends to a mail catcher."""
    return SmtpMailer(
        "127.0.0.1",
        catcher.smtp_port,
        sender="conventions@ker-niverel.invalid",
        reply_to="agents@ker-niverel.invalid",
        help_telephone="02 99 00 00 99",
        site_name="Conventions de Ker Niverel",
        clock=SystemClock(),
    )
