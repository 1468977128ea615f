"""How a step records: the fact, its journal event, and what leaves, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from conventions.agreements import Agreement, Fact, FactKind, Failure
from conventions.canonical import Json
from conventions.errors import ContreseingError, InputRefused
from conventions.events import Event
from conventions.outgoing import Outgoing, Template
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports


def record_event(
    ports: Ports,
    tx: Transaction,
    type_: str,
    *,
    at: datetime,
    reference: str | None = None,
    data: Mapping[str, Json] | None = None,
    personal: Mapping[str, str] | None = None,
) -> None:
    """Append a journal event; personal data go to ``personal`` and nowhere else."""
    tx.add_event(Event(ports.secrets.random_id(), type_, at, reference, data or {}, personal or {}))


def record_fact(
    ports: Ports,
    tx: Transaction,
    agreement: Agreement,
    fact: Fact,
    personal: Mapping[str, str] | None = None,
) -> None:
    """Add a fact and its event ``agreement.<kind>``, and clear the failure flag.

    Raises:
        AlreadyRecorded: the fact stands.
    """
    tx.add_fact(agreement.reference, fact)
    if agreement.failure is not None:
        tx.set_failure(agreement.reference, None)
    record_event(
        ports,
        tx,
        f"agreement.{fact.kind}",
        at=fact.at,
        reference=agreement.reference,
        data={"version": fact.version, **{name: value for name, value in fact.data.items() if name not in PERSONAL_DATA}},
        personal={**{name: str(fact.data[name]) for name in PERSONAL_DATA if name in fact.data}, **(personal or {})},
    )


PERSONAL_DATA = frozenset({"signer", "countersigner", "reason", "by"})
"""Names of fact data that may hold a person's name or words: committed in the journal, not written there."""


LONGEST_REASON = 2_000


def checked_reason(reason: str, *, is_required: bool) -> str:
    """Return a reason as it is kept: no space around it.

    Raises:
        InputRefused: there is none though one is needed (``text.empty``), or it is too long (``text.too_long``).
    """
    words = reason.strip()
    if is_required and not words:
        raise InputRefused("a reason is needed", code="text.empty")
    if len(words) > LONGEST_REASON:
        raise InputRefused("reason too long", code="text.too_long", most=LONGEST_REASON)
    return words


def enqueue_about_version(ports: Ports, tx: Transaction, template: Template, agreement: Agreement) -> None:
    """Put in the outbox the mail that tells of what happened to the current version, whatever version stands when it leaves."""
    version = str(agreement.version)
    enqueue(ports, tx, template, agreement.reference, version, {"version": version})


def enqueue(
    ports: Ports,
    tx: Transaction,
    template: Template,
    reference: str,
    key: str,
    ids: Mapping[str, str] | None = None,
) -> None:
    """Put a row in the outbox under a unique key; a second one with that key changes nothing."""
    tx.enqueue(
        Outgoing(
            id=ports.secrets.random_id(),
            key=f"{template}:{reference}:{key}",
            template=template,
            reference=reference,
            due_at=ports.clock.now(),
            ids=ids or {},
        )
    )


def record_failure(ports: Ports, reference: str, step: str, error: ContreseingError) -> None:
    """Raise the flag beside the status: which step failed, by which code, how often in a row."""
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        before = agreement.failure
        attempts = before.attempts + 1 if before is not None and before.step == step else 1
        tx.set_failure(reference, Failure(step, error.code, ports.clock.now(), attempts))


def quarantine(ports: Ports, reference: str, reason: str, data: Mapping[str, Json] | None = None) -> None:
    """Put an agreement aside until a person decides: nothing moves it any more. ``data`` says more than the reason's code.

    It is recorded once for a reason, and again when the same is found after a person let it out.
    """
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        standing, number = set[str](), 1
        for known in (fact for fact in agreement.facts if fact.version == agreement.version):
            if known.kind is FactKind.RELEASED:
                standing.clear()
            elif known.kind is FactKind.QUARANTINED:
                standing.add(known.text("reason"))
                number += 1
        if reason not in standing:
            facts: dict[str, Json] = {**(data or {}), "number": number, "reason": reason}
            record_fact(ports, tx, agreement, Fact(FactKind.QUARANTINED, ports.clock.now(), agreement.version, facts))
