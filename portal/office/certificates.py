"""Certificates that name no organisation: an agent confirms the file that was signed with one, or refuses it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from conventions.accounts import Role
from conventions.errors import InputRefused, RuleRefused
from conventions.sentences import sentence
from conventions.steps.judge_certificate import confirm_certificate, refuse_certificate
from portal.context import Cookie, Here
from portal.forms import VisitForm
from portal.office.agreements import Reference, agreement_page
from portal.pages import PageError, go
from portal.people import Person, require
from portal.problems import status_of

router = APIRouter(include_in_schema=False)

Number = Annotated[int, Path(ge=1, le=9_999)]
WORDS = "constat"
DECISIONS = {"confirmer": (confirm_certificate, "confirme"), "refuser": (refuse_certificate, "refuse")}


@router.post("/conventions/{reference}/certificat/{number}")
def judge(request: Request, here: Here, cookie: Cookie, account: Person, reference: Reference, number: Number, form: VisitForm) -> Response:
    """Confirm or refuse the file that waits, with what the agent compared or tells the member."""
    require(account, Role.AGENT, Role.ADMINISTRATOR)
    decision = DECISIONS.get(form.get("decision", ""))
    if decision is None:
        return agreement_page(request, here, cookie, account, reference, [PageError("Confirmez, ou refusez.", WORDS)], 422, given=form)
    act, done = decision
    try:
        act(here.ports, reference, number, account.id, form.get(WORDS, ""))
    except (InputRefused, RuleRefused) as error:
        errors = [PageError(sentence(error), WORDS)]
        return agreement_page(request, here, cookie, account, reference, errors, status_of(error), given=form)
    return go(f"/conventions/{reference}?fait={done}")
