"""A person lets an agreement out of quarantine, once the cause is known."""

from __future__ import annotations

from conventions.agreements import Fact, FactKind
from conventions.canonical import Json
from conventions.errors import InputRefused, RuleRefused
from conventions.ports.system import Ports
from conventions.recording import record_fact
from conventions.status import Status, status_of
from conventions.steps.hold import MIN_REASON_CHARACTERS


def release(ports: Ports, reference: str, reason: str, by: str) -> None:
    """Record who let it out and why; what had stopped goes on from there, and the same trouble found again puts it aside again.

    Raises:
        InputRefused: the reason is no reason.
        NotFound: no such agreement.
        RuleRefused: it is not in quarantine (``quarantine.none``).
    """
    if len(reason.strip()) < MIN_REASON_CHARACTERS:
        raise InputRefused("a reason is needed", code="archive.reason", least=MIN_REASON_CHARACTERS)
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        if status_of(agreement, ports.clock.now()) is not Status.QUARANTINED:
            raise RuleRefused(f"{reference} is not in quarantine", code="quarantine.none", reference=reference)
        number = 1 + sum(fact.kind is FactKind.RELEASED and fact.version == agreement.version for fact in agreement.facts)
        data: dict[str, Json] = {"number": number, "reason": reason.strip(), "by": by}
        record_fact(ports, tx, agreement, Fact(FactKind.RELEASED, ports.clock.now(), agreement.version, data))
