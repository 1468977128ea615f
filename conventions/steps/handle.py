"""An agent says that what a person told is handled."""

from __future__ import annotations

from dataclasses import replace

from conventions.errors import InputRefused, NotFound, RuleRefused
from conventions.held_uploads import held_upload
from conventions.ports.system import Ports
from conventions.recording import LONGEST_REASON, record_event
from conventions.status import Status, status_of


def handle(ports: Ports, reference: str, attention_id: str, by: str, remark: str) -> None:
    """Record that the account ``by`` handled it, with its answer or remark; handled already, nothing changes.

    A link on which « Ce n’est pas moi » was said may be signed from again, where it was not replaced meanwhile.

    Raises:
        NotFound: nothing such was told of this agreement, or no such account.
        InputRefused: the remark is too long.
        RuleRefused: ``upload.to_judge``: a file that waits is confirmed or refused.
    """
    words = remark.strip()
    if len(words) > LONGEST_REASON:
        raise InputRefused("remark too long", code="text.too_long", most=LONGEST_REASON)
    now = ports.clock.now()
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        attention = next((one for one in tx.attentions_of(reference) if one.id == attention_id), None)
        if attention is None:
            raise NotFound(f"nothing told of {reference} has the id {attention_id}")
        if not attention.is_waiting:
            return
        held = held_upload(agreement)
        if held is not None and held.data["attention_id"] == attention.id and status_of(agreement, now) is Status.AWAITING_MEMBER:
            raise RuleRefused(f"{reference}: the file is to be confirmed or refused", code="upload.to_judge")
        tx.update_attention(replace(attention, settled_at=now, settled_by=tx.account(by).name, remark=words))
        data = {"attention_id": attention.id, "kind": attention.kind.value}
        personal = {"by": by, **({"text": words} if words else {})}
        record_event(ports, tx, "attention.handled", at=now, reference=reference, data=data, personal=personal)
