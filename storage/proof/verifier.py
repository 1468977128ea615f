"""Gives ``verify.py`` as it stands in this package."""

from __future__ import annotations

from importlib import resources


class PackagedVerifier:
    """Reads the program beside this module, once."""

    def __init__(self) -> None:
        self._program = (resources.files("storage.proof") / "verify.py").read_bytes()

    def program(self) -> bytes:
        """See the port."""
        return self._program
