"""Forms: reading them within limits, and telling ours from anybody else's.

A form carries ``HMAC(key, site, cookie)``. The cookie is that of the visit or session; before there is one, a cookie of
the form's own. ``Origin`` is compared too; browsers write ``null`` there, because of our ``no-referrer``, and then
``Sec-Fetch-Site`` decides.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from enum import Enum
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from conventions.errors import LinkRefused
from portal.context import Context, context_of

TOKEN_FIELD = "jeton"  # noqa: S105 the name of a field
FORM_MAX_BYTES = 1_048_576
FORM_MAX_FIELDS = 200
MEDIA_TYPE = "application/x-www-form-urlencoded"


STALE = "Cette page est restée ouverte trop longtemps, ou a été rouverte ailleurs. Rien n’a été enregistré."


class FormRefused(HTTPException):
    """A form that is not ours, not fresh or not readable; ``code`` is stable, ``detail`` is for people."""

    def __init__(self, status: HTTPStatus, code: str, detail: str) -> None:
        super().__init__(status, detail)
        self.code = code


class Binding(Enum):
    """The cookie to which a form is tied."""

    VISIT = "visit"
    BEFORE = "before"


def bound_cookie(request: Request, binding: Binding) -> str:
    """Return the value of the cookie to which a form is tied, or an empty text."""
    context = context_of(request)
    name = context.session_cookie_name if binding is Binding.VISIT else context.form_cookie_name
    return request.cookies.get(name, "")


def form_token(context: Context, cookie: str) -> str:
    """Compute the token of a form: hexadecimal HMAC over the site and the cookie."""
    return context.ports.secrets.mac("form", f"{context.site}\n{cookie}".encode()).hex()


def verify_origin(request: Request) -> None:
    """Refuse a request that says it comes from another site.

    Raises:
        FormRefused: code ``form.foreign``.
    """
    origin = request.headers.get("origin", "null")
    fetched_from = request.headers.get("sec-fetch-site", "none")
    if origin not in {"null", context_of(request).origin} or fetched_from not in {"same-origin", "none"}:
        raise FormRefused(
            HTTPStatus.FORBIDDEN, "form.foreign", "Cette demande ne vient pas d’une page de ce site. Rien n’a été enregistré."
        )


def served_mark(context: Context, cookie: str) -> str:
    """Make the hidden value that tells when a page was served, sealed for the cookie to which its form is tied."""
    moment = f"{context.ports.clock.now().timestamp():.3f}"
    return f"{moment}.{_sealed(context, cookie, moment)}"


def answered_after_s(context: Context, cookie: str, mark: str) -> float | None:
    """Return how many seconds passed since the page was served; None where the mark is not one of ours."""
    moment, _, seal = mark.rpartition(".")
    if not hmac.compare_digest(seal.encode(), _sealed(context, cookie, moment).encode()):
        return None
    return context.ports.clock.now().timestamp() - float(moment)


def _sealed(context: Context, cookie: str, moment: str) -> str:
    return context.ports.secrets.mac("form", f"{context.site}\n{cookie}\nserved {moment}".encode()).hex()


async def read_form(request: Request) -> Mapping[str, str]:
    """Read a form's fields; of a field given twice, the last value. Lines end as the person's browser counts them: by one character.

    Raises:
        FormRefused: code ``form.unreadable``: not a form, or larger than any of ours.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != MEDIA_TYPE:
        raise _unreadable(HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > FORM_MAX_BYTES:
            raise _unreadable(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=FORM_MAX_FIELDS)
    except ValueError as error:
        raise _unreadable(HTTPStatus.BAD_REQUEST) from error
    return {name: value.replace("\r\n", "\n").replace("\r", "\n") for name, value in pairs}


def _unreadable(status: HTTPStatus) -> FormRefused:
    return FormRefused(status, "form.unreadable", "Ce formulaire n’a pas pu être lu. Rien n’a été enregistré.")


async def _verified_form(request: Request, binding: Binding) -> Mapping[str, str]:
    verify_origin(request)
    fields = await read_form(request)
    cookie = bound_cookie(request, binding)
    if not cookie and binding is Binding.VISIT:
        raise LinkRefused("a form sent without its visit or session", code="link.visit_ended")
    if not cookie or not hmac.compare_digest(fields.get(TOKEN_FIELD, "").encode(), form_token(context_of(request), cookie).encode()):
        raise FormRefused(HTTPStatus.FORBIDDEN, "form.stale", STALE)
    return {name: value for name, value in fields.items() if name != TOKEN_FIELD}


async def visit_form(request: Request) -> Mapping[str, str]:
    """Read a form sent within a visit or session.

    Raises:
        FormRefused: ``form.foreign``, ``form.stale`` or ``form.unreadable``.
        LinkRefused: there is no visit or session.
    """
    return await _verified_form(request, Binding.VISIT)


async def form_before_visit(request: Request) -> Mapping[str, str]:
    """Read a form sent before there is a visit or session.

    Raises:
        FormRefused: ``form.foreign``, ``form.stale`` or ``form.unreadable``.
    """
    return await _verified_form(request, Binding.BEFORE)


VisitForm = Annotated[Mapping[str, str], Depends(visit_form)]
FormBeforeVisit = Annotated[Mapping[str, str], Depends(form_before_visit)]
