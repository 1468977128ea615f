"""What the office's pages read beside the steps: names to choose from, and where Prefect shows an agreement.

The session was checked before by ``current_account``; nothing here depends on the number of agreements.
"""

from __future__ import annotations

from collections.abc import Sequence

from conventions.agreements import Campaign
from conventions.programmes import Programme
from conventions.services import ServiceDefinition
from portal.context import Context


def campaigns(here: Context) -> Sequence[Campaign]:
    """List the campaigns."""
    with here.ports.registry.read() as tx:
        return tx.campaigns()


def programmes(here: Context) -> Sequence[Programme]:
    """List the programmes."""
    with here.ports.registry.read() as tx:
        return tx.programmes()


def services(here: Context) -> Sequence[ServiceDefinition]:
    """List the services of every programme, each code once, by name."""
    with here.ports.registry.read() as tx:
        found = {service.code: service for programme in tx.programmes() for service in programme.catalogue}
    return sorted(found.values(), key=lambda service: service.name)


def prefect_address(here: Context, reference: str) -> str:
    """Return the address of the agreement's run in Prefect's pages; of its first page where there is no run; empty without Prefect."""
    if here.settings.prefect_url is None:
        return ""
    with here.ports.registry.read() as tx:
        run_id = tx.shown_state(reference).run_id
    return f"{here.settings.prefect_url}/runs/flow-run/{run_id}" if run_id else here.settings.prefect_url
