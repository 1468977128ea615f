"""What is changed in pypdf: a long hexadecimal string is read at once, not one digit after the other.

The second reader's own, as nothing of it is the first reader's (``signing.quick_reading``). What is not an even number of plain
digits up to its end is left to pypdf, from where it begins.
"""

from __future__ import annotations

import binascii
import re
from io import BytesIO
from typing import Any

from pypdf.generic import _data_structures as reading
from pypdf.generic._utils import create_string_object

NAME = "read_hex_string_from_stream"
WHOLE = re.compile(rb"<((?:[0-9a-fA-F]{2})*)>")
LONGEST_BYTES = 65_536


def read_hex_at_once() -> bool:
    """Have pypdf read digits at once; False, and nothing is changed, when this version reads otherwise."""
    read = getattr(reading, NAME, None)
    if read is None:
        return False
    if not hasattr(read, "__wrapped__"):

        def quick(stream: Any, forced_encoding: Any = None) -> Any:  # noqa: ANN401 pypdf's own types
            if isinstance(stream, BytesIO):
                start = stream.tell()
                found = WHOLE.match(stream.read(LONGEST_BYTES))
                stream.seek(start if found is None else start + found.end())
                if found is not None:
                    return create_string_object(binascii.unhexlify(found.group(1)), forced_encoding)
            return read(stream, forced_encoding)

        quick.__wrapped__ = read  # type: ignore[attr-defined]
        setattr(reading, NAME, quick)
    return True
