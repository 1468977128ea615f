"""Members: the bodies that sign, their representative, their power to sign and their addresses."""

from __future__ import annotations

from dataclasses import dataclass

from conventions.people import MailAddress, Person, Referent
from conventions.powers import PowerToSign
from conventions.scale import Category
from conventions.siret import siren_of


@dataclass(frozen=True)
class BillingCodes:
    """What Chorus Pro prints on the invoice where the member requires it."""

    service_code: str | None = None
    engagement_number: str | None = None


@dataclass(frozen=True)
class Member:
    """A member of the syndicate.

    ``contribution_eur`` is a whole number of euros a year, excluding tax; ``contribution_source`` says where it comes
    from: ``scale`` (computed from category and population) or ``published`` (an EPCI whose population is not known).
    ``territory`` is the SIRET of the EPCI on whose territory a commune, CCAS or CIAS lies.
    """

    id: str
    name: str
    category: Category
    siret: str
    seat: str
    contribution_eur: int
    contribution_source: str
    representative: Person
    representative_mail: MailAddress
    population: int | None = None
    territory: str | None = None
    power: PowerToSign | None = None
    referent: Referent | None = None
    second_mail: str | None = None
    telephone: str | None = None
    billing: BillingCodes = BillingCodes()
    fictitious: bool = False

    @property
    def siren(self) -> str:
        """The body's SIREN."""
        return siren_of(self.siret)
