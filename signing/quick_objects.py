"""What is changed in pyHanko: a dictionary or an array written plainly is read in one pass over its tokens.

pyHanko calls a function or two for each byte of it; opening, signing and judging a file read some hundreds of them. What is not
plain (a comment, a name or a number written oddly, a key given twice, nesting without end, a stream of metadata) is left to
pyHanko, from where it begins: the objects, and the errors, are its own (of a few hundred levels, Python's limit comes sooner).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Any
from weakref import WeakKeyDictionary

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfReadError

from signing.quick_reading import LONGEST_TOKEN_BYTES, REMEMBERED

READ_OBJECT, READ_PAYLOAD, DECODE_NAME = "read_object", "_maybe_read_stream_payload", "_decode_name"
READ_LITERAL = "_read_string_literal_bytes"
DEEPEST = 32
TOKEN = re.compile(
    rb"""[\x00\t\n\x0c\r ]*+ (?:
        / ([^\x00\t\n\x0c\r ()<>\[\]{}/%]{0,127}+) END  # a name
        | ([1-9]\d{0,8}) [ ] (\d{1,5}) [ ] R END           # a reference
        | ([+-]?\d{1,18}) END
        | ([+-]? (?: \d{1,18}\.\d{0,18} | \.\d{1,18})) END
        | (<<) | (>>) | (\[) | (\])
        | ( \( [^()\\]*+ \) )
        | < ((?:[0-9a-fA-F]{2})*+) >
        | ( \( (?: [^()\\]++ | \\.)*+ \) )
        | (true|false) END
        | (null) END
    )""".replace(b"END", rb"(?=[\x00\t\n\x0c\r ()<>\[\]/])"),
    re.DOTALL | re.VERBOSE,
)
NAME, NUMBER, GENERATION, INTEGER, REAL, OPEN, CLOSE, OPEN_ARRAY, CLOSE_ARRAY = range(1, 10)
CONTAINERS = CLOSE, OPEN_ARRAY, CLOSE_ARRAY
PLAIN_TEXT, DIGITS, ESCAPED_TEXT, BOOLEAN, NULL = range(10, 15)
TEXTS = re.compile(rb"(?: [\x00\t\n\x0c\r ]*+ ( \( (?: [^()\\]++ | \\.)*+ \) ) ){2,64}+ [\x00\t\n\x0c\r ]*+ \]", re.DOTALL | re.VERBOSE)
TEXT = re.compile(rb"\( (?: [^()\\]++ | \\.)*+ \)", re.DOTALL | re.VERBOSE)
LONGEST_TEXTS_BYTES = 4_096
FOLLOWING = re.compile(rb"[\x00\t\n\x0c\r ]*+(stream|%)")
WANTED = object()
_TRIED: WeakKeyDictionary[BytesIO, range] = WeakKeyDictionary()
"""Where a stream was last seen not to be plain: what begins there, inside, is not tried again, however deep it is nested."""


def read_objects_at_once() -> bool:
    """Have pyHanko read plain dictionaries and arrays at once; False, and nothing is changed, when this version reads otherwise."""
    read_object, payload = getattr(generic, READ_OBJECT, None), getattr(generic, READ_PAYLOAD, None)
    if read_object is None or payload is None or not hasattr(generic, DECODE_NAME) or not hasattr(generic, READ_LITERAL):
        return False
    if hasattr(read_object, "__wrapped__"):
        return True
    outside = generic.ContentOpReading.NO

    def read(stream: Any, container_ref: Any, as_metadata_stream: bool = False, in_content_stream: Any = outside) -> Any:  # noqa: ANN401, FBT001, FBT002 pyHanko's signature
        if isinstance(stream, BytesIO) and in_content_stream is outside and not as_metadata_stream:
            start = stream.tell()
            tried = _TRIED.get(stream)
            if tried is None or start not in tried:
                found, at = _read_plain(stream.getvalue(), start, container_ref)
                if found is not None:
                    stream.seek(at)
                    if found.data_follow:
                        data = payload(stream, dict(found.value), container_ref.get_pdf_handler())
                        stream_object = generic.StreamObject(found.value, encoded_data=data)
                        stream_object.container_ref = container_ref
                        return stream_object
                    return found.value
                _TRIED[stream] = range(start, at)
        return read_object(stream, container_ref, as_metadata_stream, in_content_stream)

    read.__wrapped__ = read_object  # type: ignore[attr-defined]
    setattr(generic, READ_OBJECT, read)
    return True


@dataclass(frozen=True)
class _Found:
    """A plain dictionary or array; after a dictionary, data may follow that make it a stream."""

    value: Any
    data_follow: bool


def _read_plain(data: bytes, start: int, container_ref: Any) -> tuple[_Found | None, int]:  # noqa: ANN401 pyHanko's own types
    """Read what begins at ``start``, and where it ends; without anything plain there, where that was seen."""
    if data[start : start + 1] not in (b"<", b"["):
        return None, start
    try:
        value, at = _read_container(data, start, container_ref)
    except (PdfReadError, ValueError):
        return None, start
    after = FOLLOWING.match(data, at) if isinstance(value, dict) else None
    if value is None or (after is not None and after[1] == b"%"):
        return None, at
    return _Found(value, after is not None), at


def _read_container(data: bytes, start: int, container_ref: Any) -> tuple[Any, int]:  # noqa: ANN401 as above
    match, decode_name, handler = TOKEN.match, getattr(generic, DECODE_NAME), container_ref.get_pdf_handler()
    at, opened, keys = start, list[Any](), list[Any]()  # a dictionary being read waits for a key, then for its value
    while (token := match(data, at)) is not None:
        at, kind = token.end(), token.lastindex
        value: Any
        if kind == NAME:
            value = decode_name(token[NAME])
            if opened and keys[-1] is WANTED:
                keys[-1] = value
                continue
        elif kind in (OPEN, OPEN_ARRAY):
            if len(opened) == DEEPEST or (opened and keys[-1] is WANTED):
                break
            listed = TEXTS.match(data, at, at + LONGEST_TEXTS_BYTES) if kind == OPEN_ARRAY else None
            if listed is None:
                opened.append(_dictionary() if kind == OPEN else generic.ArrayObject())
                keys.append(WANTED if kind == OPEN else None)
                continue
            at, value = listed.end(), _array_of_texts(listed[0], container_ref)
        elif kind in (CLOSE, CLOSE_ARRAY):
            if not opened or keys.pop() is not (WANTED if kind == CLOSE else None):
                break
            value = opened.pop()
        else:
            value = _scalar(token, kind, handler)
        value.container_ref = container_ref
        if not opened:
            return (value, at) if kind in CONTAINERS else (None, at)
        holder, key = opened[-1], keys[-1]
        if key is None:
            holder.append(value)
        elif key is WANTED or key in holder:
            break
        else:
            dict.__setitem__(holder, key, value)
            keys[-1] = WANTED
    return None, at


def _dictionary() -> Any:  # noqa: ANN401 as above
    return generic.DictionaryObject()  # type: ignore[no-untyped-call]


def _scalar(token: re.Match[bytes], kind: int | None, handler: Any) -> Any:  # noqa: ANN401 pyHanko's own types
    if kind == GENERATION:
        return generic.IndirectObject(int(token[NUMBER]), int(token[GENERATION]), handler)  # type: ignore[no-untyped-call]
    if kind == INTEGER:
        return generic.NumberObject(token[INTEGER])  # type: ignore[no-untyped-call]
    if kind == REAL:
        return generic.FloatObject(token[REAL].decode("ascii"))  # type: ignore[no-untyped-call]
    if kind == PLAIN_TEXT:
        return _text(token[PLAIN_TEXT][1:-1])
    if kind == DIGITS:
        return generic.pdf_string(bytes.fromhex(token[DIGITS].decode("ascii")))
    if kind == ESCAPED_TEXT:
        literal = token[ESCAPED_TEXT]
        return _text(_unescaped(literal) if len(literal) < LONGEST_TOKEN_BYTES else _unescape(literal))
    if kind == BOOLEAN:
        return generic.BooleanObject(token[BOOLEAN] == b"true")  # type: ignore[no-untyped-call]
    return generic.NullObject()


def _array_of_texts(written: bytes, container_ref: Any) -> Any:  # noqa: ANN401 pyHanko's own types
    """Return a new array: the lock of each document names the same forty fields."""
    array = generic.ArrayObject()
    for encoded in _texts(written):
        text = _text(encoded)
        text.container_ref = container_ref
        array.append(text)
    return array


@lru_cache(REMEMBERED)
def _texts(written: bytes) -> tuple[bytes, ...]:
    return tuple(_unescape(literal) for literal in TEXT.findall(written))


def _text(encoded: bytes) -> Any:  # noqa: ANN401 pyHanko's own types
    """Return a new string; what short bytes say is decoded once."""
    if len(encoded) >= LONGEST_TOKEN_BYTES:
        return generic.pdf_string(encoded)
    characters, encoding = _decoded(encoded)
    if encoding is None:
        return generic.pdf_string(encoded)
    text = generic.TextStringObject(characters)
    text.autodetected_encoding = encoding
    return text


@lru_cache(REMEMBERED)
def _decoded(encoded: bytes) -> tuple[str, Any]:
    text = generic.pdf_string(encoded)
    return (str(text), text.autodetected_encoding) if isinstance(text, generic.TextStringObject) else ("", None)


def _unescape(literal: bytes) -> bytes:
    unescaped: bytes = getattr(generic, READ_LITERAL)(BytesIO(literal))
    return unescaped


_unescaped = lru_cache(REMEMBERED)(_unescape)
