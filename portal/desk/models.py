"""The model of the standard pile: read once, said so once, then only what varies is looked at."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from conventions.accounts import Role
from conventions.errors import RuleRefused
from conventions.sentences import sentence
from conventions.steps.desk import desk
from conventions.steps.read_model import model, read_model
from portal.context import Context, Cookie, Here
from portal.desk.words import still_to_open
from portal.document_text import lay_text
from portal.forms import Binding, VisitForm
from portal.pages import PageError, go, page
from portal.people import Person
from portal.problems import status_of

router = APIRouter(include_in_schema=False)

Kind = Annotated[str, Path(pattern=r"^[a-z_]{1,32}$")]
Version = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


@router.get("/modele/{kind}/{version}")
def show_model(request: Request, here: Here, cookie: Cookie, account: Person, kind: Kind, version: Version) -> Response:
    """Show a model's text, part by part."""
    return _model_page(request, here, cookie, account, f"{kind}/{version}")


@router.post("/modele/{kind}/{version}")
def say_read(request: Request, here: Here, cookie: Cookie, account: Person, kind: Kind, version: Version, form: VisitForm) -> Response:
    """Record that the text which the page showed was read, and open what comes next."""
    wording_id = f"{kind}/{version}"
    try:
        read_model(here.ports, cookie, wording_id, form.get("empreinte", ""))
    except RuleRefused as error:
        if error.code == "role.refused":
            raise
        return _model_page(request, here, cookie, account, wording_id, [PageError(sentence(error), "texte")], status_of(error))
    following = still_to_open(desk(here.ports, cookie))
    return go(f"/document/{following[0].reference}" if following else "/")


def _model_page(
    request: Request,
    here: Context,
    cookie: str,
    account: Person,
    wording_id: str,
    errors: list[PageError] | None = None,
    status: int = 200,
) -> Response:
    view = model(here.ports, cookie, wording_id)
    alike = [item for item in desk(here.ports, cookie).items if item.model == view.model]
    return page(
        request,
        "desk/model.html",
        status=status,
        binding=Binding.VISIT,
        errors=errors or (),
        account=account,
        view=view,
        model=view.model,
        parts=[(number, part.title, lay_text(part.html)) for number, part in enumerate(view.parts, 1)],
        alike=alike,
        can_sign=Role.SIGNATORY in account.roles,
    )
