"""What a completed agreement changes beyond the services it orders, read from its signed bytes and from nothing else.

- An amendment is recorded on the agreement that it changes.
- A termination notice is answered: its acknowledgement is drafted, for the syndicate's signature.
- An acknowledgement gives its last day to what it ends; an EPCI's, to each charter of its territory.
"""

from __future__ import annotations

from collections.abc import Mapping

from conventions.agreements import Agreement, Fact, FactKind
from conventions.asked import AcknowledgementAsked
from conventions.canonical import Json
from conventions.deadlines import last_moment_of
from conventions.dependence import charters_under
from conventions.kinds import Kind
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.recording import record_fact
from conventions.scale import Category
from conventions.steps.propose import add_proposal

SYSTEM = "contreseing"


def apply_effects(ports: Ports, tx: Transaction, agreement: Agreement, said: Mapping[str, Json]) -> str | None:
    """Record the effects in the caller's transaction; return the campaign whose flow is to be asked for, if any.

    Raises:
        RuleRefused: the programme is over.
    """
    match agreement.kind:
        case Kind.AMENDMENT:
            own, now = _table(said, "amendment"), ports.clock.now()
            parent = tx.agreement(_parent(said), lock=True)
            data: dict[str, Json] = {"document": agreement.reference, "number": own["number"], "effective_on": own["effective_on"]}
            record_fact(ports, tx, parent, Fact(FactKind.AMENDED, now, parent.version, data))
        case Kind.TERMINATION_NOTICE:
            last_day = tx.programme(agreement.programme_id).ends_on
            deadline = last_moment_of(last_day)  # nobody is invited: it waits at the desk
            return add_proposal(ports, tx, AcknowledgementAsked(_parent(said), agreement.reference), deadline, SYSTEM)[1]
        case Kind.ACKNOWLEDGEMENT:
            _terminate(ports, tx, agreement, said)
        case _:
            pass
    return None


def _terminate(ports: Ports, tx: Transaction, agreement: Agreement, said: Mapping[str, Json]) -> None:
    own, now = _table(said, "acknowledgement"), ports.clock.now()
    if own["services"]:  # the rest goes on
        return
    ended = [tx.agreement(_parent(said), lock=True)]
    member = tx.member(ended[0].member_id)
    if member.category is Category.EPCI:
        ended += [tx.agreement(charter.reference, lock=True) for _, charter in charters_under(tx, member, now)]
    for parent in ended:
        if parent.fact(FactKind.TERMINATED) is None:
            data: dict[str, Json] = {"on": own["ends_on"], "document": agreement.reference}
            record_fact(ports, tx, parent, Fact(FactKind.TERMINATED, now, parent.version, data))


def _parent(said: Mapping[str, Json]) -> str:
    return str(_table(said, "parent")["reference"])


def _table(said: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    table = said[name]
    assert isinstance(table, Mapping)  # noqa: S101 the published schema says so, and the bytes are those prepared
    return table
