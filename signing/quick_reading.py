"""What is changed in pyHanko: a long hexadecimal string is read at once, not one digit after the other.

A signature's room holds some twenty thousand digits, and each opening of a file reads all of them: a third of a million calls
a validation. What is not plain digits up to its end is left to pyHanko, from where it begins.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic

NAME = "read_hex_string_from_stream"
WINDOW_BYTES = 65_536


def read_hex_at_once() -> bool:
    """Have pyHanko read digits at once; False, and nothing is changed, when this version reads otherwise."""
    read = getattr(generic, NAME, None)
    if read is None:
        return False
    if not hasattr(read, "__wrapped__"):

        def reading(stream: Any) -> Any:  # noqa: ANN401 pyHanko's own types
            if isinstance(stream, BytesIO):
                start = stream.tell()
                window = stream.read(WINDOW_BYTES)
                digits, end, _ = window.partition(b">")
                digits = digits[1:]
                if end and len(digits) % 2 == 0 and digits.isalnum():
                    try:
                        value = bytes.fromhex(digits.decode("ascii"))
                    except ValueError:
                        pass
                    else:
                        stream.seek(start + len(digits) + 2)
                        return generic.pdf_string(value)
                stream.seek(start)
            return read(stream)

        reading.__wrapped__ = read  # type: ignore[attr-defined]
        setattr(generic, NAME, reading)
    return True
