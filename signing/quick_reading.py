"""What is changed in pyHanko: a token is found in a stretch of the file at once, not one byte after the other.

A signature's room holds some twenty thousand digits, and each opening of a file reads all of them; a file's names and numbers
are as many calls again. A name or a short text is decoded, and written, once: it is a function of its bytes.
What is not plain, or longer than the stretch, is left to pyHanko, from where it begins.
"""

from __future__ import annotations

import re
from functools import lru_cache
from io import BytesIO
from typing import Any

from pyhanko.pdf_utils import generic, misc

HEXADECIMAL, UNTIL_CLASS, DECODE_NAME, WRITE = "read_hex_string_from_stream", "_read_until_class", "_decode_name", "write_to_stream"
DECODE_TEXT, CHARACTERS = "decode_pdfdocencoding", "_pdfDocEncoding"
LONGEST_HEXADECIMAL_BYTES = 65_536
LONGEST_TOKEN_BYTES = 128
REMEMBERED = 2048
PAIRS = re.compile(rb"(?:[0-9a-fA-F]{2})*+")


def read_tokens_at_once() -> bool:
    """Have pyHanko read tokens at once; False, and nothing is changed, when this version reads otherwise."""
    read_hexadecimal, read_until_class = getattr(generic, HEXADECIMAL, None), getattr(misc, UNTIL_CLASS, None)
    if read_hexadecimal is None or read_until_class is None or not hasattr(generic, DECODE_NAME):
        return False
    if hasattr(read_hexadecimal, "__wrapped__"):
        return True

    def hexadecimal(stream: Any) -> Any:  # noqa: ANN401 pyHanko's own types
        if isinstance(stream, BytesIO):
            start = stream.tell()
            digits, end, _ = stream.read(LONGEST_HEXADECIMAL_BYTES)[1:].partition(b">")
            if end and PAIRS.fullmatch(digits):
                stream.seek(start + len(digits) + 2)
                return generic.pdf_string(bytes.fromhex(digits.decode("ascii")))
            stream.seek(start)
        return read_hexadecimal(stream)

    def until_class(class_chars: bytes, stream: Any, maxchars: int | None = None) -> Any:  # noqa: ANN401 pyHanko's own types
        if maxchars is None and isinstance(stream, BytesIO):
            start = stream.tell()
            window = stream.read(LONGEST_TOKEN_BYTES)
            found = _one_of(class_chars).search(window)
            if found is not None:
                stream.seek(start + found.end())
                return window[: found.start()], False
            if len(window) < LONGEST_TOKEN_BYTES:
                return window, True
            stream.seek(start)
        return read_until_class(class_chars, stream, maxchars)

    hexadecimal.__wrapped__ = read_hexadecimal  # type: ignore[attr-defined]
    until_class.__wrapped__ = read_until_class  # type: ignore[attr-defined]
    setattr(generic, HEXADECIMAL, hexadecimal)
    setattr(misc, UNTIL_CLASS, until_class)
    _remember_names()
    _remember_texts()
    _decode_text_at_once()
    return True


@lru_cache(maxsize=16)
def _one_of(class_chars: bytes) -> re.Pattern[bytes]:
    return re.compile(b"[" + re.escape(class_chars) + b"]")


def _remember_names() -> None:
    decode, write = getattr(generic, DECODE_NAME), getattr(generic.NameObject, WRITE)

    @lru_cache(REMEMBERED)
    def decoded(name: bytes) -> str:
        return str(decode(name))

    def decode_name(name_bytes: bytes) -> Any:  # noqa: ANN401 pyHanko's own types
        if len(name_bytes) >= LONGEST_TOKEN_BYTES:
            return decode(name_bytes)
        return generic.NameObject(decoded(name_bytes))

    @lru_cache(REMEMBERED)
    def written(name: str) -> bytes:
        stream = BytesIO()
        write(generic.NameObject(name), stream)
        return stream.getvalue()

    def write_name(self: Any, stream: Any, handler: Any = None, container_ref: Any = None) -> None:  # noqa: ANN401 pyHanko's own types
        if len(self) >= LONGEST_TOKEN_BYTES:
            write(self, stream, handler, container_ref)
        else:
            stream.write(written(str(self)))

    decode_name.__wrapped__ = decode  # type: ignore[attr-defined]
    write_name.__wrapped__ = write  # type: ignore[attr-defined]
    setattr(generic, DECODE_NAME, decode_name)
    setattr(generic.NameObject, WRITE, write_name)


def _remember_texts() -> None:
    """A text is written with an octal escape for each character but letters and figures, one call a character."""
    write = getattr(generic.TextStringObject, WRITE)

    @lru_cache(REMEMBERED)
    def written(text: str) -> bytes:
        stream = BytesIO()
        write(generic.TextStringObject(text), stream)
        return stream.getvalue()

    def write_text(self: Any, stream: Any, handler: Any = None, container_ref: Any = None) -> None:  # noqa: ANN401 pyHanko's own types
        if len(self) >= LONGEST_TOKEN_BYTES or handler is not None or self.force_output_encoding is not None:
            write(self, stream, handler, container_ref)
        else:
            stream.write(written(str(self)))

    write_text.__wrapped__ = write  # type: ignore[attr-defined]
    setattr(generic.TextStringObject, WRITE, write_text)


def _decode_text_at_once() -> None:
    decode, characters = getattr(generic, DECODE_TEXT, None), getattr(generic, CHARACTERS, ())
    if decode is None or len(characters) != 256:  # noqa: PLR2004 ISO 32000-1, D.3: one a byte
        return
    undefined = bytes(byte for byte, character in enumerate(characters) if character == "\0")
    table = dict(enumerate(characters))

    def decode_text(data: Any) -> Any:  # noqa: ANN401 pyHanko's own types
        if not isinstance(data, bytes) or len(data) != len(data.translate(None, undefined)):
            return decode(data)
        return data.decode("latin-1").translate(table)

    decode_text.__wrapped__ = decode  # type: ignore[attr-defined]
    setattr(generic, DECODE_TEXT, decode_text)
