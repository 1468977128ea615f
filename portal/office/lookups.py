"""What the office's pages read beside the steps: names to choose from, and where Prefect shows an agreement.

The session was checked before by ``current_account``. Nothing here depends on the number of agreements, but what a campaign
leaves out where there is another of its kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from conventions.agreements import Campaign
from conventions.errors import NotFound
from conventions.programmes import Programme
from conventions.sentences import left_out_sentence
from conventions.services import ServiceDefinition
from conventions.status import Status
from conventions.steps.draft import members_left_out
from portal.context import Context

MOST_LEFT_OUT_SHOWN = 50


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


@dataclass(frozen=True)
class LeftOutLine:
    """A member that a campaign leaves out, and the agreement that it has already."""

    organisation: str
    reference: str
    status: Status


@dataclass(frozen=True)
class LeftOutView:
    """How many members a campaign leaves out, in a sentence, and the first of them."""

    count: int = 0
    sentence: str = ""
    lines: Sequence[LeftOutLine] = ()


def left_out_of(here: Context, campaign_id: str) -> LeftOutView:
    """Say whom a campaign leaves out; nobody where there is no such campaign."""
    try:
        found = members_left_out(here.ports, campaign_id)
    except NotFound:
        return LeftOutView()
    with here.ports.registry.read() as tx:
        lines = [LeftOutLine(tx.member(one.member_id).name, one.reference, one.status) for one in found[:MOST_LEFT_OUT_SHOWN]]
    return LeftOutView(len(found), left_out_sentence(len(found)), lines)


def prefect_address(here: Context, reference: str) -> str:
    """Return the address of the agreement's run in Prefect's pages; of its first page where there is no run; empty without Prefect."""
    if here.settings.prefect_url is None:
        return ""
    with here.ports.registry.read() as tx:
        run_id = tx.shown_state(reference).run_id
    return f"{here.settings.prefect_url}/runs/flow-run/{run_id}" if run_id else here.settings.prefect_url
