"""The embedded stack as commands use it: opened on a folder, started in part or whole, shared, watched, stopped."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from contreseing.clock import SystemClock
from contreseing.embedded.parts import ALL, OURS, OUTSIDE, PKI, S3, build_part
from contreseing.embedded.supervision import Supervisor
from contreseing.embedded.workspace import Workspace, ensure_workspace
from contreseing.settings import Settings, load_settings_file
from contreseing.stores import prepare_stores
from conventions.errors import ConfigurationError
from signing.pki.directory import ensure_pki
from signing.pki.key_files import read_passphrase

ORGANISATION = "Démonstration Contreseing (autorité fictive)"
RESTARTS_A_MINUTE = 5

Told = Callable[[str], None]


class Stack:
    """The parts of one folder, used by one command. Leaving the ``with`` block stops the parts that nobody else uses."""

    def __init__(self, folder: Path, tell: Told | None = None) -> None:
        self.workspace: Workspace = ensure_workspace(folder)
        self.supervisor = Supervisor(folder / "run", folder / "logs", self.workspace.addresses.id)
        self._tell = tell or (lambda _: None)
        self._restarts: deque[float] = deque(maxlen=RESTARTS_A_MINUTE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()

    def start_afresh(self) -> None:
        """Remove what an earlier demonstration left, its addresses aside, once its processes are ended.

        Raises:
            ConfigurationError: another command is using the stack.
        """
        if self.supervisor.is_used_elsewhere():
            raise ConfigurationError("another command uses this stack", code="stack.in_use", folder=self.workspace.folder.name)
        self.supervisor.end_leftovers()
        self.workspace.wipe()
        self.workspace = ensure_workspace(self.workspace.folder)

    def start(self, names: Collection[str] = ALL) -> None:
        """Start parts that do not run yet and wait until each is ready; those of the outside first.

        Raises:
            ConfigurationError: a port is taken by another program, which is named; a program lacks; or the PKI's keys are
                under another passphrase than the one set.
            UpstreamUnavailable: a part did not start.
        """
        self.supervisor.end_leftovers()
        if PKI in names or set(OURS) & set(names):
            passphrase = read_passphrase(self.workspace.passphrase_file)
            address = self.workspace.addresses.url("pki")
            ensure_pki(self.workspace.pki, address, SystemClock().now(), ORGANISATION, passphrase=passphrase)
        for name in (name for name in OUTSIDE if name in names):
            self._start(name)
        if S3 in names:
            self._wait(S3)
            prepare_stores(self.settings)
        for name in (name for name in OURS if name in names):
            self._start(name)
        for name in (name for name in ALL if name in names):
            self._wait(name)

    @property
    def settings(self) -> Settings:
        """The product's settings on this stack, without any right to ask the PKI for anything."""
        return self.settings_with()

    def settings_with(self, *tokens: str) -> Settings:
        """Return the product's settings with the PKI's tokens of these roles (``portal``, ``flows``, ``desk``)."""
        files = {f"pki_{name}_token_file": str(self.workspace.pki / f"{name}.token") for name in tokens}
        return load_settings_file(self.workspace.settings_file, **files)

    def start_part(self, name: str) -> None:
        """Start one part again and wait until it is ready."""
        self._start(name)
        self._wait(name)

    def stop_part(self, name: str, *, by: int | None = None) -> None:
        """Stop one part, as an outage would; ``by`` is the signal."""
        self.supervisor.stop(name, by=by)

    def keep_alive(self) -> None:
        """Start again whatever ended by itself; called now and then while a command runs.

        Raises:
            UpstreamUnavailable: parts end again and again.
        """
        for name in self.supervisor.dead_parts():
            label = build_part(name, self.workspace).label
            if len(self._restarts) == RESTARTS_A_MINUTE and time.monotonic() - self._restarts[0] < 60:  # noqa: PLR2004 a minute
                raise self.supervisor.failure(name, "s’arrête sans cesse")
            self._restarts.append(time.monotonic())
            self._tell(f"« {label} » s’est arrêté : nouveau démarrage.")
            self.start_part(name)

    def release(self) -> None:
        """Let go of every part; those that nobody else uses are stopped."""
        self.supervisor.release()

    def _start(self, name: str) -> None:
        part = build_part(name, self.workspace)
        self._tell(f"Démarrage : {part.label}")
        self.supervisor.start(replace(part, folder=part.folder.absolute() if part.folder else None))

    def _wait(self, name: str) -> None:
        self.supervisor.wait_until_ready(name)
