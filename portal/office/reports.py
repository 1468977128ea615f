"""What the readers found in the completed file of an agreement: one line first, then the detail."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from conventions.checks import CHECK_LABELS, OUTCOME_LABELS, label_of
from conventions.french import capitalised, format_instant
from conventions.steps.show_report import show_report
from conventions.verdicts import INDICATIONS, of_signature
from conventions.verification import qualification_of
from portal.context import Cookie, Here
from portal.forms import Binding
from portal.office.agreements import Reference
from portal.pages import page
from portal.people import Person

router = APIRouter(include_in_schema=False)


@router.get("/conventions/{reference}/rapport")
def show_validation(request: Request, here: Here, cookie: Cookie, account: Person, reference: Reference) -> Response:
    """Show the validation reports kept with the archived file."""
    return page(
        request,
        "office/report.html",
        binding=Binding.VISIT,
        account=account,
        view=show_report(here.ports, cookie, reference),
        capitalised=capitalised,
        format_instant=format_instant,
        of_signature=of_signature,
        qualification_of=qualification_of,
        INDICATIONS=INDICATIONS,
        CHECK_LABELS=CHECK_LABELS,
        label_of=label_of,
        OUTCOME_LABELS=OUTCOME_LABELS,
    )
