"""A wording tried before it is used: checked, then rendered with fictitious facts, its twin compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from conventions.errors import ConfigurationError
from conventions.kinds import Kind
from conventions.members import BillingCodes, Member
from conventions.people import Civility, MailAddress, Person, Referent
from conventions.ports.documents import RenderedAgreement, TwinPart
from conventions.powers import Act, ActType, Delegation, DelegationType, PowerToSign
from conventions.programmes import Programme, Syndicate
from conventions.scale import Category, Scale, Tier
from conventions.services import ServiceDefinition, grants_for
from conventions.siret import fictitious_siret
from conventions.terms import RecapitulationLine, Terms
from documents.composition import compose, verify_wording
from documents.fields import REQUIRED_FIELDS
from documents.rendering import render_composition
from documents.structure_text import verify_twin
from documents.twin import render_parts
from documents.wording_parser import parse_wording

YEAR = 2026
_PRESIDENT = Person(Civility.MADAME, "Prénom", "Nom-Fictif", "Présidente")
_ASSEMBLY_ACT = Act(ActType.DELIBERATION, "le comité syndical", "0000-01", date(YEAR - 1, 11, 20))
_SCALE = Scale((Tier(Category.EPCI, 13_000, 30_000, 49_999), Tier(Category.EPCI, 8_000, 20_000, 29_999)), "délibération fictive n° 0000-02")
_CATALOGUE = (
    ServiceDefinition("fichiers", "Service fictif de fichiers", "exemple"),
    ServiceDefinition("ged", "Service fictif de documents", "exemple"),
    ServiceDefinition("sae", "Service fictif d’archivage", "exemple"),
)


@dataclass(frozen=True)
class WordingPreview:
    """A wording that can be used: its digest, the points it makes with their lines, and what it looks like."""

    sha256_hex: str
    points: tuple[tuple[str, int], ...]
    rendered: RenderedAgreement
    twin: tuple[TwinPart, ...]


def preview_wording(data: bytes, kind: Kind, file_name: str, terms: Terms | None = None) -> WordingPreview:
    """Check a wording file (UTF-8 bytes) and render it, with fictitious facts unless ``terms`` are given.

    Raises:
        ConfigurationError: names the file, the line and what is wrong there; or no wording of that kind is known yet.
        InputRefused: the terms given cannot be rendered.
        EvidenceBroken: the twin does not say what the pages say.
    """
    if kind not in REQUIRED_FIELDS:
        raise ConfigurationError(f"{file_name}: no fields are defined for the kind {kind.value}", code="wording.unknown", wording=file_name)
    wording = parse_wording(data, f"{kind.value}/preview", file_name)
    verify_wording(wording, kind)
    facts = terms if terms is not None else fictitious_terms(wording.id, wording.sha256_hex)
    composition = compose(wording, facts)
    rendered, twin = render_composition(composition, facts), render_parts(composition)
    verify_twin(rendered.data, twin)
    return WordingPreview(wording.sha256_hex, wording.points, rendered, twin)


def fictitious_terms(wording_id: str, wording_sha256: str) -> Terms:
    """Return terms that are plainly fictitious, marked as a demonstration."""
    programme = _programme(wording_id)
    member = _member()
    lines = (
        RecapitulationLine(member.name, Category.EPCI, member.contribution_eur),
        RecapitulationLine("Autre communauté fictive", Category.EPCI, 8_000),
    )
    return Terms(
        reference=f"{YEAR}-0000",
        version=1,
        kind=Kind.CONVENTION,
        programme=programme,
        member=member,
        delegation=_delegation(),
        services=grants_for(programme.catalogue, member.category, member.population, member.contribution_eur),
        recapitulation=lines,
        recapitulation_year=YEAR,
        wording_id=wording_id,
        wording_sha256=wording_sha256,
        prepared_on=date(YEAR, 1, 6),
        demonstration=True,
    )


def _programme(wording_id: str) -> Programme:
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
        wordings=((Kind.CONVENTION.value, wording_id),),
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


def _delegation() -> Delegation:
    return Delegation(
        id="fictive",
        type=DelegationType.FUNCTION,
        holder=Person(Civility.MADAME, "Prénom", "Déléguée-Fictive", "Vice-Présidente déléguée"),
        granted_by=_PRESIDENT,
        act=Act(ActType.ORDER, "la Présidente", "0000-A-04", date(YEAR - 1, 9, 15)),
        scope=(Kind.CONVENTION,),
        starts_on=date(YEAR - 1, 9, 18),
        ends_on=date(YEAR + 4, 12, 31),
        formula="pour la Présidente et par délégation, la Vice-Présidente déléguée",
    )
