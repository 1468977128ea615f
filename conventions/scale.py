"""The scale of contributions: category and population to euros a year."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from conventions.errors import InputRefused


class Category(StrEnum):
    """Category of a member; the French name is in ``conventions.sentences``."""

    REGION = "region"
    DEPARTMENT = "department"
    EPCI = "epci"
    COMMUNE = "commune"
    CCAS = "ccas"
    CIAS = "cias"


CONTRIBUTING = frozenset({Category.REGION, Category.DEPARTMENT, Category.EPCI})
"""Categories that sign a convention; the others are covered by their EPCI's and sign a charter."""


@dataclass(frozen=True)
class Tier:
    """One line of the scale; bounds in inhabitants, both included, None for no bound."""

    category: Category
    contribution_eur: int
    population_min: int | None = None
    population_max: int | None = None

    def holds(self, category: Category, population: int | None) -> bool:
        """Tell whether a member of that category and population falls in this tier."""
        if category is not self.category:
            return False
        if self.population_min is None and self.population_max is None:
            return True
        return (
            population is not None
            and (self.population_min or 0) <= population
            and (self.population_max is None or population <= self.population_max)
        )


@dataclass(frozen=True)
class Scale:
    """An ordered scale and the act that set it (printed as given)."""

    tiers: tuple[Tier, ...]
    deliberation: str

    def contribution_eur(self, category: Category, population: int | None) -> int:
        """Return the yearly contribution, excluding tax.

        Raises:
            InputRefused: the scale has no tier for that category and population (an EPCI needs its population).
        """
        for tier in self.tiers:
            if tier.holds(category, population):
                return tier.contribution_eur
        raise InputRefused(f"no tier for {category} with population {population}", code="scale.no_tier", category=category)

    def is_on_scale(self, category: Category, contribution_eur: int) -> bool:
        """Tell whether some tier of the category has that amount."""
        return any(tier.category is category and tier.contribution_eur == contribution_eur for tier in self.tiers)
