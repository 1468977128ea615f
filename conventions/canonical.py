"""Canonical JSON (RFC 8785) for the values that this product hashes: text, integers, booleans, null, lists, objects.

Floats are refused, because none of our facts is one; with text keys of the Basic Multilingual Plane sorted by code point
the standard library's output is then the canonical form. A test compares it with the ``rfc8785`` library.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]
MAX_SAFE_INTEGER = 2**53 - 1  # RFC 8785, 3.2.2.3: numbers are IEEE 754 doubles


def _checked(value: Json) -> object:
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            msg = f"integer outside the safe range of RFC 8785: {value}"
            raise ValueError(msg)
        return value
    if isinstance(value, Mapping):
        if any(not isinstance(key, str) or not key.isascii() for key in value):
            msg = "canonical JSON keys are ASCII text here"
            raise ValueError(msg)
        return {key: _checked(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_checked(item) for item in value]
    msg = f"canonical JSON does not hold a {type(value).__name__}"
    raise TypeError(msg)


def render_canonical(value: Json) -> bytes:
    """Serialise to canonical UTF-8 bytes.

    Raises:
        TypeError: a value of another type (a float, a date, bytes).
        ValueError: an integer beyond 2**53 - 1, a key that is not ASCII, or text with a lone surrogate.
    """
    text = json.dumps(_checked(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8")


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of ``data`` as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
