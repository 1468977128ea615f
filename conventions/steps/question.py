"""The signer asks a question, or tells of an error or a problem."""

from __future__ import annotations

from conventions.agreements import FactKind
from conventions.attentions import Attention, AttentionKind
from conventions.errors import InputRefused
from conventions.links import Purpose
from conventions.outgoing import Template
from conventions.ports.system import Ports
from conventions.recording import checked_reason, enqueue, record_event
from conventions.steps.open_link import visit_of

MOST_WAITING = 10


def ask(ports: Ports, cookie: str, text: str) -> None:
    """Record the question, and tell the agents by mail; once signed, it is a problem reported. Sent twice, it is one while it waits.

    Raises:
        LinkRefused: the visit is over.
        InputRefused: empty, too long, or ten wait already (``question.too_many``): each one is a mail to the agents.
    """
    words, now = checked_reason(text, is_required=True), ports.clock.now()
    with ports.registry.write() as tx:
        visit, link, agreement = visit_of(tx, cookie, Purpose.SIGN, now)
        tx.agreement(agreement.reference, lock=True)
        waiting = [one for one in tx.attentions_of(agreement.reference) if one.is_waiting and one.link_id == link.id]
        if any(one.text == words for one in waiting):
            return
        if len(waiting) >= MOST_WAITING:
            raise InputRefused(f"{len(waiting)} questions wait already", code="question.too_many")
        kind = AttentionKind.QUESTION if agreement.fact(FactKind.MEMBER_SIGNED) is None else AttentionKind.PROBLEM
        attention = Attention(ports.secrets.random_id(), agreement.reference, kind, now, words, link.address, link.id)
        tx.add_attention(attention)
        data = {"link_id": link.id, "visit_id": visit.id, "attention_id": attention.id, "kind": kind.value}
        record_event(ports, tx, "question.asked", at=now, reference=agreement.reference, data=data, personal={"text": words})
        enqueue(ports, tx, Template.ATTENTION, agreement.reference, attention.id, {"attention_id": attention.id})
