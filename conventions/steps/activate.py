"""Order the services on, from what the signed and archived bytes say and from nothing else."""

from __future__ import annotations

from collections.abc import Mapping

from conventions.agreements import Agreement, Fact, FactKind
from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.errors import ContreseingError, EvidenceBroken
from conventions.outgoing import Template
from conventions.ports.system import Ports
from conventions.preparation import Preparation, preparation_of
from conventions.recording import enqueue, enqueue_about_version, quarantine, record_fact
from conventions.signatures import READERS_REQUIRED

FIRST_ORDER = 1


def order_key(prepared_sha256: str, service: str, order_version: int) -> str:
    """Compute an order's identity: once for ever, whatever is signed or stamped again."""
    return sha256_hex(f"{prepared_sha256}\n{service}\n{order_version}".encode())


def activate(ports: Ports, reference: str) -> None:
    """Read the services out of the archived file and put one order for each in the outbox; nothing happens when done.

    Raises:
        NotFound: the agreement is not archived.
        EvidenceBroken: the archived bytes, their data or their validation are not what was recorded; in quarantine.
        UpstreamUnavailable: try again.
    """
    with ports.registry.read() as tx:
        agreement = tx.agreement(reference)
    archived = agreement.required_fact(FactKind.ARCHIVED)
    if agreement.fact(FactKind.ORDERED) is not None:
        return
    preparation = preparation_of(agreement)
    try:
        data = ports.archive.read(archived.text("key"))
        services = _services(ports, agreement, preparation, data)
    except ContreseingError as error:
        if isinstance(error, EvidenceBroken):
            quarantine(ports, reference, error.code)
        raise
    with ports.registry.write() as tx:
        fresh = tx.agreement(reference, lock=True)
        if fresh.fact(FactKind.ORDERED) is not None:
            return
        facts: Mapping[str, Json] = {"services": services, "order_version": FIRST_ORDER}
        record_fact(ports, tx, fresh, Fact(FactKind.ORDERED, ports.clock.now(), agreement.version, facts))
        for service in services:
            code = str(service["code"])
            key = order_key(preparation.sha256, code, FIRST_ORDER)
            enqueue(ports, tx, Template.ORDER, reference, key, {"service": code, "key": key, "order_version": str(FIRST_ORDER)})
        enqueue_about_version(ports, tx, Template.COSIGNED_COPY, fresh)


def _services(ports: Ports, agreement: Agreement, preparation: Preparation, data: bytes) -> list[Mapping[str, Json]]:
    reference, sha256 = agreement.reference, sha256_hex(data)
    if sha256 != agreement.required_fact(FactKind.ARCHIVED).data["sha256"]:
        raise EvidenceBroken(f"{reference}: the archived file is not the one recorded", code="evidence.archived_differs")
    readers = {f.data["reader"] for f in agreement.facts if f.kind is FactKind.VALIDATED and f.data["sha256"] == sha256}
    if len(readers) < READERS_REQUIRED:
        raise EvidenceBroken(f"{reference}: not every reader's validation of the archived file is recorded", code="evidence.not_validated")
    said = ports.documents.read_agreement_data(data)
    if sha256_hex(render_canonical(said)) != preparation.data_sha256:
        raise EvidenceBroken(f"{reference}: the embedded data are not those prepared", code="evidence.data_differs")
    services = said["services"]
    if said["reference"] != reference or not isinstance(services, list | tuple):
        raise EvidenceBroken(f"{reference}: the embedded data are another agreement's", code="evidence.data_differs")
    return [service for service in services if isinstance(service, Mapping)]
