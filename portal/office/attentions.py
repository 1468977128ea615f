"""What people told the agents: said to be handled; and the agents' own notes."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from conventions.accounts import Role
from conventions.errors import InputRefused
from conventions.sentences import sentence
from conventions.steps.handle import handle
from conventions.steps.note import note
from portal.context import Cookie, Here
from portal.forms import VisitForm
from portal.office.agreements import Reference, agreement_page
from portal.pages import PageError, go
from portal.people import Person, require
from portal.problems import status_of

router = APIRouter(include_in_schema=False)

Told = Annotated[str, Path(pattern=r"^[0-9a-z-]{1,64}$")]


@router.post("/conventions/{reference}/demandes/{told}")
def say_handled(
    request: Request, here: Here, cookie: Cookie, account: Person, reference: Reference, told: Told, form: VisitForm
) -> Response:
    """Record that an agent handled what was told, with an optional remark."""
    require(account, Role.AGENT, Role.ADMINISTRATOR)
    try:
        handle(here.ports, reference, told, account.id, form.get("remarque", ""))
    except InputRefused as error:
        field = f"remarque-{told}"
        errors, given = [PageError(sentence(error), field)], {field: form.get("remarque", "")}
        return agreement_page(request, here, cookie, account, reference, errors, status_of(error), given=given)
    return go(f"/conventions/{reference}#demandes")


@router.post("/conventions/{reference}/notes")
def write_note(request: Request, here: Here, cookie: Cookie, account: Person, reference: Reference, form: VisitForm) -> Response:
    """Keep an agent's note."""
    require(account, Role.AGENT, Role.ADMINISTRATOR)
    try:
        note(here.ports, reference, account.id, form.get("note", ""))
    except InputRefused as error:
        errors = [PageError(sentence(error), "note")]
        return agreement_page(request, here, cookie, account, reference, errors, status_of(error), given=form)
    return go(f"/conventions/{reference}#demandes")
