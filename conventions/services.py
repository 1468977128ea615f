"""The services of the bundle, and what each member gets of them."""

from __future__ import annotations

from dataclasses import dataclass

from conventions.scale import Category

GED_SMALL_GB = 50
GED_LARGE_GB = 100
GED_LICENCES = 5
GED_LARGE_FROM_INHABITANTS = 10_000
GED_SMALL_EPCI_CONTRIBUTION_EUR = 3_000
FILES_GB_PER_USER = 5

WAITING_CONDITIONS = {"sae": "two_documents_declared_sent"}
"""Services that an order leaves waiting until somebody declares a condition met."""


@dataclass(frozen=True)
class ServiceDefinition:
    """A service of the catalogue: its code, French name, and how it is parametrised."""

    code: str
    name: str
    parameters: str
    note: str = ""


@dataclass(frozen=True)
class ServiceGrant:
    """A service given to one member, with its quotas as (name, quantity) pairs, e.g. ``("storage_gb", 50)``."""

    code: str
    name: str
    quotas: tuple[tuple[str, int], ...] = ()
    condition: str | None = None


def ged_storage_gb(category: Category, population: int | None, contribution_eur: int) -> int | None:
    """Size of the document space: 50 GB below 10,000 inhabitants, else 100.

    Without a population the tier follows the contribution: an EPCI at 3,000 EUR is below 10,000 inhabitants; any other
    EPCI, a department and the region are above. None where it cannot be known (a commune or a CIAS without population).
    """
    if population is not None:
        return GED_SMALL_GB if population < GED_LARGE_FROM_INHABITANTS else GED_LARGE_GB
    if category is Category.EPCI:
        return GED_SMALL_GB if contribution_eur == GED_SMALL_EPCI_CONTRIBUTION_EUR else GED_LARGE_GB
    if category in {Category.REGION, Category.DEPARTMENT}:
        return GED_LARGE_GB
    return None


def grants_for(
    catalogue: tuple[ServiceDefinition, ...], category: Category, population: int | None, contribution_eur: int
) -> tuple[ServiceGrant, ...]:
    """List what a member of that category gets, in the catalogue's order; a CCAS has no document space of its own."""
    grants = []
    for service in catalogue:
        quotas: tuple[tuple[str, int], ...] = ()
        if service.code == "ged":
            storage = ged_storage_gb(category, population, contribution_eur)
            if category is Category.CCAS or storage is None:
                continue
            quotas = (("spaces", 1), ("licences", GED_LICENCES), ("storage_gb", storage))
        elif service.code == "fichiers":
            quotas = (("storage_gb_per_user", FILES_GB_PER_USER),)
        grants.append(ServiceGrant(service.code, service.name, quotas, WAITING_CONDITIONS.get(service.code)))
    return tuple(grants)
