"""Put what the member signed and its record under lock as soon as the member has signed, whatever becomes of it later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from conventions.agreements import Agreement, Fact, FactKind, Stage
from conventions.canonical import Json
from conventions.folder import archive_record, keep_all, keep_index
from conventions.ports.system import Ports
from conventions.recording import record_fact
from conventions.retention import Retention, retention_data
from conventions.steps.keep_actors import keep_actors


def keep_member_file(ports: Ports, reference: str, at_hand: Mapping[str, bytes] = MappingProxyType({})) -> None:
    """Archive the prepared file, the member-signed file and the record of each version signed; nothing happens when it is done.

    ``at_hand`` holds, by digest, what the caller has just read from the working store or put there.

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
        _keep_version(ports, agreement, version, retention, at_hand)


def versions_to_keep(agreement: Agreement) -> tuple[int, ...]:
    """List the versions that the member signed and whose files are not under lock yet; a returned one is evidence too."""
    signed = {fact.version for fact in agreement.facts if fact.kind is FactKind.MEMBER_SIGNED}
    kept = {fact.version for fact in agreement.facts if fact.kind is FactKind.MEMBER_FILE_KEPT}
    return tuple(sorted(signed - kept))


def uploaded(agreement: Agreement, version: int) -> Sequence[tuple[str, str]]:
    """Name the file as the member uploaded it, where it was signed elsewhere: its kind, its digest in the working store."""
    sha256 = agreement.required_fact(FactKind.MEMBER_SIGNED, version).data.get("uploaded_sha256")
    return [("uploaded", str(sha256))] if sha256 is not None else []


def _keep_version(ports: Ports, agreement: Agreement, version: int, retention: Retention, at_hand: Mapping[str, bytes]) -> None:
    reference, until = agreement.reference, retention.lock_until
    prepared = agreement.required_artefact(Stage.PREPARED, version)
    signed = agreement.required_artefact(Stage.MEMBER_SIGNED, version)
    objects: list[tuple[str, bytes | str]] = [(Stage.PREPARED, prepared.sha256), (Stage.MEMBER_SIGNED, signed.sha256)]
    objects += uploaded(agreement, version)
    objects.append(("record", archive_record(agreement, agreement.required_fact(FactKind.MEMBER_SIGNED, version))))
    entry = keep_all(ports, reference, objects, until, at_hand)[1]
    keep_index(ports, reference, until)
    with ports.registry.write() as tx:
        fresh = tx.agreement(reference, lock=True)
        if version in versions_to_keep(fresh):
            data: dict[str, Json] = {"key": entry.key, **retention_data(retention)}
            record_fact(ports, tx, fresh, Fact(FactKind.MEMBER_FILE_KEPT, ports.clock.now(), version, data))
