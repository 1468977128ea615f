"""Examples built from the domain's own dataclasses: fictitious people, ``.invalid`` addresses, SIRETs of the demonstration range.

``example_terms(**changes)`` gives a whole convention; each keyword replaces one field of ``Terms``. Other rooms' tests use it
as the input of rendering, signing and archiving.
"""

from __future__ import annotations

import dataclasses
from datetime import date
from pathlib import Path
from typing import Any

from conventions.canonical import sha256_hex
from conventions.kinds import Kind
from conventions.members import BillingCodes, Member
from conventions.people import Civility, MailAddress, Person, Referent
from conventions.powers import Act, ActType, Delegation, DelegationType, PowerToSign
from conventions.programmes import Programme, Syndicate
from conventions.scale import Category, Scale, Tier
from conventions.services import ServiceDefinition, grants_for
from conventions.siret import fictitious_siret
from conventions.terms import RecapitulationLine, Terms

WORDING = Path(__file__).parents[1] / "documents" / "wording" / "convention" / "2026-1.md"

CATALOGUE = tuple(
    ServiceDefinition(code, name, "paramètres d'exemple")
    for code, name in (
        ("portail", "Portail unique d'accès aux services"),
        ("marches", "Salle régionale des marchés publics"),
        ("actes", "Télétransmission des actes"),
        ("pes", "Télétransmission des pièces comptables"),
        ("fichiers", "Échanges sécurisés de fichiers"),
        ("parapheur", "Parapheur électronique"),
        ("convocations", "Convocation électronique des élus"),
        ("ged", "Espace de gestion documentaire (GED)"),
        ("sae", "Archivage électronique à valeur probatoire"),
        ("factures", "Facture électronique"),
        ("opendata", "Portail de publication des données publiques"),
        ("accompagnement", "Accompagnement au quotidien"),
    )
)

SCALE = Scale(
    tiers=(
        Tier(Category.REGION, 50_000),
        Tier(Category.DEPARTMENT, 45_000),
        Tier(Category.EPCI, 45_000, 400_001, None),
        Tier(Category.EPCI, 23_000, 200_000, 400_000),
        Tier(Category.EPCI, 20_000, 150_000, 199_999),
        Tier(Category.EPCI, 18_000, 100_000, 149_999),
        Tier(Category.EPCI, 15_000, 50_000, 99_999),
        Tier(Category.EPCI, 13_000, 30_000, 49_999),
        Tier(Category.EPCI, 8_000, 20_000, 29_999),
        Tier(Category.EPCI, 5_000, 10_000, 19_999),
        Tier(Category.EPCI, 3_000, 0, 9_999),
        Tier(Category.COMMUNE, 0),
        Tier(Category.CCAS, 0),
        Tier(Category.CIAS, 0),
    ),
    deliberation="délibération n° 2019-07 du 28 février 2019",
)

RECAPITULATION_COUNTS = (
    (Category.REGION, 50_000, 1),
    (Category.DEPARTMENT, 45_000, 4),
    *(
        (Category.EPCI, *pair)
        for pair in ((45_000, 1), (23_000, 2), (20_000, 2), (18_000, 1), (15_000, 13), (13_000, 16), (8_000, 14), (5_000, 8), (3_000, 2))
    ),
)
"""Category, euros a year, number of members: the 64 of the published year add up to 940 000 EUR."""


def example_president() -> Person:
    """Return the syndicate's fictitious President."""
    return Person(Civility.MADAME, "Nolwenn", "Kerfictif", "Présidente")


def example_syndicate() -> Syndicate:
    """Return a fictitious syndicate."""
    return Syndicate(
        name="Syndicat mixte de démonstration Ker Niverel",
        short_name="Ker Niverel",
        seat="1 place de l'Exemple, 35000 Ville-Fictive",
        siret=fictitious_siret(9_999),
        president=example_president(),
        president_act=Act(ActType.DELIBERATION, "le comité syndical", "2025-01", date(2025, 9, 12), date(2025, 9, 15), date(2025, 9, 15)),
        telephone="02 99 00 00 00",
        website="https://ker-niverel.invalid",
        data_protection_mail="dpo@ker-niverel.invalid",
    )


def example_programme(**changes: Any) -> Programme:  # noqa: ANN401 any field of Programme
    """Return a five-year programme that began on 1 January 2026; keywords replace its fields."""
    programme = Programme(
        id="2026-2030",
        name="programme 2026-2030",
        starts_on=date(2026, 1, 1),
        ends_on=date(2030, 12, 31),
        deliberation=Act(ActType.DELIBERATION, "le comité syndical", "2025-31", date(2025, 11, 20), date(2025, 11, 24), date(2025, 11, 25)),
        scale=SCALE,
        catalogue=CATALOGUE,
        syndicate=example_syndicate(),
        wordings=tuple((kind.value, f"{kind}/2026-1") for kind in Kind),
        fictitious=True,
    )
    return dataclasses.replace(programme, **changes)


def example_member(**changes: Any) -> Member:  # noqa: ANN401 any field of Member
    """Return an EPCI of 42,000 inhabitants (13 000 EUR a year) with its power to sign and its referent; keywords replace its fields."""
    member = Member(
        id="m-0014",
        name="Communauté de communes des Abers-Fictifs",
        category=Category.EPCI,
        siret=fictitious_siret(14),
        seat="3 rue de l'Océan, 29000 Port-Fictif",
        contribution_eur=13_000,
        contribution_source="scale",
        representative=Person(Civility.MADAME, "Maëlle", "Le Goff-Exemple", "Présidente"),
        representative_mail=MailAddress("maelle.legoff@abers-fictifs.invalid", "annuaire de démonstration", date(2026, 1, 5), "agent"),
        population=42_000,
        power=PowerToSign(
            Act(ActType.DELIBERATION, "le conseil communautaire", "2025-112", date(2025, 12, 11), date(2025, 12, 15), date(2025, 12, 16))
        ),
        referent=Referent(
            Person(Civility.MONSIEUR, "Erwan", "Kermarrec-Exemple", "Responsable des usages numériques"),
            "erwan.kermarrec@abers-fictifs.invalid",
            "02 98 00 00 00",
        ),
        second_mail="dgs@abers-fictifs.invalid",
        telephone="02 98 00 00 01",
        billing=BillingCodes("SRV-NUM", "EJ-2026-0042"),
        fictitious=True,
    )
    return dataclasses.replace(member, **changes)


def example_delegation() -> Delegation:
    """Return the Vice-President's delegation of function, in force over the whole programme."""
    return Delegation(
        id="d-1",
        type=DelegationType.FUNCTION,
        holder=Person(Civility.MONSIEUR, "Yann", "Le Fictif", "Vice-Président délégué"),
        granted_by=example_president(),
        act=Act(ActType.ORDER, "la Présidente", "2025-A-07", date(2025, 9, 15), date(2025, 9, 16), date(2025, 9, 17)),
        scope=(Kind.CONVENTION, Kind.ORDER_FORM, Kind.AMENDMENT, Kind.ACKNOWLEDGEMENT),
        starts_on=date(2025, 9, 18),
        ends_on=date(2030, 12, 31),
        formula="pour le Président et par délégation, le Vice-Président délégué",
    )


def example_recapitulation(member: Member) -> tuple[RecapitulationLine, ...]:
    """Return 64 lines that add up to 940 000 EUR, the given member taking the first line of its amount."""
    lines: list[RecapitulationLine] = []
    placed = False
    for category, contribution_eur, count in RECAPITULATION_COUNTS:
        for rank in range(1, count + 1):
            mine = not placed and category is member.category and contribution_eur == member.contribution_eur
            placed = placed or mine
            name = member.name if mine else f"Membre fictif {category.value.upper()} {contribution_eur // 1000:02d}-{rank:02d}"
            lines.append(RecapitulationLine(name, category, contribution_eur))
    return tuple(lines)


def example_terms(**changes: Any) -> Terms:  # noqa: ANN401 any field of Terms
    """Return a convention's terms, marked as a demonstration; keywords replace its fields.

    ``wording_sha256`` is the digest of the bundled wording, so that the terms can be rendered as they are.
    """
    member: Member = changes.get("member", example_member())
    programme: Programme = changes.get("programme", example_programme())
    terms = Terms(
        reference="2026-0014",
        version=1,
        kind=Kind.CONVENTION,
        programme=programme,
        member=member,
        delegation=example_delegation(),
        services=grants_for(programme.catalogue, member.category, member.population, member.contribution_eur),
        recapitulation=example_recapitulation(member),
        recapitulation_year=2026,
        wording_id="convention/2026-1",
        wording_sha256=sha256_hex(WORDING.read_bytes()),
        prepared_on=date(2026, 1, 6),
        demonstration=True,
    )
    return dataclasses.replace(terms, **changes)
