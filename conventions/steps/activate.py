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
from conventions.steps.apply_effects import apply_effects

FIRST_ORDER = 1


def order_key(prepared_sha256: str, service: str, order_version: int) -> str:
    """Compute an order's identity: once for ever, whatever is signed or stamped again."""
    return sha256_hex(f"{prepared_sha256}\n{service}\n{order_version}".encode())


def activate(ports: Ports, reference: str) -> None:
    """Read the services out of the archived file, put one order for each in the outbox, and let the file change what it is about.

    Nothing happens when it is done.

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
        said = _said(ports, agreement, preparation, data)
    except ContreseingError as error:
        if isinstance(error, EvidenceBroken):
            quarantine(ports, reference, error.code)
        raise
    with ports.registry.write() as tx:
        fresh = tx.agreement(reference, lock=True)
        if fresh.fact(FactKind.ORDERED) is not None:
            return
        services = _services(said)
        facts: Mapping[str, Json] = {"services": services, "order_version": FIRST_ORDER}
        record_fact(ports, tx, fresh, Fact(FactKind.ORDERED, ports.clock.now(), agreement.version, facts))
        for service in services:
            code = str(service["code"])
            key = order_key(preparation.sha256, code, FIRST_ORDER)
            enqueue(ports, tx, Template.ORDER, reference, key, {"service": code, "key": key, "order_version": str(FIRST_ORDER)})
        enqueue_about_version(ports, tx, Template.COSIGNED_COPY, fresh)
        woken = apply_effects(ports, tx, fresh, said)
    if woken is not None:
        ports.waker.wake("campaign", f"campaign:{woken}", {"campaign_id": woken})


def _said(ports: Ports, agreement: Agreement, preparation: Preparation, data: bytes) -> Mapping[str, Json]:
    reference, sha256 = agreement.reference, sha256_hex(data)
    if sha256 != agreement.required_fact(FactKind.ARCHIVED).data["sha256"]:
        raise EvidenceBroken(f"{reference}: the archived file is not the one recorded", code="evidence.archived_differs")
    readers = {f.data["reader"] for f in agreement.facts if f.kind is FactKind.VALIDATED and f.data["sha256"] == sha256}
    if len(readers) < READERS_REQUIRED:
        raise EvidenceBroken(f"{reference}: not every reader's validation of the archived file is recorded", code="evidence.not_validated")
    said = ports.documents.read_agreement_data(data)
    if sha256_hex(render_canonical(said)) != preparation.data_sha256:
        raise EvidenceBroken(f"{reference}: the embedded data are not those prepared", code="evidence.data_differs")
    if said["reference"] != reference or not isinstance(said["services"], list | tuple):
        raise EvidenceBroken(f"{reference}: the embedded data are another agreement's", code="evidence.data_differs")
    return said


def _services(said: Mapping[str, Json]) -> list[Mapping[str, Json]]:
    services = said["services"]
    return [service for service in services if isinstance(service, Mapping)] if isinstance(services, list | tuple) else []
