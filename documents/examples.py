"""Facts that are plainly fictitious, to try a wording with: marked as a demonstration, addresses under ``.invalid``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from conventions.dependence import grants_of
from conventions.kinds import Kind
from conventions.members import BillingCodes, Member
from conventions.people import Civility, MailAddress, Person, Referent
from conventions.powers import Act, ActType, Delegation, DelegationType, PowerToSign
from conventions.programmes import Programme, Syndicate
from conventions.scale import Category, Scale, Tier
from conventions.services import ServiceDefinition
from conventions.siret import fictitious_siret
from conventions.terms import RecapitulationLine, Terms
from documents.particular_examples import fictitious_particulars

YEAR = 2026
_PRESIDENT = Person(Civility.MADAME, "Prénom", "Nom-Fictif", "Présidente")
_ASSEMBLY_ACT = Act(ActType.DELIBERATION, "le comité syndical", "0000-01", date(YEAR - 1, 11, 20))
_SCALE = Scale((Tier(Category.EPCI, 13_000, 30_000, 49_999), Tier(Category.EPCI, 8_000, 20_000, 29_999)), "délibération fictive n° 0000-02")
_PREPARED_ON = {Kind.CONVENTION: date(YEAR, 1, 6), Kind.ACKNOWLEDGEMENT: date(YEAR, 9, 16)}
_CATALOGUE = (
    ServiceDefinition("fichiers", "Service fictif de fichiers", "exemple"),
    ServiceDefinition("ged", "Service fictif de documents", "exemple"),
    ServiceDefinition("sae", "Service fictif d’archivage", "exemple"),
)


@dataclass(frozen=True)
class ExampleMember:
    """What is known of a member to be shown in fictitious facts: its name, and where it is published its category and amount."""

    name: str
    category: Category | None = None
    contribution_eur: int | None = None


def fictitious_terms(kind: Kind, wording_id: str, wording_sha256: str, shown: ExampleMember | None = None) -> Terms:
    """Return terms that are plainly fictitious, marked as a demonstration."""
    programme = _programme(kind, wording_id)
    member = _shown(_commune() if kind is Kind.CHARTER else _member(), shown)
    particulars = fictitious_particulars(kind)
    lines = (
        RecapitulationLine(member.name, member.category, member.contribution_eur),
        RecapitulationLine("Autre communauté fictive", Category.EPCI, 8_000),
    )
    return Terms(
        reference=f"{YEAR}-0000",
        version=1,
        kind=kind,
        programme=programme,
        member=member,
        delegation=_delegation(),
        services=grants_of(kind, programme, member, particulars),
        recapitulation=lines,
        recapitulation_year=YEAR,
        wording_id=wording_id,
        wording_sha256=wording_sha256,
        prepared_on=_PREPARED_ON.get(kind, date(YEAR, 9, 10)),
        demonstration=True,
        particulars=particulars,
    )


def _shown(member: Member, shown: ExampleMember | None) -> Member:
    """Put what is known of a member in the place of what is fictitious."""
    if shown is None:
        return member
    named = replace(member, name=shown.name)
    if shown.category is None or shown.contribution_eur is None:
        return named
    return replace(
        named, category=shown.category, contribution_eur=shown.contribution_eur, contribution_source="published", population=None
    )


def _programme(kind: Kind, wording_id: str) -> Programme:
    return Programme(
        id="fictif",
        name="programme fictif",
        starts_on=date(YEAR, 1, 1),
        ends_on=date(YEAR + 4, 12, 31),
        deliberation=_ASSEMBLY_ACT,
        scale=_SCALE,
        catalogue=_CATALOGUE,
        syndicate=Syndicate(
            name="Syndicat mixte fictif",
            short_name="Syndicat fictif",
            seat="1 place de l’Exemple, 00000 Ville-Fictive",
            siret=fictitious_siret(9_998),
            president=_PRESIDENT,
            president_act=_ASSEMBLY_ACT,
            telephone="00 00 00 00 00",
            website="https://syndicat.invalid",
            data_protection_mail="dpo@syndicat.invalid",
        ),
        wordings=((kind.value, wording_id),),
        fictitious=True,
    )


def _member() -> Member:
    return Member(
        id="fictif",
        name="Communauté de communes fictive",
        category=Category.EPCI,
        siret=fictitious_siret(9_997),
        seat="2 rue de l’Exemple, 00000 Ville-Fictive",
        contribution_eur=13_000,
        contribution_source="scale",
        representative=Person(Civility.MONSIEUR, "Prénom", "Autre-Fictif", "président"),
        representative_mail=MailAddress("president@communaute.invalid", "exemple"),
        population=42_000,
        power=PowerToSign(Act(ActType.DELIBERATION, "le conseil communautaire", "0000-03", date(YEAR - 1, 12, 11))),
        referent=Referent(
            Person(Civility.MADAME, "Prénom", "Référente-Fictive", "responsable des usages numériques"),
            "referente@communaute.invalid",
            "00 00 00 00 01",
        ),
        billing=BillingCodes("SERVICE", None),
        fictitious=True,
    )


def _commune() -> Member:
    return replace(
        _member(),
        name="Commune fictive de Port-Fictif",
        category=Category.COMMUNE,
        siret=fictitious_siret(9_996),
        seat="place de la Mairie-Fictive, 00000 Port-Fictif",
        contribution_eur=0,
        population=1_200,
        representative=Person(Civility.MADAME, "Prénom", "Maire-Fictive", "maire"),
        power=PowerToSign(Act(ActType.DELIBERATION, "le conseil municipal", "0000-05", date(YEAR, 1, 22))),
    )


def _delegation() -> Delegation:
    return Delegation(
        id="fictive",
        type=DelegationType.FUNCTION,
        holder=Person(Civility.MADAME, "Prénom", "Déléguée-Fictive", "Vice-Présidente déléguée"),
        granted_by=_PRESIDENT,
        act=Act(ActType.ORDER, "la Présidente", "0000-A-04", date(YEAR - 1, 9, 15)),
        scope=tuple(Kind),
        starts_on=date(YEAR - 1, 9, 18),
        ends_on=date(YEAR + 4, 12, 31),
        formula="pour la Présidente et par délégation, la Vice-Présidente déléguée",
    )
