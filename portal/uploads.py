"""Forms that carry a file: read within limits, and bound to their visit as any other form."""

from __future__ import annotations

import hmac
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from conventions.errors import LinkRefused
from portal.context import context_of
from portal.forms import STALE, TOKEN_FIELD, Binding, FormRefused, bound_cookie, form_token, verify_origin

MEDIA_TYPE = "multipart/form-data"
MAX_BYTES = 31_000_000
MAX_FIELDS = 10
FILE_FIELD = "fichier"
TOO_LARGE = "larger than any of ours"


@dataclass(frozen=True)
class SentFile:
    """The file of a form; empty when none was chosen."""

    data: bytes


async def sent_file(request: Request) -> SentFile:
    """Read a form that carries one file, sent within a visit.

    Raises:
        FormRefused: ``form.foreign``, ``form.stale``, or ``form.unreadable``: not such a form, or larger than any of ours.
        LinkRefused: there is no visit.
    """
    verify_origin(request)
    cookie = bound_cookie(request, Binding.VISIT)
    if not cookie:
        raise LinkRefused("a form sent without its visit or session", code="link.visit_ended")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise _unreadable(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    try:
        form = await MultiPartParser(request.headers, _limited(request), max_files=1, max_fields=MAX_FIELDS).parse()
    except (MultiPartException, KeyError) as error:
        is_too_large = isinstance(error, MultiPartException) and error.message == TOO_LARGE
        raise _unreadable(HTTPStatus.REQUEST_ENTITY_TOO_LARGE if is_too_large else HTTPStatus.BAD_REQUEST) from error
    try:
        token, file = form.get(TOKEN_FIELD), form.get(FILE_FIELD)
        if not isinstance(token, str) or not hmac.compare_digest(token.encode(), form_token(context_of(request), cookie).encode()):
            raise FormRefused(HTTPStatus.FORBIDDEN, "form.stale", STALE)
        return SentFile(await file.read() if isinstance(file, UploadFile) else b"")
    finally:
        await form.close()


async def _limited(request: Request) -> AsyncGenerator[bytes, None]:
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > MAX_BYTES:
            raise MultiPartException(TOO_LARGE)  # the parser then closes what it opened
        yield chunk


def _unreadable(status: HTTPStatus) -> FormRefused:
    return FormRefused(status, "form.unreadable", "Ce fichier n’a pas pu être reçu : il est trop volumineux, ou l’envoi est incomplet.")


FileForm = Annotated[SentFile, Depends(sent_file)]
