"""Deliver what is due: the loop body of ``contreseing worker``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from conventions.errors import ContreseingError
from conventions.outgoing import ALERTS, LEASE, Outgoing, OutgoingState, Template, retry_at
from conventions.ports.system import Ports
from conventions.recording import record_event
from conventions.steps.alert_agents import alert_agents
from conventions.steps.notify import notify
from conventions.steps.settle_order import settle_order

_BY_TEMPLATE: Mapping[Template, Callable[[Ports, Outgoing], object]] = MappingProxyType(
    {Template.ORDER: settle_order, **dict.fromkeys(ALERTS, alert_agents)}
)


def deliver_due(ports: Ports, limit: int = 50) -> int:
    """Lease rows that are due and deliver them one by one; return how many were taken.

    Raises:
        UpstreamUnavailable: the registry does not answer.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        rows = tx.lease_outgoing(now, now + LEASE, limit)
    for row in rows:
        deliver(ports, row)
    return len(rows)


def deliver(ports: Ports, outgoing: Outgoing) -> None:
    """Deliver one leased row; a failure sets its next attempt, or makes it a dead letter that a person sees."""
    try:
        _BY_TEMPLATE.get(outgoing.template, notify)(ports, outgoing)
    except ContreseingError as error:
        _failed(ports, outgoing, error)
        return
    now = ports.clock.now()
    with ports.registry.write() as tx:
        tx.update_outgoing(replace(outgoing, state=OutgoingState.SENT, attempts=outgoing.attempts + 1, leased_until=None, settled_at=now))


def _failed(ports: Ports, outgoing: Outgoing, error: ContreseingError) -> None:
    now, attempts = ports.clock.now(), outgoing.attempts + 1
    again_at = retry_at(attempts, now) if error.retryable else None
    after = replace(outgoing, attempts=attempts, leased_until=None, last_error_code=error.code)
    with ports.registry.write() as tx:
        if again_at is not None:
            tx.update_outgoing(replace(after, due_at=again_at))
            return
        if tx.update_outgoing(replace(after, state=OutgoingState.DEAD, settled_at=now)):
            data = {"template": outgoing.template.value, "outgoing_id": outgoing.id, "code": error.code}
            record_event(ports, tx, "outgoing.dead", at=now, reference=outgoing.reference, data=data)
