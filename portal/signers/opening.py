"""The link: a page that anybody may open, mail scanners included, and the press of a button that begins a visit."""

from __future__ import annotations

from datetime import UTC
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from conventions.links import Purpose
from conventions.steps.open_link import open_link, preview_link, refuse_identity
from portal.context import Here, visitor_of
from portal.forms import Binding, FormBeforeVisit, answered_after_s, bound_cookie
from portal.pages import PageError, go, page

router = APIRouter(include_in_schema=False)

LONGEST_TOKEN = 200
START_OF = {Purpose.SIGN: "/convention", Purpose.PREPARE: "/informations"}

Token = Annotated[str, Path(max_length=LONGEST_TOKEN)]


@router.get("/")
def home(request: Request) -> Response:
    """Say what this site is, to whoever comes without a link."""
    return page(request, "signers/home.html")


@router.get("/s/{token}")
def greet(request: Request, here: Here, token: Token) -> Response:
    """Ask who is there; nothing is recorded."""
    preview = preview_link(here.ports, token)
    return page(request, "signers/greeting.html", binding=Binding.BEFORE, preview=preview, link_token=token)


@router.post("/s/{token}")
def answer(request: Request, here: Here, token: Token, form: FormBeforeVisit) -> Response:
    """Begin the visit, or take note that the link reached somebody else."""
    reply = form.get("reponse")
    visitor = visitor_of(request, answered_after_s(here, bound_cookie(request, Binding.BEFORE), form.get("servie", "")))
    if reply == "non":
        preview = preview_link(here.ports, token)
        refuse_identity(here.ports, token, visitor)
        return page(request, "signers/not_me.html", preview=preview)
    if reply != "oui":
        preview = preview_link(here.ports, token)
        errors = [PageError("Répondez à la question : est-ce bien vous ?", "question")]
        return page(request, "signers/greeting.html", status=422, binding=Binding.BEFORE, errors=errors, preview=preview, link_token=token)
    visit = open_link(here.ports, token, visitor)
    response = go(START_OF[visit.purpose])
    lifetime = visit.expires_at.astimezone(UTC) - here.ports.clock.now()
    here.set_cookie(response, here.session_cookie_name, visit.cookie, int(lifetime.total_seconds()))
    return response
