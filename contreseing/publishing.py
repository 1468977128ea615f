"""Files written whole or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection
from pathlib import Path

INCOMPLETE = ".partial"


def discard_incomplete(folder: Path, names: Collection[str]) -> None:
    """Remove what a stop left of files of these names; nobody else writes them at the same time."""
    for path in folder.glob(f".*{INCOMPLETE}"):
        if path.name[1:].removesuffix(INCOMPLETE).rpartition(".")[0] in names:
            path.unlink(missing_ok=True)


def publish(path: Path, data: bytes) -> None:
    """Write a file under its name once it is complete on the disk; a stop before that leaves nothing under that name.

    Raises:
        OSError: it cannot be written.
    """
    incomplete = path.with_name(f".{path.name}.{secrets.token_hex(4)}{INCOMPLETE}")
    try:
        with incomplete.open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        incomplete.replace(path)
    except BaseException:
        incomplete.unlink(missing_ok=True)
        raise
