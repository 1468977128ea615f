"""An agent writes a note on an agreement."""

from __future__ import annotations

from conventions.attentions import Attention, AttentionKind
from conventions.errors import InputRefused
from conventions.ports.system import Ports
from conventions.recording import LONGEST_REASON, record_event


def note(ports: Ports, reference: str, by: str, text: str) -> None:
    """Record the note of the account ``by``; the last one sent again changes nothing.

    Raises:
        NotFound: no such agreement or account.
        InputRefused: empty or too long.
    """
    words = text.strip()
    if not words:
        raise InputRefused("empty note", code="text.empty")
    if len(words) > LONGEST_REASON:
        raise InputRefused("note too long", code="text.too_long", most=LONGEST_REASON)
    now = ports.clock.now()
    with ports.registry.write() as tx:
        tx.agreement(reference, lock=True)
        name = tx.account(by).name
        notes = [one for one in tx.attentions_of(reference) if one.kind is AttentionKind.NOTE]
        if notes and (notes[-1].text, notes[-1].by) == (words, name):
            return
        attention = Attention(ports.secrets.random_id(), reference, AttentionKind.NOTE, now, words, name)
        tx.add_attention(attention)
        data = {"attention_id": attention.id}
        record_event(ports, tx, "note.written", at=now, reference=reference, data=data, personal={"text": words, "by": by})
