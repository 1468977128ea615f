"""Values of the named fields of a wording, all taken from one ``Terms``: what the pages say is what the data says."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from types import MappingProxyType

from conventions.errors import InputRefused
from conventions.powers import Act, ActType
from conventions.scale import Category, Scale, Tier
from conventions.services import ServiceGrant
from conventions.terms import RecapitulationLine, Terms
from documents.french import NO_BREAK, spell_amount, spell_date, spell_integer, spell_siret
from documents.vocabulary import ListLines

ACT_NAMES = MappingProxyType(
    {
        ActType.DELIBERATION: ("délibération", "prise par"),
        ActType.DECISION_BY_DELEGATION: ("décision", "prise par délégation par"),
        ActType.BUREAU_DECISION: ("décision", "prise par"),
        ActType.STANDING_COMMISSION: ("décision", "prise par"),
        ActType.CCAS_BOARD: ("délibération", "prise par"),
        ActType.ORDER: ("arrêté", "pris par"),
    }
)
"""What an act is called, and what leads to the body that took it (written with its article: « le conseil communautaire »)."""
CATEGORY_NAMES = MappingProxyType(
    {
        Category.REGION: "Région",
        Category.DEPARTMENT: "Département",
        Category.EPCI: "EPCI à fiscalité propre",
        Category.COMMUNE: "Commune",
        Category.CCAS: "CCAS",
        Category.CIAS: "CIAS",
    }
)
QUOTA_NAMES = MappingProxyType(
    {
        "spaces": ("espace", "espaces"),
        "licences": ("licence", "licences"),
        "storage_gb": ("Go de stockage", "Go de stockage"),
        "quantity": ("unité commandée", "unités commandées"),
        "storage_gb_per_user": ("Go par utilisateur déclaré", "Go par utilisateur déclaré"),
    }
)
CONDITION_NAMES = MappingProxyType(
    {"two_documents_declared_sent": "ouverture une fois déclarés transmis les deux documents remis au service d’archives"}
)
NOT_REQUIRED = "non exigé par l’établissement"

SCALAR_FIELDS = frozenset(
    {
        "agreement.reference",
        "agreement.prepared_on",
        "billing.engagement_number",
        "billing.service_code",
        "delegation.act",
        "delegation.capacity",
        "delegation.formula",
        "delegation.holder",
        "member.capacity",
        "member.category",
        "member.contribution",
        "member.name",
        "member.power",
        "member.representative",
        "member.seat",
        "member.siret",
        "programme.deliberation",
        "programme.ends_on",
        "programme.name",
        "programme.starts_on",
        "recapitulation.count",
        "recapitulation.total",
        "recapitulation.year",
        "referent.capacity",
        "referent.email",
        "referent.name",
        "referent.telephone",
        "scale.deliberation",
        "syndicate.data_protection_mail",
        "syndicate.name",
        "syndicate.president",
        "syndicate.president_act",
        "syndicate.president_capacity",
        "syndicate.seat",
        "syndicate.short_name",
        "syndicate.siret",
        "syndicate.telephone",
        "syndicate.website",
    }
)
LIST_FIELDS: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "services": frozenset({"line.name", "line.quotas"}),
        "scale": frozenset({"line.category", "line.population", "line.contribution"}),
        "recapitulation": frozenset({"line.member", "line.category", "line.contribution"}),
    }
)
CONDITIONS = frozenset({"demonstration", "retroactive_effect"})


def spell_act(act: Act) -> str:
    """Write an act: « délibération n° 2025-112 du 11 décembre 2025 prise par le conseil communautaire »."""
    name, taken_by = ACT_NAMES[act.type]
    return f"{name} n°{NO_BREAK}{act.number} du {spell_date(act.on)} {taken_by} {act.body}"


def spell_population(tier: Tier) -> str:
    """Write the bounds of a tier."""
    low, high = tier.population_min, tier.population_max
    if low is None and high is None:
        return "sans condition de population"
    if high is None:
        return f"plus de {spell_integer((low or 1) - 1)} habitants"
    if not low:
        return f"moins de {spell_integer(high + 1)} habitants"
    return f"de {spell_integer(low)} à {spell_integer(high)} habitants"


def spell_grant(grant: ServiceGrant) -> str:
    """Write what a service gives: its quotas, then the condition of its opening.

    Raises:
        InputRefused: a quota or a condition that has no French name.
    """
    said = []
    for name, quantity in grant.quotas:
        if name not in QUOTA_NAMES:
            raise InputRefused(f"service {grant.code}: quota {name} has no French name", code="documents.unknown_quota", quota=name)
        said.append(f"{spell_integer(quantity)}{NO_BREAK}{QUOTA_NAMES[name][quantity > 1]}")
    if grant.condition is not None:
        if grant.condition not in CONDITION_NAMES:
            raise InputRefused(f"service {grant.code}: condition {grant.condition} has no French name", code="documents.unknown_condition")
        said.append(CONDITION_NAMES[grant.condition])
    return ", ".join(said) or "compris"


def scalar_values(terms: Terms) -> Mapping[str, str | None]:
    """Return the value of each field; None where the agreement has none (an error if the wording uses it)."""
    programme, member, delegation = terms.programme, terms.member, terms.delegation
    syndicate, referent, billing = programme.syndicate, member.referent, member.billing
    return {
        "agreement.reference": terms.reference,
        "agreement.prepared_on": spell_date(terms.prepared_on),
        "billing.engagement_number": billing.engagement_number or NOT_REQUIRED,
        "billing.service_code": billing.service_code or NOT_REQUIRED,
        "delegation.act": spell_act(delegation.act),
        "delegation.capacity": delegation.holder.capacity,
        "delegation.formula": delegation.formula,
        "delegation.holder": delegation.holder.addressed,
        "member.capacity": member.representative.capacity,
        "member.category": CATEGORY_NAMES[member.category],
        "member.contribution": spell_amount(member.contribution_eur),
        "member.name": member.name,
        "member.power": spell_act(member.power.act) if member.power else None,
        "member.representative": member.representative.addressed,
        "member.seat": member.seat,
        "member.siret": spell_siret(member.siret),
        "programme.deliberation": spell_act(programme.deliberation),
        "programme.ends_on": spell_date(programme.ends_on),
        "programme.name": programme.name,
        "programme.starts_on": spell_date(programme.starts_on),
        "recapitulation.count": spell_integer(len(terms.recapitulation)),
        "recapitulation.total": spell_amount(terms.total_eur),
        "recapitulation.year": str(terms.recapitulation_year),
        "referent.capacity": referent.person.capacity if referent else None,
        "referent.email": referent.email if referent else None,
        "referent.name": referent.person.addressed if referent else None,
        "referent.telephone": referent.telephone if referent else None,
        "scale.deliberation": programme.scale.deliberation,
        "syndicate.data_protection_mail": syndicate.data_protection_mail,
        "syndicate.name": syndicate.name,
        "syndicate.president": syndicate.president.addressed,
        "syndicate.president_act": spell_act(syndicate.president_act),
        "syndicate.president_capacity": syndicate.president.capacity,
        "syndicate.seat": syndicate.seat,
        "syndicate.short_name": syndicate.short_name,
        "syndicate.siret": spell_siret(syndicate.siret),
        "syndicate.telephone": syndicate.telephone,
        "syndicate.website": syndicate.website,
    }


def list_values(terms: Terms) -> Mapping[str, ListLines]:
    """Return the lines of each list."""
    return {
        "services": _service_lines(terms.services),
        "scale": _scale_lines(terms.programme.scale),
        "recapitulation": _recapitulation_lines(terms.recapitulation),
    }


@functools.lru_cache(maxsize=64)
def _service_lines(services: tuple[ServiceGrant, ...]) -> ListLines:
    return ListLines((("line.name", grant.name), ("line.quotas", spell_grant(grant))) for grant in services)


@functools.lru_cache(maxsize=16)
def _scale_lines(scale: Scale) -> ListLines:
    return ListLines(
        (
            ("line.category", CATEGORY_NAMES[tier.category]),
            ("line.population", spell_population(tier)),
            ("line.contribution", spell_amount(tier.contribution_eur)),
        )
        for tier in scale.tiers
    )


@functools.lru_cache(maxsize=16)
def _recapitulation_lines(lines: tuple[RecapitulationLine, ...]) -> ListLines:
    return ListLines(
        (
            ("line.member", line.member),
            ("line.category", CATEGORY_NAMES[line.category]),
            ("line.contribution", spell_amount(line.contribution_eur)),
        )
        for line in lines
    )


def conditions(terms: Terms) -> Mapping[str, bool]:
    """Return the named conditions of a wording."""
    return {"demonstration": terms.demonstration, "retroactive_effect": terms.programme.retroactive_effect}
