"""Signing with a certificate of one's own: the prepared file is taken, signed elsewhere, and sent back here."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from conventions.errors import RuleRefused, VerificationFailed
from conventions.sentences import sentence
from conventions.steps.accept_upload import accept_upload
from conventions.steps.signer_view import signer_view
from conventions.views import SignerView
from portal.context import Cookie, Here
from portal.forms import Binding
from portal.pages import PageError, go, page
from portal.problems import status_of
from portal.signers.reading import PAGE_OF_STAGE
from portal.uploads import FILE_FIELD, FileForm

router = APIRouter(include_in_schema=False)

SAID_ON_THE_PAGE = {"reading.unfinished", "upload.closed", "upload.waiting"}


@router.get("/convention/certificat")
def own_certificate(request: Request, here: Here, cookie: Cookie) -> Response:
    """Say how to sign with a certificate of one's own, and take the signed file."""
    view = signer_view(here.ports, cookie)
    if view.stage in PAGE_OF_STAGE:
        return go(PAGE_OF_STAGE[view.stage])
    return _page(request, view)


@router.post("/convention/certificat")
def upload(request: Request, here: Here, cookie: Cookie, form: FileForm) -> Response:
    """Accept the signed file, or say what is wrong with it and what to do."""
    if not form.data:
        error = PageError("Choisissez le fichier que vous avez signé.", FILE_FIELD)
        return _page(request, signer_view(here.ports, cookie), [error], 422)
    try:
        view = accept_upload(here.ports, cookie, form.data)
    except (VerificationFailed, RuleRefused) as error:
        if isinstance(error, RuleRefused) and error.code not in SAID_ON_THE_PAGE:
            raise
        status = status_of(error) if isinstance(error, RuleRefused) else HTTPStatus.UNPROCESSABLE_ENTITY
        return _page(request, signer_view(here.ports, cookie), [PageError(sentence(error), FILE_FIELD)], status)
    return go("/convention/certificat" if view.held_at is not None else PAGE_OF_STAGE.get(view.stage, "/convention"))


def _page(request: Request, view: SignerView, errors: Sequence[PageError] = (), status: int = 200) -> Response:
    return page(request, "signers/certificate.html", status=status, binding=Binding.VISIT, errors=errors, view=view)
