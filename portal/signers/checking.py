"""The public page where anybody drops a PDF and learns whether it is ours, intact and in force. The file is not kept."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from datetime import timedelta
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.responses import Response

from conventions.errors import ContreseingError, InputRefused, RuleRefused
from conventions.sentences import sentence
from conventions.steps.recognise import Recognised, recognise
from portal.context import Here
from portal.forms import FormRefused, verify_origin
from portal.office.words import STAGE_LABELS
from portal.pages import PageError, page
from portal.problems import status_of
from portal.rates import RateLimit

router = APIRouter(include_in_schema=False)

FIELD = "fichier"
MOST_MEGABYTES = 20
MOST_BYTES = MOST_MEGABYTES * 1_000_000
FORM_BYTES = 10_000
"""What a form adds to its file: boundaries and headers."""
MULTIPART = "multipart/form-data"
CHUNK_BYTES = 1 << 20
MOST_CHECKS, WITHIN = 20, timedelta(minutes=10)


def new_limit() -> RateLimit:
    """Return the limit of one application: so many files from one address in so long."""
    return RateLimit(MOST_CHECKS, WITHIN)


@router.get("/verifier")
def show_form(request: Request) -> Response:
    """Ask for a file."""
    return _page(request)


@router.post("/verifier")
async def check(request: Request, here: Here) -> Response:
    """Say what is known of the file sent."""
    verify_origin(request)
    limit: RateLimit = request.app.state.checks
    try:
        if not limit.admits(request.client.host if request.client else "", here.ports.clock.now()):
            raise RuleRefused("too many files from one address", code="verification.too_many")
        sha256 = await _digest(request)
    except ContreseingError as error:
        return _page(request, error=error)
    found = await run_in_threadpool(recognise, here.ports, sha256)
    return _page(request, sha256=sha256, found=found)


async def _digest(request: Request) -> str:
    """Read the form as it comes and return the SHA-256 of its file.

    Raises:
        InputRefused: no file, or one larger than any of ours.
        FormRefused: not a form.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MULTIPART:
        raise _unreadable()
    try:
        form = await MultiPartParser(request.headers, _bounded(request), max_files=1, max_fields=2).parse()
    except MultiPartException as error:
        raise _unreadable() from error
    try:
        file = form.get(FIELD)
        if not isinstance(file, UploadFile) or not file.size:
            raise InputRefused("no file", code="verification.no_file")
        digest = hashlib.sha256()
        while chunk := await file.read(CHUNK_BYTES):
            digest.update(chunk)
        return digest.hexdigest()
    finally:
        await form.close()


async def _bounded(request: Request) -> AsyncGenerator[bytes, None]:
    size_bytes = 0
    async for chunk in request.stream():
        size_bytes += len(chunk)
        if size_bytes > MOST_BYTES + FORM_BYTES:
            raise InputRefused("a file larger than any of ours", code="verification.too_large", megabytes=MOST_MEGABYTES)
        yield chunk


def _unreadable() -> FormRefused:
    return FormRefused(HTTPStatus.BAD_REQUEST, "form.unreadable", "Ce formulaire n’a pas pu être lu. Rien n’a été enregistré.")


def _page(request: Request, *, error: ContreseingError | None = None, sha256: str = "", found: Recognised | None = None) -> Response:
    return page(
        request,
        "signers/checking.html",
        status=200 if error is None else status_of(error),
        errors=[] if error is None else [PageError(sentence(error), FIELD, "Le fichier")],
        sha256=sha256,
        found=found,
        megabytes=MOST_MEGABYTES,
        stage_label=STAGE_LABELS[found.stage] if found else "",
    )
