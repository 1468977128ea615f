"""What an agent does with one agreement: draft it again, give it more time, cancel it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from fastapi import APIRouter
from starlette.responses import Response

from conventions.agreements import FactKind
from conventions.deadlines import deadline_of, last_moment_of
from conventions.errors import ContreseingError, InputRefused, RuleRefused
from conventions.french import paris_date
from conventions.sentences import sentence
from conventions.status import Status
from conventions.steps.cancel import cancel
from conventions.steps.extend import extend
from conventions.steps.office import agreement_view
from conventions.steps.redraft import REOPENED_FIELDS, redraft
from portal.forms import Binding, VisitForm
from portal.office.acting import Acting, Agent
from portal.office.agreements import Reference, possible_repairs
from portal.pages import PageError, go, page
from portal.problems import status_of

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Repair:
    """One action: the page that asks for it, and the field to which a refusal leads."""

    template: str
    target: str


REPAIRS: Mapping[str, Repair] = MappingProxyType(
    {
        "reprise": Repair("office/redraft.html", "motif"),
        "echeance": Repair("office/deadline.html", "date-limite"),
        "annulation": Repair("office/cancel.html", "motif"),
    }
)


@router.get("/conventions/{reference}/reprise")
def redraft_form(at: Agent, reference: Reference) -> Response:
    """Ask what is to be asked of the member again, and say what follows."""
    return _form(at, reference, "reprise")


@router.post("/conventions/{reference}/reprise")
def draft_again(at: Agent, reference: Reference, form: VisitForm) -> Response:
    """Open the next version."""
    ask = [name for name in REOPENED_FIELDS if form.get(f"redemander-{name}") == "oui"]

    def act() -> None:
        text = form.get("date-limite", "").strip()
        deadline = _end_of(text) if text else None
        redraft(at.here.ports, reference, at.account.id, reason=form.get("motif", ""), deadline=deadline, ask=ask)

    return _act(at, reference, "reprise", form, act)


@router.get("/conventions/{reference}/echeance")
def deadline_form(at: Agent, reference: Reference) -> Response:
    """Ask for a later deadline."""
    return _form(at, reference, "echeance")


@router.post("/conventions/{reference}/echeance")
def give_time(at: Agent, reference: Reference, form: VisitForm) -> Response:
    """Set the later deadline."""
    return _act(
        at, reference, "echeance", form, lambda: extend(at.here.ports, reference, _end_of(form.get("date-limite", "")), at.account.id)
    )


@router.get("/conventions/{reference}/annulation")
def cancel_form(at: Agent, reference: Reference) -> Response:
    """Ask for the reason of a cancellation."""
    return _form(at, reference, "annulation")


@router.post("/conventions/{reference}/annulation")
def call_off(at: Agent, reference: Reference, form: VisitForm) -> Response:
    """Cancel the agreement."""
    return _act(at, reference, "annulation", form, lambda: cancel(at.here.ports, reference, form.get("motif", ""), at.account.id))


def _end_of(text: str) -> datetime:
    """Return the last instant of a day in Paris.

    Raises:
        InputRefused: it is no day.
    """
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise InputRefused("not a day", code="form.day") from error
    return last_moment_of(day)


def _act(at: Acting, reference: str, name: str, form: Mapping[str, str], act: Callable[[], None]) -> Response:
    try:
        act()
    except (InputRefused, RuleRefused) as error:
        errors = [PageError(sentence(error), _target(name, error))]
        return _form(at, reference, name, errors, form, status_of(error))
    return go(f"/conventions/{reference}?fait={name}")


def _target(name: str, error: ContreseingError) -> str:
    """Return the field that an error is about."""
    is_about_day = error.code in {"campaign.deadline", "form.day", "agreement.deadline_earlier"}
    return "date-limite" if is_about_day else REPAIRS[name].target


def _form(
    at: Acting, reference: str, name: str, errors: Sequence[PageError] = (), given: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    view = agreement_view(at.here.ports, at.cookie, reference)
    now = at.here.ports.clock.now()
    with at.here.ports.registry.read() as tx:
        deadline = deadline_of(view.agreement, tx.campaign(view.agreement.campaign_id))
    return page(
        at.request,
        REPAIRS[name].template,
        status=status,
        binding=Binding.VISIT,
        errors=errors,
        account=at.account,
        view=view,
        given=given or {},
        is_possible=name in possible_repairs(view),
        is_declined=view.status is Status.DECLINED,
        deadline=deadline,
        is_deadline_past=deadline <= now,
        today=paris_date(now),
        FactKind=FactKind,
    )
