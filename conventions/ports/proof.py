"""Port of what a proof bundle carries that is nobody's data: the program that verifies it."""

from __future__ import annotations

from typing import Protocol


class Verifier(Protocol):
    """Gives the program that goes with every bundle."""

    def program(self) -> bytes:
        """Return ``verify.py``: source text, standard library and the ``openssl`` command only."""
        ...
