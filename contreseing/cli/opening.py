"""How a command gets its ports: from the settings given, else from the embedded stack of the folder.

The parts of the embedded stack that the command needs are started, or shared with another command that has them running.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from contreseing.cli.words import tell
from contreseing.embedded.stack import Stack
from contreseing.embedded.workspace import is_workspace
from contreseing.settings import PASSPHRASE_FILE_VARIABLE, PREFIX, Settings, load_settings
from contreseing.wiring import build_ports, close_ports, use_ports
from conventions.errors import ConfigurationError, NotFound
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports


def has_settings() -> bool:
    """Tell whether settings are given by the environment; the PKI's passphrase alone is not an installation's: stacks take it too."""
    return any(name.startswith(PREFIX) and name != PASSPHRASE_FILE_VARIABLE for name in os.environ)


def check_known(folder: Path, *references: str) -> None:
    """Look agreements up in the registry before anything is started for them: a mistyped reference is answered at once, by its name.

    Raises:
        NotFound: ``agreement.unknown``.
        ConfigurationError: see ``opened_settings``.
    """
    with opened_settings(folder) as settings:
        ports = build_ports(settings, is_deferring=True)
        try:
            with ports.registry.read() as tx:
                for reference in references:
                    _check_known(tx, reference)
        finally:
            close_ports(ports)


def _check_known(tx: Transaction, reference: str) -> None:
    try:
        tx.agreement(reference)
    except NotFound as error:
        raise NotFound(f"no agreement {reference}", code="agreement.unknown", reference=reference) from error


@contextmanager
def opened_settings(folder: Path, parts: Collection[str] = (), tokens: Collection[str] = ()) -> Iterator[Settings]:
    """Yield the settings of this installation; in a folder of an embedded stack, these parts run until the end of the block.

    ``tokens`` name the rights to ask the PKI of that stack for something; an installation gives them by its settings.

    Raises:
        ConfigurationError: no settings are given and the folder holds no stack; or see ``load_settings``.
        UpstreamUnavailable: a part did not start.
    """
    if has_settings():
        yield load_settings()
    elif is_workspace(folder):
        with Stack(folder, tell) as stack:
            stack.start(parts)
            yield stack.settings_with(*tokens)
    else:
        raise ConfigurationError(f"no settings, and no embedded stack in {folder.name}", code="configuration.absent", folder=folder.name)


@contextmanager
def opened_ports(folder: Path, parts: Collection[str] = (), tokens: Collection[str] = (), *, is_deferring: bool = False) -> Iterator[Ports]:
    """Yield the ports of this installation; see ``opened_settings``, and ``build_ports`` for what mostly reads the registry."""
    with opened_settings(folder, parts, tokens) as settings:
        ports = build_ports(settings, is_deferring=is_deferring, is_staying=True)
        try:
            with use_ports(ports):
                yield ports
        finally:
            close_ports(ports)
