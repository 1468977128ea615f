"""Errors as people read them (pages) and as programs do (RFC 9457); HTTP status exists nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from conventions.errors import (
    AlreadyRecorded,
    Busy,
    ConfigurationError,
    ContreseingError,
    EvidenceBroken,
    InputRefused,
    LinkRefused,
    NotFound,
    RuleRefused,
    SigningFailed,
    UpstreamUnavailable,
    VerificationFailed,
)
from conventions.sentences import sentence
from portal.context import context_of
from portal.forms import FormRefused
from portal.pages import go, page
from portal.settings import Site

PROBLEM_MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 30

STATUS_OF: Mapping[type[ContreseingError], HTTPStatus] = MappingProxyType(
    {
        ContreseingError: HTTPStatus.INTERNAL_SERVER_ERROR,
        RuleRefused: HTTPStatus.CONFLICT,
        AlreadyRecorded: HTTPStatus.CONFLICT,
        LinkRefused: HTTPStatus.FORBIDDEN,
        NotFound: HTTPStatus.NOT_FOUND,
        InputRefused: HTTPStatus.UNPROCESSABLE_ENTITY,
        SigningFailed: HTTPStatus.INTERNAL_SERVER_ERROR,
        VerificationFailed: HTTPStatus.INTERNAL_SERVER_ERROR,
        EvidenceBroken: HTTPStatus.INTERNAL_SERVER_ERROR,
        UpstreamUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
        Busy: HTTPStatus.SERVICE_UNAVAILABLE,
        ConfigurationError: HTTPStatus.INTERNAL_SERVER_ERROR,
    }
)
"""Status of each error of the tree."""

STATUS_OF_CODE: Mapping[str, HTTPStatus] = MappingProxyType(
    {
        "session.ended": HTTPStatus.UNAUTHORIZED,
        "sign_in.refused": HTTPStatus.FORBIDDEN,
        "verification.too_many": HTTPStatus.TOO_MANY_REQUESTS,
        "verification.too_large": HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "sign_in.paused": HTTPStatus.TOO_MANY_REQUESTS,
        "code.too_many": HTTPStatus.TOO_MANY_REQUESTS,
        "role.refused": HTTPStatus.FORBIDDEN,
    }
)
"""Codes that say more than their class."""

HTTP_SENTENCES: Mapping[int, str] = MappingProxyType(
    {
        HTTPStatus.NOT_FOUND: "Il n’y a pas de page à cette adresse.",
        HTTPStatus.METHOD_NOT_ALLOWED: "Cette adresse ne s’ouvre pas de cette manière.",
        HTTPStatus.UNPROCESSABLE_ENTITY: "Cette adresse n’est pas complète.",
    }
)

_log = structlog.stdlib.get_logger("portal.problems")


def status_of(error: ContreseingError) -> HTTPStatus:
    """Return the status of an error: by its code, else by its class."""
    return STATUS_OF_CODE.get(error.code) or STATUS_OF[type(error)]


def is_for_program(request: Request) -> bool:
    """Tell whether the answer is for a program: the API, or a request that accepts JSON and no page."""
    accepted = request.headers.get("accept", "")
    return request.url.path.startswith("/api/") or ("json" in accepted and "text/html" not in accepted)


def problem(request: Request, status: int, code: str, detail: str, **members: object) -> JSONResponse:
    """Build a problem document (RFC 9457); ``code`` is ours and stable."""
    context = context_of(request)
    return JSONResponse(
        {
            "type": f"{context.settings.origin(Site.OFFICE)}/problemes#{quote(code)}",
            "title": HTTPStatus(status).phrase,
            "status": int(status),
            "detail": detail,
            "code": code,
            **members,
        },
        status_code=status,
        media_type=PROBLEM_MEDIA_TYPE,
        headers={"retry-after": str(RETRY_AFTER_S)} if status == HTTPStatus.SERVICE_UNAVAILABLE else None,
    )


def install(application: FastAPI) -> None:
    """Have one site of the portal answer its errors."""
    application.add_exception_handler(ContreseingError, _on_our_error)
    application.add_exception_handler(HTTPException, _on_http_error)
    application.add_exception_handler(RequestValidationError, _on_malformed_request)
    application.add_exception_handler(Exception, _on_unexpected)


def _on_our_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, ContreseingError):
        raise error
    status = status_of(error)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("request failed", code=error.code, exc_info=error)
    if is_for_program(request):
        problems = [vars(found) for found in error.problems] if isinstance(error, InputRefused) and error.problems else None
        return problem(request, status, error.code, sentence(error), **({"problems": problems} if problems else {}))
    if isinstance(error, LinkRefused):
        return _link_refused_page(request, error, status)
    response = page(request, "problem.html", status=status, message=sentence(error), code=error.code, retryable=error.retryable)
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["retry-after"] = str(RETRY_AFTER_S)
    return response


def _link_refused_page(request: Request, error: LinkRefused, status: int) -> Response:
    context = context_of(request)
    if context.site is not Site.SIGNERS:
        following = f"?suite={quote(request.url.path)}" if request.method == "GET" and request.url.path != "/" else ""
        response = go(f"/connexion{following}")
        context.drop_cookie(response, context.session_cookie_name)
        return response
    template = "signers/locked.html" if error.code == "link.locked" else "signers/link_refused.html"
    return page(request, template, status=status, is_visit_over=error.code == "link.visit_ended")


def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    message, code = HTTP_SENTENCES.get(error.status_code, "Cette demande ne peut pas être traitée."), ""
    if isinstance(error, FormRefused):
        message, code = error.detail, error.code
    if is_for_program(request):
        return problem(request, error.status_code, code or f"http.{error.status_code}", message)
    response = page(request, "problem.html", status=error.status_code, message=message, code=code, retryable=False)
    response.headers.update(error.headers or {})
    return response


def _on_malformed_request(request: Request, error: Exception) -> Response:
    del error  # it quotes what was sent
    return _on_http_error(request, HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY))


def _on_unexpected(request: Request, error: Exception) -> Response:
    _log.error("unexpected error", exc_info=error)
    message = "Une erreur imprévue s’est produite. Elle est enregistrée et sera examinée."
    if is_for_program(request):
        return problem(request, HTTPStatus.INTERNAL_SERVER_ERROR, "internal", message)
    return page(request, "problem.html", status=HTTPStatus.INTERNAL_SERVER_ERROR, message=message, code="internal", retryable=False)
