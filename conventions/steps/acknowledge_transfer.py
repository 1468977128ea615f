"""Read what the archiving service answers to a transfer, and record it: in the journal, and in each agreement's folder, under lock."""

from __future__ import annotations

from conventions.canonical import Json, sha256_hex
from conventions.errors import NotFound, RuleRefused
from conventions.folder import keep, keep_index
from conventions.ports.system import Ports
from conventions.recording import record_event
from conventions.retention import retain_until
from conventions.seda_reply import Outcome, TransferReply, parse_transfer_reply
from conventions.steps.keep_trail import events_of
from conventions.steps.list_eliminable import TRANSFER_ACCEPTED
from conventions.steps.transfer import TRANSFER_MADE, TRANSFERS

REPLY_KIND = "transfer-reply"
EVENTS = {
    Outcome.RECEIVED: "archive.transfer_received",
    Outcome.ACCEPTED: TRANSFER_ACCEPTED,
    Outcome.REFUSED: "archive.transfer_refused",
}


def acknowledge_transfer(ports: Ports, data: bytes, by: str) -> tuple[TransferReply, tuple[str, ...]]:
    """Record a message of the service; return what it says and the agreements that it is about. The same message again changes nothing.

    Raises:
        InputRefused: it cannot be read.
        NotFound: it is about no transfer of ours (``transfer.unknown``).
        RuleRefused: it is not from the service to which we transferred (``transfer.other_agency``).
        EvidenceBroken, UpstreamUnavailable: try again.
    """
    reply, sha256 = parse_transfer_reply(data), sha256_hex(data)
    with ports.registry.read() as tx:
        events = list(events_of(tx, f"{TRANSFERS}{reply.transfer_id}"))
        made = next((entry.event.data for entry in events if entry.event.type == TRANSFER_MADE), None)
        if made is None:
            raise NotFound(f"no transfer {reply.transfer_id}", code="transfer.unknown")
        listed = made["references"]
        references = tuple(str(reference) for reference in listed) if isinstance(listed, list | tuple) else ()
        ends = {one: retain_until(tx.programme(tx.agreement(one).programme_id), ports.rules.lock_years) for one in references}
    if reply.archival_agency != made["archival_agency"]:
        raise RuleRefused(f"a message of {reply.archival_agency}", code="transfer.other_agency", agency=reply.archival_agency)
    for reference, until in ends.items():
        keep(ports, reference, REPLY_KIND, data, until)
        keep_index(ports, reference, until)
    told: dict[str, Json] = {"message": reply.transfer_id, "reply_sha256": sha256, "code": reply.code, "at": reply.at.isoformat()}
    with ports.registry.write() as tx:
        if any(entry.event.data.get("reply_sha256") == sha256 for entry in events_of(tx, f"{TRANSFERS}{reply.transfer_id}")):
            return reply, references
        now = ports.clock.now()
        record_event(ports, tx, EVENTS[reply.outcome], at=now, reference=f"{TRANSFERS}{reply.transfer_id}", data=told, personal={"by": by})
        for reference in references:
            record_event(ports, tx, EVENTS[reply.outcome], at=now, reference=reference, data=told)
    return reply, references
