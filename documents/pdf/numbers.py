"""Numbers of PDF."""

from __future__ import annotations

import functools


@functools.lru_cache(maxsize=16_384)
def number(value: float) -> str:
    """Write a number: at most three decimals, no exponent (ISO 32000-1, 7.3.3)."""
    written = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if written == "-0" else written
