"""Put what the member signed and its record under lock as soon as the member has signed, whatever becomes of it later."""

from __future__ import annotations

from datetime import datetime

from conventions.agreements import Agreement, Fact, FactKind, Stage
from conventions.canonical import Json
from conventions.folder import archive_record, keep, keep_index
from conventions.ports.system import Ports
from conventions.recording import record_fact
from conventions.retention import Retention, retention_data
from conventions.steps.keep_actors import keep_actors


def keep_member_file(ports: Ports, reference: str) -> None:
    """Archive the prepared file, the member-signed file and the record of each version signed; nothing happens when it is done.

    Raises:
        NotFound: the member has not signed.
        EvidenceBroken, UpstreamUnavailable.
    """
    with ports.registry.read() as tx:
        agreement = tx.agreement(reference)
        retention = ports.rules.retention(tx.programme(agreement.programme_id))
    left = versions_to_keep(agreement)
    if not left and agreement.fact(FactKind.MEMBER_FILE_KEPT) is None:
        agreement.required_artefact(Stage.MEMBER_SIGNED)
    if left:
        keep_actors(ports, reference)
    for version in left:
        _keep_version(ports, agreement, version, retention)


def versions_to_keep(agreement: Agreement) -> tuple[int, ...]:
    """List the versions that the member signed and whose files are not under lock yet; a returned one is evidence too."""
    signed = {fact.version for fact in agreement.facts if fact.kind is FactKind.MEMBER_SIGNED}
    kept = {fact.version for fact in agreement.facts if fact.kind is FactKind.MEMBER_FILE_KEPT}
    return tuple(sorted(signed - kept))


def keep_uploaded(ports: Ports, agreement: Agreement, version: int, until: datetime) -> None:
    """Put under lock the file as the member uploaded it, where it was signed elsewhere.

    Raises:
        EvidenceBroken, UpstreamUnavailable.
    """
    uploaded = agreement.required_fact(FactKind.MEMBER_SIGNED, version).data.get("uploaded_sha256")
    if uploaded is not None:
        keep(ports, agreement.reference, "uploaded", ports.working.get(str(uploaded)), until)


def _keep_version(ports: Ports, agreement: Agreement, version: int, retention: Retention) -> None:
    reference, until = agreement.reference, retention.lock_until
    prepared = agreement.required_artefact(Stage.PREPARED, version)
    signed = agreement.required_artefact(Stage.MEMBER_SIGNED, version)
    keep(ports, reference, Stage.PREPARED, ports.working.get(prepared.sha256), until)
    entry = keep(ports, reference, Stage.MEMBER_SIGNED, ports.working.get(signed.sha256), until)
    keep_uploaded(ports, agreement, version, until)
    keep(ports, reference, "record", archive_record(agreement, agreement.required_fact(FactKind.MEMBER_SIGNED, version)), until)
    keep_index(ports, reference, until)
    with ports.registry.write() as tx:
        fresh = tx.agreement(reference, lock=True)
        if version in versions_to_keep(fresh):
            data: dict[str, Json] = {"key": entry.key, **retention_data(retention)}
            record_fact(ports, tx, fresh, Fact(FactKind.MEMBER_FILE_KEPT, ports.clock.now(), version, data))
