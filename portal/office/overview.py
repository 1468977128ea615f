"""The office's first page, campaigns, and what could not be sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import Response

from conventions.accounts import Role
from conventions.deadlines import last_moment_of
from conventions.error_sentences import SENTENCES
from conventions.errors import RuleRefused
from conventions.french import paris_date
from conventions.guards import CATEGORIES_OF
from conventions.kinds import Kind
from conventions.programmes import Programme
from conventions.sentences import TEMPLATE_LABELS, general_sentence, sentence
from conventions.steps.office import overview
from conventions.steps.open_campaign import open_campaign
from conventions.steps.replay import replay
from portal.context import Context, Cookie, Here
from portal.forms import Binding, VisitForm
from portal.office.lookups import programmes
from portal.office.standing_words import WAITING_LABELS
from portal.office.words import why
from portal.pages import PageError, go, page
from portal.people import Person, require
from portal.problems import status_of

router = APIRouter(include_in_schema=False)


@router.get("/")
def show_overview(request: Request, here: Here, cookie: Cookie, account: Person) -> Response:
    """Show how many agreements stand where, the campaigns, and what needs a person."""
    return page(
        request,
        "office/overview.html",
        binding=Binding.VISIT,
        account=account,
        view=overview(here.ports, cookie),
        WAITING_LABELS=WAITING_LABELS,
        can_act=bool({Role.AGENT, Role.ADMINISTRATOR} & set(account.roles)),
    )


@router.get("/campagnes/nouvelle")
def campaign_form(request: Request, here: Here, account: Person) -> Response:
    """Ask what to start."""
    require(account, Role.AGENT, Role.ADMINISTRATOR)
    return _campaign_page(request, here, account)


@router.post("/campagnes/nouvelle")
def start_campaign(request: Request, here: Here, account: Person, form: VisitForm) -> Response:
    """Start a campaign; sent twice, it is one campaign."""
    require(account, Role.AGENT, Role.ADMINISTRATOR)
    programme = next((p for p in programmes(here) if p.id == form.get("programme")), None)
    kind = next((k for k in CATEGORIES_OF if k.value == form.get("nature")), None)
    day = _day(form.get("date-limite", ""))
    errors = []
    if programme is None:
        errors.append(PageError("Choisissez un programme.", "programme"))
    if kind is None or (programme is not None and kind.value not in dict(programme.wordings)):
        errors.append(PageError("Choisissez un document dont ce programme a le texte.", "nature"))
    if day is None:
        errors.append(PageError("Écrivez la date limite de signature.", "date-limite"))
    if errors or programme is None or kind is None or day is None:
        return _campaign_page(request, here, account, errors, form, 422)
    deadline = last_moment_of(day)
    campaign_id = f"{programme.id}-{kind}-{paris_date(here.ports.clock.now())}"
    is_demonstration = here.settings.demonstration or programme.fictitious
    try:
        campaign = open_campaign(
            here.ports, programme.id, kind, deadline, account.id, demonstration=is_demonstration, campaign_id=campaign_id
        )
    except RuleRefused as error:
        return _campaign_page(request, here, account, [PageError(sentence(error), "date-limite")], form, status_of(error))
    if campaign.deadline != deadline:
        message = "Cette campagne a déjà été lancée aujourd’hui, avec une autre date limite. Rien n’a été modifié."
        return _campaign_page(request, here, account, [PageError(message, "date-limite")], form, 409)
    return go(f"/conventions?campagne={campaign.id}")


@router.get("/envois")
def dead_letters(request: Request, here: Here, cookie: Cookie, account: Person) -> Response:
    """List what could not be sent."""
    view = overview(here.ports, cookie)
    return page(
        request,
        "office/dead_letters.html",
        binding=Binding.VISIT,
        account=account,
        view=view,
        why=why,
        can_act=bool({Role.AGENT, Role.ADMINISTRATOR} & set(account.roles)),
        TEMPLATE_LABELS=TEMPLATE_LABELS,
    )


@router.post("/envois/{outgoing_id}/rejouer")
def send_again(here: Here, account: Person, outgoing_id: str, form: VisitForm) -> Response:
    """Put a dead letter back in the outbox."""
    del form  # it says nothing but that it is ours
    require(account, Role.AGENT, Role.ADMINISTRATOR)
    replay(here.ports, outgoing_id, account.id)
    return go("/envois")


@router.get("/problemes")
def list_problems(request: Request) -> Response:
    """Say what each problem's code means; the ``type`` of problem documents leads here (RFC 9457, 3.1.1)."""
    sentences = [(code, general_sentence(code)) for code in sorted(SENTENCES)]
    return page(request, "office/problems.html", sentences=sentences)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _campaign_page(
    request: Request,
    here: Context,
    account: Person,
    errors: Sequence[PageError] = (),
    given: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    today = paris_date(here.ports.clock.now())
    open_programmes = [programme for programme in programmes(here) if programme.is_open_on(today)]
    return page(
        request,
        "office/campaign.html",
        status=status,
        binding=Binding.VISIT,
        errors=errors,
        account=account,
        programmes=open_programmes,
        kinds=_kinds(open_programmes),
        given=given or {},
        today=today,
    )


def _kinds(open_programmes: Sequence[Programme]) -> list[Kind]:
    """List the kinds that campaigns ask of many members and of which some open programme has the wording."""
    written = {kind for programme in open_programmes for kind, _ in programme.wordings}
    return [kind for kind in CATEGORIES_OF if kind.value in written]
