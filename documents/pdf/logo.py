"""A logo as a PDF form: drawn on the first page, at the right of the letterhead."""

from __future__ import annotations

from dataclasses import dataclass

RESOURCE = "Logo"


@dataclass(frozen=True)
class Logo:
    """A logo ready to be written: its own width and height (any unit), its bytes as a PDF stream and that stream's entries."""

    width: float
    height: float
    content: bytes
    entries: str
