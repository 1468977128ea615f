"""Put the member-signed file and its record under lock as soon as the member has signed."""

from __future__ import annotations

from conventions.agreements import Fact, FactKind, Stage
from conventions.folder import archive_record, keep, keep_index, retain_until
from conventions.ports.system import Ports
from conventions.recording import record_fact


def keep_member_file(ports: Ports, reference: str) -> None:
    """Archive the prepared file, the member-signed file and the record; nothing happens when it is done.

    Raises:
        NotFound: the member has not signed.
        EvidenceBroken, UpstreamUnavailable.
    """
    with ports.registry.read() as tx:
        agreement = tx.agreement(reference)
        until = retain_until(tx.programme(agreement.programme_id), ports.rules.lock_years)
    if agreement.fact(FactKind.MEMBER_FILE_KEPT) is not None:
        return
    signed = agreement.required_artefact(Stage.MEMBER_SIGNED)
    keep(ports, reference, Stage.PREPARED, ports.working.get(agreement.required_artefact(Stage.PREPARED).sha256), until)
    entry = keep(ports, reference, Stage.MEMBER_SIGNED, ports.working.get(signed.sha256), until)
    recorded_at = agreement.required_fact(FactKind.MEMBER_SIGNED).at
    keep(ports, reference, "record", archive_record(agreement, recorded_at), until)
    keep_index(ports, reference, until)
    with ports.registry.write() as tx:
        fresh = tx.agreement(reference, lock=True)
        if fresh.fact(FactKind.MEMBER_FILE_KEPT, agreement.version) is None:
            record_fact(ports, tx, fresh, Fact(FactKind.MEMBER_FILE_KEPT, ports.clock.now(), agreement.version, {"key": entry.key}))
