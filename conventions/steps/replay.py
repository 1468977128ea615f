"""Replay a dead letter."""

from __future__ import annotations

from dataclasses import replace

from conventions.errors import RuleRefused
from conventions.outgoing import OutgoingState
from conventions.ports.system import Ports
from conventions.recording import record_event


def replay(ports: Ports, outgoing_id: str, by: str) -> None:
    """Put a dead letter back in the outbox, due now.

    Raises:
        NotFound: no such row.
        RuleRefused: the row is not a dead letter.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        row = tx.outgoing(outgoing_id)
        if row.state is not OutgoingState.DEAD:
            raise RuleRefused(f"{outgoing_id} is not a dead letter", code="outgoing.not_dead")
        tx.update_outgoing(replace(row, state=OutgoingState.WAITING, attempts=0, due_at=now, settled_at=None))
        data = {"outgoing_id": outgoing_id, "template": row.template.value}
        record_event(ports, tx, "outgoing.replayed", at=now, reference=row.reference, data=data, personal={"by": by})
