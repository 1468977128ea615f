"""The agreement's data inside a PDF, read back by another library than the one that wrote it."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from conventions.canonical import Json, render_canonical
from conventions.errors import EvidenceBroken
from conventions.terms import DATA_FILENAME, DATA_SCHEMA

MAX_DATA_BYTES = 8_000_000


def parse_agreement_data(data: bytes) -> Mapping[str, Json]:
    """Read ``agreement.json`` from PDF bytes, signed or not.

    Raises:
        EvidenceBroken: not a PDF, no such attachment or several, not canonical JSON (RFC 8785), or of another schema.
    """
    content = _attachment(data)
    try:
        value = json.loads(content)
        canonical = render_canonical(value)
    except (ValueError, TypeError, RecursionError) as error:
        raise _broken("not JSON that can be made canonical") from error
    if canonical != content:
        raise _broken("not in canonical form")
    if not isinstance(value, dict) or value.get("schema") != DATA_SCHEMA:
        raise _broken("of another schema")
    return value


def _attachment(data: bytes) -> bytes:
    try:
        found = PdfReader(io.BytesIO(data), strict=True).attachments.get(DATA_FILENAME, [])
        contents = list(found)
    except (PyPdfError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError, OSError) as error:
        raise _broken("the file cannot be read") from error
    if len(contents) != 1:
        raise _broken(f"{len(contents)} attachments of that name")
    if len(contents[0]) > MAX_DATA_BYTES:
        raise _broken("too long")
    return contents[0]


def _broken(what: str) -> EvidenceBroken:
    return EvidenceBroken(f"{DATA_FILENAME}: {what}", code="documents.embedded_data")
