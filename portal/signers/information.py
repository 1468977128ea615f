"""The secretary's form: what is missing before the convention can be prepared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fastapi import APIRouter, Request
from starlette.responses import Response

from conventions.errors import InputRefused
from conventions.people import Civility
from conventions.sentences import ACT_LABELS
from conventions.steps.complete_data import ACT_FIELDS, BILLING_FIELDS, REFERENT_FIELDS, complete_data, data_form
from portal.context import Cookie, Here
from portal.forms import Binding, VisitForm
from portal.pages import PageError, go, page
from portal.problems import status_of

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Question:
    """One field as it is asked: label, what helps, and its form (``text``, ``area``, ``date``, ``email``, ``tel`` or a choice)."""

    label: str
    hint: str = ""
    form: str = "text"
    choices: tuple[tuple[str, str], ...] = ()
    is_required: bool = True


@dataclass(frozen=True)
class Group:
    """Questions asked together."""

    title: str
    introduction: str
    fields: tuple[str, ...]


DATE_LATER = "Si elle n’est pas encore connue, laissez vide : le même lien vous la redemandera."

QUESTIONS: Mapping[str, Question] = {
    "act_type": Question(
        "Nature de l’acte", form="choice", choices=tuple((t.value, label.capitalize()) for t, label in ACT_LABELS.items())
    ),
    "act_body": Question("Qui a pris cet acte ?", "Par exemple : le conseil communautaire, la commission permanente."),
    "act_number": Question("Numéro de l’acte", "Par exemple : 2025-112."),
    "act_on": Question("Date de l’acte", form="date"),
    "act_sent_on": Question(
        "Date de transmission à la préfecture",
        DATE_LATER,
        "date",
        is_required=False,
    ),
    "act_published_on": Question(
        "Date de publication ou de notification",
        DATE_LATER,
        "date",
        is_required=False,
    ),
    "referent_civility": Question("Civilité", form="choice", choices=((Civility.MADAME, "Madame"), (Civility.MONSIEUR, "Monsieur"))),
    "referent_given_name": Question("Prénom"),
    "referent_family_name": Question("Nom"),
    "referent_function": Question("Fonction", "Par exemple : responsable des usages numériques."),
    "referent_email": Question("Adresse électronique", "Par exemple : prenom.nom@collectivite.fr.", "email"),
    "referent_telephone": Question("Téléphone", "Par exemple : 02 98 00 00 00.", "tel"),
    "service_code": Question("Code service", "Seulement si votre établissement l’exige sur Chorus Pro.", is_required=False),
    "engagement_number": Question("Numéro d’engagement", "Seulement si votre établissement l’exige sur Chorus Pro.", is_required=False),
}

GROUPS = (
    Group(
        "L’acte qui permet de signer",
        "C’est la délibération ou la décision qui autorise votre représentante ou votre représentant à signer.",
        ACT_FIELDS,
    ),
    Group(
        "Votre référente ou votre référent",
        "C’est la personne qui fera le lien entre vos services et le syndicat : réunions, formations, informations.",
        REFERENT_FIELDS,
    ),
    Group("Pour vos factures", "Une facture par an est déposée sur Chorus Pro.", BILLING_FIELDS),
)


@router.get("/informations")
def information_form(request: Request, here: Here, cookie: Cookie) -> Response:
    """Ask for what is missing."""
    return _page(request, here, cookie)


@router.post("/informations")
def give_information(request: Request, here: Here, cookie: Cookie, form: VisitForm) -> Response:
    """Record the answers."""
    asked = data_form(here.ports, cookie).fields
    empty = [name for name in asked if QUESTIONS[name].is_required and not form.get(name, "").strip()]
    if empty:
        errors = [PageError("Répondez à cette question.", name, _label(name)) for name in empty]
        return _page(request, here, cookie, errors, form, 422)
    try:
        missing = complete_data(here.ports, cookie, form)
    except InputRefused as error:
        errors = [PageError(problem.advice, problem.column, _label(problem.column)) for problem in error.problems]
        return _page(request, here, cookie, errors, form, status_of(error))
    return go("/informations/merci?reste=dates" if missing else "/informations/merci")


@router.get("/informations/merci")
def thank(request: Request, reste: str = "") -> Response:
    """Say that the answers are recorded, and what is still missing."""
    return page(request, "signers/information_done.html", is_incomplete=bool(reste))


def _label(field: str) -> str:
    return QUESTIONS[field].label.removesuffix(" ?") if field in QUESTIONS else field


def _page(
    request: Request,
    here: Here,
    cookie: str,
    errors: list[PageError] | None = None,
    given: Mapping[str, str] | None = None,
    status: int = 200,
) -> Response:
    form = data_form(here.ports, cookie)
    groups = [group for group in GROUPS if set(group.fields) & set(form.fields)]
    return page(
        request,
        "signers/information.html",
        status=status,
        binding=Binding.VISIT,
        errors=errors or (),
        form=form,
        groups=groups,
        questions=QUESTIONS,
        values={**form.values, **(given or {})},
    )
