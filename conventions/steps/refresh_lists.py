"""Refresh the trusted lists, and tell the agents, once a day at most, which of them are too old to be used or soon will be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from conventions.canonical import Json, render_canonical
from conventions.errors import UpstreamUnavailable
from conventions.french import paris_date
from conventions.outgoing import Template
from conventions.ports.lists import Lists
from conventions.ports.system import Ports
from conventions.qualification import ListsState
from conventions.recording import enqueue, record_event

ALERT_BEFORE = timedelta(days=3)
"""Operators publish long before a list is due again (six months at most, TS 119 612, 5.3.15): three days before, something is wrong."""
LISTS_REFERENCE = "lists"
"""What stands for a reference in the outbox: the mail is of no agreement."""
REPORT_SCHEMA = "contreseing/lists-alert/1"
NONE_AT_ALL = ("LOTL", "la liste des listes n’a pas pu être obtenue, et aucune copie n’en est gardée")


@dataclass(frozen=True)
class ListsRefreshed:
    """How many lists stand in the folder, and what a person must look at: territory and French sentence."""

    count: int
    ageing: Sequence[tuple[str, str]]

    @property
    def is_well(self) -> bool:
        """Tell whether every list is fresh."""
        return not self.ageing


def refresh_lists(ports: Ports, lists: Lists) -> ListsRefreshed:
    """Refresh every list; what is ageing is told by one mail a day. Lists that are late say nothing, they never pass for fresh."""
    now = ports.clock.now()
    try:
        found = assess(lists.refresh(), now)
    except UpstreamUnavailable:
        found = ListsRefreshed(0, (NONE_AT_ALL,))
    _record(ports, found, now)
    return found


def assess(state: ListsState, now: datetime) -> ListsRefreshed:
    """Say how the lists stand at an instant."""
    return ListsRefreshed(sum(one.issued_at is not None for one in state.lists), state.ageing(now, ALERT_BEFORE))


def _record(ports: Ports, found: ListsRefreshed, now: datetime) -> None:
    findings: list[Json] = [{"territory": territory, "what": what} for territory, what in found.ageing]
    report = render_canonical({"schema": REPORT_SCHEMA, "at": now.isoformat(), "findings": findings})
    report_sha256 = ports.working.put(report) if findings else ""
    with ports.registry.write() as tx:
        record_event(ports, tx, "lists.refreshed", at=now, data={"lists": found.count, "ageing": len(findings)})
        if findings:
            key = paris_date(now).isoformat()
            enqueue(ports, tx, Template.LISTS_ALERT, LISTS_REFERENCE, key, {"report_sha256": report_sha256})
