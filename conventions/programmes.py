"""Programmes: a period with its scale, catalogue, wordings, signatory and the syndicate's own identity."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from conventions.errors import RuleRefused
from conventions.people import Person
from conventions.powers import Act
from conventions.scale import Scale
from conventions.services import ServiceDefinition
from conventions.signatures import SIMPLE_LEVELS, SignatureLevels


@dataclass(frozen=True)
class Syndicate:
    """The public body that countersigns: its name, seat, SIRET, legal representative and that person's act."""

    name: str
    short_name: str
    seat: str
    siret: str
    president: Person
    president_act: Act
    telephone: str
    website: str
    data_protection_mail: str


@dataclass(frozen=True)
class Programme:
    """A programme; both dates included. ``wordings`` maps a kind to the identifier of its wording file.

    ``levels``: the least level of each party's signature; an installation that gives less refuses to work on the programme.
    """

    id: str
    name: str
    starts_on: date
    ends_on: date
    deliberation: Act
    scale: Scale
    catalogue: tuple[ServiceDefinition, ...]
    syndicate: Syndicate
    wordings: tuple[tuple[str, str], ...]
    retroactive_effect: bool = False
    fictitious: bool = False
    levels: SignatureLevels = SIMPLE_LEVELS

    def is_open_on(self, day: date) -> bool:
        """Tell whether agreements may still be made under the programme that day."""
        return day <= self.ends_on

    def wording_of(self, kind: str) -> str:
        """Return the wording's identifier for a kind.

        Raises:
            RuleRefused: the programme has none.
        """
        found = dict(self.wordings).get(kind)
        if found is None:
            raise RuleRefused(f"programme {self.id} has no wording of a {kind}", code="programme.no_wording", programme=self.name)
        return found
