"""Proposing what depends on an agreement in force: an order form, an amendment, a termination notice.

One form, one review of what will be made, one confirmation. What was typed travels in the forms themselves: nothing is kept before
the confirmation, and nothing typed is lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from conventions.agreements import ordered_names
from conventions.deadlines import last_moment_of
from conventions.errors import ContreseingError, InputRefused, Problem, RuleRefused
from conventions.french import paris_date
from conventions.kinds import FILE_NAMES, SIGNERS, Kind, Party
from conventions.proposal_form import MOST_ROWS, ROWS_OF, read_proposal, rows_given
from conventions.sentences import sentence
from conventions.steps.office import agreement_view
from conventions.steps.propose import preview, propose
from portal.forms import Binding, VisitForm
from portal.office.acting import Acting, Agent
from portal.office.agreements import Reference
from portal.office.proposal_forms import DEADLINE_QUESTION, FORMS, NATURES, proposable
from portal.pages import PageError, go, page
from portal.problems import status_of

router = APIRouter(include_in_schema=False)

REVIEW, ADD_ROW, EDIT, CONFIRM = "revoir", "ligne", "modifier", "proposer"
"""What a button asks for, in its field ``etape``."""

FIELD_OF_CODE = {
    "campaign.deadline": "deadline",
    "order.empty": "lines-1-code",
    "order.twice": "lines-1-code",
    "amendment.empty": "changes-1-subject",
    "termination.unknown_service": "extent",
    "termination.pending": "extent",
}
"""The field that a rule of the step is about; any other refusal is about the whole form."""


@router.get("/conventions/{reference}/proposer/{nature}")
def proposal_form(at: Agent, reference: Reference, nature: str) -> Response:
    """Ask what is to be proposed."""
    return _form(at, reference, _kind(nature), {})


@router.post("/conventions/{reference}/proposer/{nature}")
def go_on(at: Agent, reference: Reference, nature: str, form: VisitForm) -> Response:
    """Add a row, show what will be made, come back to the form, or propose; the same proposed twice is one."""
    kind = _kind(nature)
    given = {name: value for name, value in form.items() if name != "etape"}
    step = form.get("etape", REVIEW)
    if step in {ADD_ROW, EDIT}:
        return _form(at, reference, kind, given, more=int(step == ADD_ROW))
    try:
        asked, last_day = read_proposal(kind, reference, given)
        deadline = last_moment_of(last_day)
        proposal = preview(at.here.ports, asked, deadline)
        if step == CONFIRM:
            made = propose(at.here.ports, asked, deadline, at.account.id)
            return go(f"/conventions/{made}" if proposal.known else f"/conventions/{made}?fait=propose")
    except InputRefused as error:
        return _form(at, reference, kind, given, _errors(error), status_of(error))
    except RuleRefused as error:
        return _form(at, reference, kind, given, [_of_rule(error)], status_of(error))
    return page(
        at.request,
        "office/proposal_review.html",
        binding=Binding.VISIT,
        account=at.account,
        proposal=proposal,
        last_day=last_day,
        is_signed_by_syndicate=Party.SYNDICATE in SIGNERS[kind],
        nature=nature,
        given=given,
        EDIT=EDIT,
        CONFIRM=CONFIRM,
    )


def _kind(nature: str) -> Kind:
    if nature not in NATURES:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    return NATURES[nature]


def _errors(error: InputRefused) -> Sequence[PageError]:
    return [_at_field(problem) for problem in error.problems] or [_of_rule(error)]


def _of_rule(error: ContreseingError) -> PageError:
    return PageError(sentence(error), FIELD_OF_CODE.get(error.code, "formulaire"))


def _at_field(problem: Problem) -> PageError:
    return PageError(problem.advice, problem.column, _label(problem.column))


def _label(column: str) -> str:
    """Name a field as the summary of errors does, its row included."""
    start, _, rest = column.partition("-")
    number, _, end = rest.partition("-")
    for kind, (rows, _) in ROWS_OF.items():
        form = FORMS[kind]
        if start == rows and form.row_questions is not None:
            return f"{form.row} {number}, {form.row_questions[end].label.lower()}"
        if form.questions is not None and column in form.questions:
            return form.questions[column].label
    return DEADLINE_QUESTION.label if column == "deadline" else "Ce qui prend fin"


def _form(
    at: Acting,
    reference: str,
    kind: Kind,
    given: Mapping[str, str],
    errors: Sequence[PageError] = (),
    status: int = 200,
    *,
    more: int = 0,
) -> Response:
    view = agreement_view(at.here.ports, at.cookie, reference)
    nature = FILE_NAMES[kind]
    return page(
        at.request,
        "office/proposal.html",
        status=status,
        binding=Binding.VISIT,
        errors=errors,
        account=at.account,
        view=view,
        nature=nature,
        form=FORMS[kind],
        is_possible=nature in dict(proposable(view)),
        rows=min(rows_given(kind, given) + more, MOST_ROWS),
        most_rows=MOST_ROWS,
        start=ROWS_OF[kind][0] if kind in ROWS_OF else "",
        services=ordered_names(view.agreement) if kind is Kind.TERMINATION_NOTICE else {},
        deadline_question=DEADLINE_QUESTION,
        given=given,
        today=paris_date(at.here.ports.clock.now()),
        REVIEW=REVIEW,
        ADD_ROW=ADD_ROW,
    )
