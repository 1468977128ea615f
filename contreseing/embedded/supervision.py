"""Processes of the stack: started once, shared by commands, stopped by the last that uses them, found again after a crash.

Three files a part, in the stack's folder, and what the kernel says of their locks (``flock``), which no crash can falsify:

- ``<part>.alive`` is locked by the part's own process, which inherits the lock: locked means that it runs, and that the
  process number written there is still its own;
- ``<part>.users`` is locked, shared, by every command that uses the part: when the last lets go, it stops the part;
- ``starting.lock`` is held for the time of a decision, so that two commands never both start or stop a part.
"""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from contreseing.embedded.addresses import holder_of, is_free
from conventions.errors import ConfigurationError, UpstreamUnavailable

STOP_SECONDS = 10.0
POLL_SECONDS = 0.05
LOG_LINES_TOLD = 15
MARK = "STACK_OF_CONTRESEING"
"""Environment variable that every process of a stack carries, with the stack's identifier."""


@dataclass(frozen=True)
class Part:
    """A process of the stack, run in ``folder``. ``listens`` are the (host, port) it takes; ``is_ready`` is asked until it says yes."""

    name: str
    label: str
    command: tuple[str, ...]
    is_ready: Callable[[], bool]
    listens: tuple[tuple[str, int], ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    ready_within_seconds: float = 60.0
    stop_signal: int = signal.SIGTERM


class Supervisor:
    """Runs parts on behalf of one command. ``folder`` holds the locks, ``logs`` what the parts write."""

    def __init__(self, folder: Path, logs: Path, stack_id: str) -> None:
        self._folder, self._logs, self._stack_id = folder, logs, stack_id
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._users: dict[str, IO[str]] = {}
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._parts: dict[str, Part] = {}

    def start(self, part: Part) -> None:
        """Make sure that the part runs and note that we use it; returns before it is ready.

        Raises:
            ConfigurationError: another program listens on one of its ports; it is named.
        """
        with self._deciding():
            if part.name in self._users:
                if not self._is_alive(part.name):
                    self._spawn(part)
                return
            users = self._open(f"{part.name}.users")
            alone = _lock(users, fcntl.LOCK_EX)
            if alone:
                self._end(part.name, part.stop_signal)
                fcntl.flock(users, fcntl.LOCK_UN)
            if not _lock(users, fcntl.LOCK_SH):
                raise _failed(part, "une autre commande est en train de l'arrêter")
            self._users[part.name], self._parts[part.name] = users, part
            if not self._is_alive(part.name):
                self._spawn(part)

    def wait_until_ready(self, name: str) -> None:
        """Wait for a started part.

        Raises:
            UpstreamUnavailable: it ended, or was not ready in time; ``details["log"]`` is the end of what it wrote.
        """
        part = self._parts[name]
        limit = time.monotonic() + part.ready_within_seconds
        while not part.is_ready():
            child = self._children.get(name)
            if child is not None and child.poll() is not None:
                raise self._failure(part, f"arrêt dès le démarrage (code {child.returncode})")
            if time.monotonic() > limit:
                raise self._failure(part, f"pas prêt après {part.ready_within_seconds:.0f} s")
            time.sleep(POLL_SECONDS)

    def stop(self, name: str, *, by: int | None = None) -> None:
        """Stop a part now, whoever else uses it; ``by`` is the signal (a test kills by SIGKILL). It may be started again."""
        with self._deciding():
            self._end(name, self._parts[name].stop_signal if by is None else by)

    def used(self) -> tuple[str, ...]:
        """Name the parts that we use, in the order in which they were started."""
        return tuple(self._users)

    def dead_parts(self) -> tuple[str, ...]:
        """Name the parts that we use and that no longer run."""
        return tuple(name for name in self._users if not self._is_alive(name))

    def process_id(self, name: str) -> int | None:
        """Return the number of a running part's process, or None."""
        return self._process_id(name) if self._is_alive(name) else None

    def release(self) -> None:
        """Let go of every part, in the reverse order of their start; those that nobody else uses are stopped."""
        for name in reversed(list(self._users)):
            with self._deciding():
                users = self._users.pop(name)
                fcntl.flock(users, fcntl.LOCK_UN)
                if _lock(users, fcntl.LOCK_EX):
                    self._end(name, self._parts[name].stop_signal)
                users.close()

    def is_used_elsewhere(self) -> bool:
        """Tell whether another command uses a part of this stack now."""
        for path in self._folder.glob("*.users"):
            if path.stem in self._users:
                continue
            with path.open("a") as users:
                if not _lock(users, fcntl.LOCK_EX):
                    return True
        return False

    def end_leftovers(self) -> tuple[str, ...]:
        """Stop the parts that a killed command left running; returns their names. Parts in use are left alone."""
        ended = []
        with self._deciding():
            for path in sorted(self._folder.glob("*.alive")):
                name = path.stem
                if name in self._users:
                    continue
                with self._open(f"{name}.users") as users:
                    if _lock(users, fcntl.LOCK_EX) and (self._is_alive(name) or self._orphans(name)):
                        self._end(name, signal.SIGTERM)
                        ended.append(name)
        return tuple(ended)

    def failure(self, name: str, reason: str) -> UpstreamUnavailable:
        """Describe a part's failure, with the end of what it wrote."""
        return self._failure(self._parts[name], reason)

    def log_path(self, name: str) -> Path:
        """Return where a part writes."""
        return self._logs / f"{name}.log"

    def _spawn(self, part: Part) -> None:
        for host, port in part.listens:
            if not is_free(host, port):
                holder = holder_of(port) or "un autre programme"
                raise ConfigurationError(
                    f"{part.name}: port {port} of {host} is taken", code="stack.port_taken", label=part.label, port=port, holder=holder
                )
        self._logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._open(f"{part.name}.alive") as alive, self.log_path(part.name).open("ab") as output:
            if not _lock(alive, fcntl.LOCK_EX):
                raise _failed(part, "il tourne déjà")
            child = subprocess.Popen(
                part.command,
                cwd=part.folder,
                env={**part.environment, MARK: self._stack_id},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=(alive.fileno(),),
                start_new_session=True,
            )
            alive.truncate(0)
            alive.write(str(child.pid))
            alive.flush()
        self._children[part.name] = child

    def _end(self, name: str, by: int) -> None:
        process_id = self._process_id(name)
        if process_id is None:
            return
        if self._is_alive(name):
            _signal_group(process_id, by)
            limit = time.monotonic() + STOP_SECONDS
            while self._is_alive(name) and time.monotonic() < limit:
                self._reap(name)
                time.sleep(POLL_SECONDS)
            if self._is_alive(name):
                _signal_group(process_id, signal.SIGKILL)
                while self._is_alive(name):
                    self._reap(name)
                    time.sleep(POLL_SECONDS)
        while orphans := self._orphans(name):
            for orphan in orphans:
                with suppress(ProcessLookupError):
                    os.kill(orphan, signal.SIGKILL)
            time.sleep(POLL_SECONDS)
        self._bury(name)

    def _bury(self, name: str) -> None:
        """Wait for a child that was ended: it lets go of its lock a moment before it can be reaped."""
        child = self._children.get(name)
        if child is not None:
            with suppress(subprocess.TimeoutExpired):
                child.wait(STOP_SECONDS)

    def _reap(self, name: str) -> None:
        child = self._children.get(name)
        if child is not None:
            child.poll()

    def _is_alive(self, name: str) -> bool:
        self._reap(name)
        with self._open(f"{name}.alive") as alive:
            return not _lock(alive, fcntl.LOCK_EX)

    def _process_id(self, name: str) -> int | None:
        try:
            text = (self._folder / f"{name}.alive").read_text(encoding="ascii")
        except FileNotFoundError:
            return None
        return int(text) if text.isdigit() else None

    def _orphans(self, name: str) -> tuple[int, ...]:
        """Find processes that the part itself started and that outlived it: of its group, and carrying our mark."""
        group = self._process_id(name)
        if group is None:
            return ()
        mark = f"{MARK}={self._stack_id}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if os.getpgid(int(process.name)) == group and mark in (process / "environ").read_bytes().split(b"\0"):
                    found.append(int(process.name))
            except (OSError, ProcessLookupError):
                continue
        return tuple(found)

    def _failure(self, part: Part, reason: str) -> UpstreamUnavailable:
        try:
            lines = self.log_path(part.name).read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES_TOLD:]
        except OSError:
            lines = []
        return _failed(part, reason, "\n".join(lines))

    def _open(self, filename: str) -> IO[str]:
        return os.fdopen(os.open(self._folder / filename, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "a", encoding="ascii")

    @contextmanager
    def _deciding(self) -> Iterator[None]:
        with self._open("starting.lock") as decision:
            fcntl.flock(decision, fcntl.LOCK_EX)
            yield


def _failed(part: Part, reason: str, log: str = "") -> UpstreamUnavailable:
    return UpstreamUnavailable(f"{part.name} did not start", code="stack.part_failed", label=part.label, reason=reason, log=log)


def _lock(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _signal_group(process_id: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process_id, number)
