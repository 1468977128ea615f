"""Journal again, in a registry made from the archive, the facts that the journal that came back does not tell.

They are known from the records under lock: what happened after the last head, or in a part of the journal that was lost. Each event
has the fact's own time and says when it was entered again; without it, nothing would prove that agreement any more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from conventions.agreements import Agreement, Fact
from conventions.canonical import Json
from conventions.ports.registry import Registry
from conventions.ports.system import Ports
from conventions.recording import PERSONAL_DATA, record_event
from conventions.steps.keep_trail import events_of

ENTERED_AGAIN = "entered_again_at"
BEFORE_A_HEAD = timedelta(hours=1)
"""A fact a little older than the last head may have been recorded after it was made."""


def tell_again(ports: Ports, into: Registry, agreements: Sequence[Agreement], known_until: datetime | None) -> int:
    """Record the event of each fact that has none, and return how many; ``known_until`` is when the last head entered was made."""
    now, count = ports.clock.now(), 0
    for agreement in agreements:
        recent = [fact for fact in agreement.facts if known_until is None or fact.at > known_until - BEFORE_A_HEAD]
        if not recent:
            continue
        with into.read() as tx:
            told = {(entry.event.type, entry.event.at) for entry in events_of(tx, agreement.reference)}
        untold = [fact for fact in recent if (f"agreement.{fact.kind}", fact.at) not in told]
        with into.write() as tx:
            for fact in untold:
                personal = {name: str(fact.data[name]) for name in PERSONAL_DATA if name in fact.data}
                data = {"version": fact.version, **_plain(fact), ENTERED_AGAIN: now.isoformat()}
                record_event(ports, tx, f"agreement.{fact.kind}", at=fact.at, reference=agreement.reference, data=data, personal=personal)
        count += len(untold)
    return count


def _plain(fact: Fact) -> Mapping[str, Json]:
    return {name: value for name, value in fact.data.items() if name not in PERSONAL_DATA}
