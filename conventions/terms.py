"""What one agreement says: the single object from which its pages and its embedded data are both made.

``agreement_data`` is the content of ``agreement.json`` inside the PDF; activation later reads the services from there and
from nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from conventions.canonical import Json
from conventions.kinds import Kind, title_of
from conventions.members import Member
from conventions.particulars import Particulars
from conventions.people import Person
from conventions.powers import Act, Delegation
from conventions.programmes import Programme
from conventions.scale import Category
from conventions.services import ServiceGrant

DATA_SCHEMA = "contreseing/agreement/1"
DATA_FILENAME = "agreement.json"


@dataclass(frozen=True)
class RecapitulationLine:
    """One line of the yearly table of contributions."""

    member: str
    category: Category
    contribution_eur: int


@dataclass(frozen=True)
class Terms:
    """All that an agreement says. ``demonstration`` marks every page as fictitious; a convention has no ``particulars``."""

    reference: str
    version: int
    kind: Kind
    programme: Programme
    member: Member
    delegation: Delegation
    services: tuple[ServiceGrant, ...]
    recapitulation: tuple[RecapitulationLine, ...]
    recapitulation_year: int
    wording_id: str
    wording_sha256: str
    prepared_on: date
    demonstration: bool
    particulars: Particulars | None = None

    @property
    def title(self) -> str:
        """Title of the document, as mails, pages and the PDF give it."""
        return title_of(self.kind, self.programme.syndicate.short_name, self.reference)

    @property
    def total_eur(self) -> int:
        """Total of the recapitulation, in euros a year."""
        return sum(line.contribution_eur for line in self.recapitulation)


def agreement_data(terms: Terms) -> Mapping[str, Json]:
    """Build the embedded data: plain values, dates in ISO 8601, whole euros; serialise with ``render_canonical``."""
    programme, member = terms.programme, terms.member
    return {
        "schema": DATA_SCHEMA,
        "reference": terms.reference,
        "version": terms.version,
        "kind": terms.kind.value,
        "demonstration": terms.demonstration,
        "prepared_on": terms.prepared_on.isoformat(),
        "programme": {
            "id": programme.id,
            "name": programme.name,
            "starts_on": programme.starts_on.isoformat(),
            "ends_on": programme.ends_on.isoformat(),
            "deliberation": _act(programme.deliberation),
            "retroactive_effect": programme.retroactive_effect,
        },
        "syndicate": {
            "name": programme.syndicate.name,
            "siren": programme.syndicate.siret[:9],
            "siret": programme.syndicate.siret,
            "president": _person(programme.syndicate.president),
            "signatory": _person(terms.delegation.holder),
            "formula": terms.delegation.formula,
            "delegation": _act(terms.delegation.act),
        },
        "member": {
            "name": member.name,
            "category": member.category.value,
            "siren": member.siren,
            "siret": member.siret,
            "seat": member.seat,
            "representative": _person(member.representative),
            "power": _act(member.power.act) if member.power else None,
        },
        "contribution_eur_per_year": member.contribution_eur,
        "contribution_source": member.contribution_source,
        "services": [
            {"code": grant.code, "name": grant.name, "quotas": dict(grant.quotas), "condition": grant.condition} for grant in terms.services
        ],
        "wording": {"id": terms.wording_id, "sha256": terms.wording_sha256},
        **(terms.particulars.data() if terms.particulars is not None else {}),
    }


def _person(person: Person) -> Mapping[str, Json]:
    return {"given_name": person.given_name, "family_name": person.family_name, "capacity": person.capacity}


def _act(act: Act) -> Mapping[str, Json]:
    return {"type": act.type.value, "body": act.body, "number": act.number, "on": act.on.isoformat()}
