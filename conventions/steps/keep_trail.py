"""Put under lock what an agreement leaves behind it once signed: mails, orders with their receipts, record, evidence file.

It may be taken at any time: what happened since enters by a further numbered index. Once nothing waits any more (services on and
copy delivered, or returned, or over), the fact ``trail_kept`` closes it, and ``resume`` asks again only where something happened since.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from conventions.agreements import Agreement, Fact, FactKind
from conventions.canonical import Json, render_canonical
from conventions.errors import Busy, NotFound
from conventions.evidence import EvidenceSources, evidence_data, told_events
from conventions.folder import archive_record, finish_pending, keep_all, keep_index, read_by_digest
from conventions.outgoing import OutgoingState
from conventions.ports.registry import ArchiveEntry, JournalEntry, Transaction
from conventions.ports.system import Ports
from conventions.proved import as_of, is_trail_due, kept_versions, versions_to_tell
from conventions.recording import record_event, record_fact
from conventions.retention import retain_until
from conventions.status import status_of
from conventions.steps.judge_member_file import VALIDATION_KIND, judge_member_file

ORDERS_SCHEMA = "contreseing/orders/1"
RECORD_KIND, ORDERS_KIND, MAIL_KIND, EVIDENCE_KIND, EVIDENCE_DATA_KIND = "record", "orders", "mail", "evidence", "evidence-data"
EVENTS_A_PAGE = 1_000
MAIL_LOST = "archive.mail_lost"
"""A mail's digest is in the journal, and its bytes were lost before they were put under lock."""


def keep_trail(ports: Ports, reference: str) -> None:
    """Archive mails, orders, the record of the facts and the evidence file of each version that was archived or left.

    What is kept already stays as it is. Nothing happens before the first signature is kept: there is no folder yet.

    Raises:
        NotFound: no such agreement.
        EvidenceBroken, UpstreamUnavailable, SigningFailed.
    """
    ports.registry.sequence_events()
    with ports.registry.read() as tx:
        agreement = tx.agreement(reference)
        until = retain_until(tx.programme(agreement.programme_id), ports.rules.lock_years)
        entries = list(events_of(tx, reference))
        kept = {(entry.kind, entry.sha256) for entry in tx.archive_entries(reference)}
    if not kept_versions(agreement):
        return
    finish_pending(ports, reference)
    objects: list[tuple[str, bytes | str]] = [*_mails_left(ports, reference, entries, kept)]
    orders = render_orders(agreement)
    if orders is not None:
        objects.append((ORDERS_KIND, orders))
    for version in versions_to_tell(agreement, status_of(agreement, ports.clock.now())):
        objects += _evidence(ports, agreement, version, entries)
    known = [fact for fact in agreement.facts if fact.kind is not FactKind.TRAIL_KEPT]
    *_, record = keep_all(ports, reference, [*objects, (RECORD_KIND, archive_record(agreement, known[-1]))], until)
    keep_index(ports, reference, until)
    with ports.registry.write() as tx:
        fresh = tx.agreement(reference, lock=True)
        if fresh.facts == agreement.facts and is_trail_due(fresh, status_of(fresh, ports.clock.now())):
            data = {"sha256": record.sha256}
            record_fact(ports, tx, fresh, Fact(FactKind.TRAIL_KEPT, ports.clock.now(), fresh.version, data))


def close_trail(ports: Ports, reference: str) -> None:
    """Archive the trail of an agreement at rest once nothing about it waits to leave; see ``keep_trail``.

    Raises:
        Busy: a mail is on its way: the trail would lack it.
    """
    with ports.registry.read() as tx:
        waiting = [row for row in tx.outgoing_of(reference) if row.state is OutgoingState.WAITING]
    if waiting:
        raise Busy(f"{len(waiting)} mails about {reference} are on their way")
    keep_trail(ports, reference)


def _evidence(ports: Ports, whole: Agreement, version: int, entries: Sequence[JournalEntry]) -> Sequence[tuple[str, bytes]]:
    """Make the evidence file of a version, unless one that tells the same events is there: stamping it again proves nothing more.

    Of a version that another followed, one is enough.
    """
    reference, agreement, told = whole.reference, as_of(whole, version), [entry.index for entry in told_events(entries)]
    with ports.registry.read() as tx:
        kept = [entry for entry in tx.archive_entries(reference) if entry.kind == EVIDENCE_DATA_KIND]
        member, programme = tx.member(agreement.member_id), tx.programme(agreement.programme_id)
        demonstration, heads = tx.campaign(agreement.campaign_id).demonstration, tx.heads()
    made = [evidence for entry in kept if (evidence := _evidence_of(ports, entry)) is not None and evidence["version"] == version]
    if any(version < whole.version or [event["index"] for event in evidence["events"]] == told for evidence in made):
        return ()
    archived = agreement.fact(FactKind.ARCHIVED)
    reports = judge_member_file(ports, agreement) if archived is None else _reports_of(ports, agreement)
    state = ports.archive.state((archived or agreement.required_fact(FactKind.MEMBER_FILE_KEPT)).text("key"))
    found = [json.loads(report)["report"] for _, report in reports]
    data = evidence_data(EvidenceSources(agreement, member, programme, demonstration, entries, found, state, heads))
    sealed = ports.signing.seal_evidence(ports.documents.render_evidence_file(data))
    return (*reports, (EVIDENCE_KIND, sealed.data), (EVIDENCE_DATA_KIND, render_canonical(data)))


def _reports_of(ports: Ports, agreement: Agreement) -> Sequence[tuple[str, bytes]]:
    """Read the reports of the completed file, as its validations name them."""
    validated = [fact for fact in agreement.facts if fact.kind is FactKind.VALIDATED and fact.version == agreement.version]
    named = [(f"{VALIDATION_KIND}{fact.text('reader')}", fact.text("report_sha256")) for fact in validated]
    return [(kind, read_by_digest(ports, agreement.reference, sha256)) for kind, sha256 in named]


def _evidence_of(ports: Ports, entry: ArchiveEntry) -> dict[str, Any] | None:
    """Read the data of an evidence file; None where its bytes were lost before they were under lock."""
    try:
        found: dict[str, Any] = json.loads(read_by_digest(ports, entry.reference, entry.sha256))
    except NotFound:
        return None
    return found


def events_of(tx: Transaction, reference: str) -> Iterator[JournalEntry]:
    """Read all events of an agreement, in the order in which they were recorded."""
    read = 0
    while page := tx.events(reference, after=read, limit=EVENTS_A_PAGE):
        yield from page
        read += len(page)


def render_orders(agreement: Agreement) -> bytes | None:
    """Serialise the orders of the current version with what each service answered (canonical JSON); None without any."""
    ordered = agreement.fact(FactKind.ORDERED)
    if ordered is None:
        return None
    settled = {
        fact.text("service"): {"at": fact.at.isoformat(), **fact.data}
        for fact in agreement.facts
        if fact.kind is FactKind.ORDER_SETTLED and fact.version == agreement.version
    }
    services = ordered.data["services"]
    assert isinstance(services, list | tuple)  # noqa: S101 written by ``activate`` alone
    orders: list[Json] = [
        {"order": dict(item), "settled": settled.get(str(item["code"]))} for item in services if isinstance(item, Mapping)
    ]
    return render_canonical(
        {
            "schema": ORDERS_SCHEMA,
            "reference": agreement.reference,
            "ordered_at": ordered.at.isoformat(),
            "order_version": ordered.data["order_version"],
            "orders": orders,
        }
    )


def _mails_left(
    ports: Ports, reference: str, entries: Sequence[JournalEntry], kept: set[tuple[str, str]]
) -> Iterator[tuple[str, bytes | str]]:
    """Read the mails that are not under lock yet; one that was lost with the working store is journalled as such, once."""
    told = {str(entry.event.data["sha256"]) for entry in entries if entry.event.type == MAIL_LOST}
    for kind, sha256 in _mails(entries):
        if (kind, sha256) in kept:
            continue
        try:
            yield kind, read_by_digest(ports, reference, sha256)
        except NotFound:
            if sha256 in told:
                continue
            told.add(sha256)
            with ports.registry.write() as tx:
                record_event(ports, tx, MAIL_LOST, at=ports.clock.now(), reference=reference, data={"kind": kind, "sha256": sha256})


def _mails(entries: Sequence[JournalEntry]) -> Iterator[tuple[str, str]]:
    """Name the kept mails: (kind, digest); those sent before mails were kept have none."""
    for entry in entries:
        data = entry.event.data
        if entry.event.type == "mail.sent" and "sha256" in data:
            yield f"{MAIL_KIND}-{str(data['template']).replace('_', '-')}", str(data["sha256"])
