"""The members as they are recorded, and the forms by which agents correct them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from conventions.corrections import FROM_SCALE, form_of
from conventions.errors import InputRefused, RuleRefused
from conventions.french import format_euros, paris_date
from conventions.members import Member
from conventions.people import Civility, folded
from conventions.powers import PowerToSign
from conventions.search import Wanted
from conventions.sentences import CATEGORY_LABELS, sentence
from conventions.steps.complete_data import ACT_DATES, ACT_FIELDS, BILLING_FIELDS, REFERENT_FIELDS
from conventions.steps.correct_member import correct_member, lift_stop
from conventions.steps.office import agreement_lines
from portal.context import Context, Here
from portal.forms import Binding, VisitForm
from portal.office.acting import Acting, Agent, Reader
from portal.pages import PageError, go, page
from portal.people import Person
from portal.problems import status_of
from portal.signers.information import QUESTIONS, Group, Question

router = APIRouter(include_in_schema=False)

MemberId = Annotated[str, Path(max_length=40)]
MOST_SHOWN = 50

MEMBER_QUESTIONS: Mapping[str, Question] = {
    "name": Question("Nom de l’établissement", "Tel que les documents l’impriment."),
    "siret": Question("SIRET", "14 chiffres, tels que les donne l’avis de situation."),
    "category": Question("Catégorie", form="choice", choices=tuple((one.value, label) for one, label in CATEGORY_LABELS.items())),
    "population": Question("Population, en habitants", "D’un EPCI, elle donne le montant.", is_required=False),
    "contribution_eur": Question("Montant par an, en euros hors taxes", is_required=False),
    "territory_siret": Question("SIRET de l’EPCI du territoire", "Pour une commune, un CCAS ou un CIAS.", is_required=False),
    "seat": Question("Adresse postale du siège"),
    "representative_civility": Question(
        "Civilité", form="choice", choices=((Civility.MADAME.value, "Madame"), (Civility.MONSIEUR.value, "Monsieur"))
    ),
    "representative_given_name": Question("Prénom"),
    "representative_family_name": Question("Nom"),
    "representative_capacity": Question("Qualité", "Par exemple : présidente, maire, adjoint délégué."),
    "representative_email": Question("Adresse électronique de la personne qui signe", form="email"),
    "email_source": Question("D’où tenons-nous cette adresse ?", "Par exemple : annuaire de la préfecture, appel au secrétariat."),
    "email_checked_on": Question("Vérifiée le", form="date", is_required=False),
    "email_checked_by": Question("Vérifiée par", "La personne de nos services qui l’a vérifiée.", is_required=False),
    "called_back_on": Question(
        "Personne rappelée le",
        "Pour l’adresse d’un service (mairie, contact, accueil…) : le jour où la personne qui signe a confirmé de vive voix.",
        "date",
        is_required=False,
    ),
    "second_email": Question(
        "Seconde adresse de l’établissement", "Elle reçoit les demandes d’informations et l’avis de signature.", "email", is_required=False
    ),
    "telephone": Question("Téléphone", form="tel", is_required=False),
    **{name: QUESTIONS[name] for name in (*ACT_FIELDS, *REFERENT_FIELDS, *BILLING_FIELDS)},
    **{name: replace(QUESTIONS[name], hint="Si elle n’est pas connue, laissez vide.") for name in ACT_DATES},
}

IDENTITY_FIELDS = ("name", "siret", "category", "population", "contribution_eur", "territory_siret")
REPRESENTATIVE_FIELDS = tuple(name for name in MEMBER_QUESTIONS if name.startswith("representative_") and name != "representative_email")
MAIL_FIELDS = (
    "representative_email",
    "email_source",
    "email_checked_on",
    "email_checked_by",
    "called_back_on",
    "second_email",
    "telephone",
)
MEMBER_GROUPS = (
    Group(
        "L’établissement",
        "Si une convention en vigueur dit un autre nom, un autre SIRET ou un autre montant, un avenant l’écrit d’abord. Les documents déjà"
        " préparés pour d’autres membres gardent la ligne qu’ils impriment de celui-ci dans leur récapitulatif.",
        (*IDENTITY_FIELDS, "seat"),
    ),
    Group("La personne qui signe", "Telle que les documents la nomment.", REPRESENTATIVE_FIELDS),
    Group("Où lui écrire", "Le lien de signature et les codes partent à la première adresse.", MAIL_FIELDS),
    Group("L’acte qui permet de signer", "La délibération ou la décision, et quand elle est devenue exécutoire.", ACT_FIELDS),
    Group("La référente ou le référent", "La personne qui fait le lien avec nos services.", REFERENT_FIELDS),
    Group("Pour les factures", "Ce que Chorus Pro demande, si l’établissement l’exige.", BILLING_FIELDS),
)


@router.get("/membres")
def list_members(request: Request, here: Here, account: Person, q: Annotated[str, Query(max_length=200)] = "") -> Response:
    """Find members by name or SIRET."""
    words = folded(q).split()
    with here.ports.registry.read() as tx:
        found = [one for one in tx.members() if all(word in f"{folded(one.name)} {one.siret}" for word in words)]
    shown = sorted(found, key=lambda one: folded(one.name))[:MOST_SHOWN]
    return page(request, "office/members.html", binding=Binding.VISIT, account=account, members=shown, count=len(found), q=q)


@router.get("/membres/{member_id}")
def show_member(at: Reader, member_id: MemberId, fait: str = "") -> Response:
    """Show the form, filled with what is recorded."""
    return _member_page(at, member_id, done=fait)


@router.post("/membres/{member_id}")
def correct(at: Agent, member_id: MemberId, form: VisitForm) -> Response:
    """Record a correction."""
    errors = [PageError("Répondez à cette question.", name, _label(name)) for name in _left_empty(_member(at.here, member_id), form)]
    if errors:
        return _member_page(at, member_id, errors, form, 422)
    try:
        made = correct_member(at.here.ports, member_id, form, at.account.id)
    except InputRefused as error:
        errors = [PageError(problem.advice, problem.column, _label(problem.column)) for problem in error.problems]
        return _member_page(at, member_id, errors, form, status_of(error))
    except RuleRefused as error:
        errors = [PageError(sentence(error), str(error.details.get("field", "formulaire")))]
        return _member_page(at, member_id, errors, form, status_of(error))
    if not made.fields:
        return go(f"/membres/{member_id}?fait=rien")
    followed = "version" if made.redrafted else "lien" if made.written_again else "suite" if made.completed else "corrige"
    return go(f"/membres/{member_id}?fait={followed}")


@router.post("/membres/{member_id}/acte-non-executoire")
def lift(at: Agent, member_id: MemberId, form: VisitForm) -> Response:
    """Let the member sign although its act is not executory yet."""
    try:
        lift_stop(at.here.ports, member_id, form.get("motif", ""), at.account.id)
    except (InputRefused, RuleRefused) as error:
        return _member_page(at, member_id, [PageError(sentence(error), "motif")], form, status_of(error))
    return go(f"/membres/{member_id}?fait=leve")


def _left_empty(member: Member, form: Mapping[str, str]) -> list[str]:
    """Name the questions that need an answer and have none; an act or a referent that is not known yet may stay so as a whole."""
    needed = [
        name for name in ("name", "siret", "category", "seat", *REPRESENTATIVE_FIELDS, *MAIL_FIELDS) if MEMBER_QUESTIONS[name].is_required
    ]
    for fields, known in ((ACT_FIELDS, member.power), (REFERENT_FIELDS, member.referent)):
        if known is not None or any(form.get(name, "").strip() for name in fields):
            needed += [name for name in fields if MEMBER_QUESTIONS[name].is_required]
    return [name for name in needed if not form.get(name, "").strip()]


def _label(name: str) -> str:
    return MEMBER_QUESTIONS[name].label.removesuffix(" ?")


def _member(here: Context, member_id: str) -> Member:
    with here.ports.registry.read() as tx:
        return tx.member(member_id)


def _member_page(
    at: Acting,
    member_id: str,
    errors: Sequence[PageError] = (),
    given: Mapping[str, str] | None = None,
    status: int = 200,
    *,
    done: str = "",
) -> Response:
    member = _member(at.here, member_id)
    return page(
        at.request,
        "office/member.html",
        status=status,
        binding=Binding.VISIT,
        errors=errors,
        account=at.account,
        member=member,
        lines=agreement_lines(at.here.ports, at.cookie, Wanted(member.siret)),
        groups=MEMBER_GROUPS,
        questions={**MEMBER_QUESTIONS, "contribution_eur": replace(MEMBER_QUESTIONS["contribution_eur"], hint=_about_amount(member))},
        values={**form_of(member), **(given or {})},
        reason=(given or {}).get("motif", ""),
        is_liftable=_is_liftable(member.power, at.here),
        can_act=at.can_act,
        done=done,
    )


def _about_amount(member: Member) -> str:
    is_from_scale = member.contribution_source == FROM_SCALE
    origin = "donné par le barème" if is_from_scale else "publié, faute de population"
    return f"Aujourd’hui\u00a0: {format_euros(member.contribution_eur)}, {origin}. Laissez vide quand le barème le donne."


def _is_liftable(power: PowerToSign | None, here: Context) -> bool:
    today = paris_date(here.ports.clock.now())
    if power is None or power.act.on > today or power.override is not None:
        return False
    return power.act.executory_on is None or power.act.executory_on > today
