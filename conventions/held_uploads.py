"""Files signed elsewhere with a certificate that names no organisation: each waits until an agent has said whose it is.

Such a file is complete and valid; what lacks is that its certificate states the SIREN of the member, and a namesake's would look
the same. The member has done its part: while the file waits, the deadline does not pass.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from conventions.agreements import Agreement, Fact, FactKind
from conventions.attentions import Attention, AttentionKind
from conventions.canonical import Json
from conventions.links import Link, Visit
from conventions.outgoing import Template
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.recording import enqueue, record_event, record_fact
from conventions.signatures import CompletedUpload

NUMBER = "number"


class HeldOutcome(StrEnum):
    """What became of a file that waited."""

    CONFIRMED = "confirmed"
    REFUSED = "refused"
    OVERTAKEN = "overtaken"
    """The member signed otherwise meanwhile."""


def held_upload(agreement: Agreement) -> Fact | None:
    """Return the fact of the file that waits for an agent in the current version, or None."""
    held = agreement.fact(FactKind.UPLOAD_HELD)
    return None if held is None or outcome_of(agreement, held) is not None else held


def has_agreed(agreement: Agreement) -> bool:
    """Tell whether the member has done its part: agreed, or sent a signed file that waits."""
    return agreement.fact(FactKind.CONSENTED) is not None or held_upload(agreement) is not None


def outcome_of(agreement: Agreement, held: Fact) -> HeldOutcome | None:
    """Return what became of a held file; None while it waits."""
    settled = (fact for fact in agreement.facts if fact.kind is FactKind.UPLOAD_SETTLED and fact.data[NUMBER] == held.data[NUMBER])
    return next((HeldOutcome(fact.text("outcome")) for fact in settled), None)


def hold_upload(  # what was made of the file, and from where it came
    ports: Ports, tx: Transaction, agreement: Agreement, visit: Visit, link: Link, completed: CompletedUpload, kept: Mapping[str, str]
) -> None:
    """Record in the caller's transaction that a complete file waits, and tell the agents.

    ``kept``: digests in the working store, ``sha256`` of what it was raised to, ``uploaded_sha256`` of what came.
    """
    now, signed, certificate = ports.clock.now(), completed.signed, completed.certificate
    attention = Attention(ports.secrets.random_id(), agreement.reference, AttentionKind.CERTIFICATE, now, by=link.address, link_id=link.id)
    data: dict[str, Json] = {
        NUMBER: 1 + sum(fact.kind is FactKind.UPLOAD_HELD for fact in agreement.facts),
        "link_id": link.id,
        "visit_id": visit.id,
        "attention_id": attention.id,
        **kept,
        "level": signed.level.value,
        "signed_at": signed.signed_at.isoformat(),
        "certificate_sha256": signed.certificate_sha256,
        "signer": certificate.subject,
        "issuer": certificate.issuer,
        "serial": certificate.serial,
    }
    record_fact(ports, tx, agreement, Fact(FactKind.UPLOAD_HELD, now, agreement.version, data))
    tx.add_attention(attention)
    told: dict[str, Json] = {"link_id": link.id, "attention_id": attention.id, "kind": attention.kind.value}
    record_event(ports, tx, "certificate.told", at=now, reference=agreement.reference, data=told)
    enqueue(ports, tx, Template.ATTENTION, agreement.reference, attention.id, {"attention_id": attention.id})


def settle_upload(ports: Ports, tx: Transaction, agreement: Agreement, held: Fact, outcome: HeldOutcome, by: str, reason: str) -> None:
    """Record what became of a held file, and that what was told of it is handled; ``by`` is an account's id, empty for nobody."""
    now = ports.clock.now()
    data: dict[str, Json] = {NUMBER: held.data[NUMBER], "outcome": outcome.value, "by": by, "reason": reason}
    record_fact(ports, tx, agreement, Fact(FactKind.UPLOAD_SETTLED, now, agreement.version, data))
    for attention in tx.attentions_of(agreement.reference):
        if attention.id == held.data["attention_id"] and attention.is_waiting:
            name = tx.account(by).name if by else ""
            tx.update_attention(replace(attention, settled_at=now, settled_by=name, remark=reason))
            handled: dict[str, Json] = {"attention_id": attention.id, "kind": attention.kind.value}
            record_event(
                ports, tx, "attention.handled", at=now, reference=agreement.reference, data=handled, personal={"by": by} if by else {}
            )
