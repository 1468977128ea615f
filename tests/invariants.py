"""What must hold of an agreement whatever happened to it, read through the ports: on fakes and on real parts alike."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Any

from conventions.agreements import Agreement, Artefact, Fact, FactKind, Stage
from conventions.canonical import sha256_hex
from conventions.folder import INDEX_KIND
from conventions.links import Closure
from conventions.outgoing import Template
from conventions.ports.registry import ArchiveEntry
from conventions.ports.system import Ports
from conventions.steps.activate import FIRST_ORDER, order_key

ONCE_A_VERSION = frozenset(
    {
        FactKind.PREPARED,
        FactKind.CONSENTED,
        FactKind.MEMBER_SIGNED,
        FactKind.COUNTERSIGNED,
        FactKind.ARCHIVED,
        FactKind.ORDERED,
        FactKind.RETURNED,
        FactKind.DECLINED,
        FactKind.CANCELLED,
    }
)
SIGNED_BY = {Stage.MEMBER_SIGNED: FactKind.MEMBER_SIGNED, Stage.SEALED: FactKind.COUNTERSIGNED}
DECISIONS = frozenset({FactKind.CONSENTED, FactKind.MEMBER_SIGNED, FactKind.AUTHORISED, FactKind.COUNTERSIGNED})
ENDS = frozenset({FactKind.RETURNED, FactKind.DECLINED, FactKind.CANCELLED})
BEFORE = {
    FactKind.INVITED: FactKind.PREPARED,
    FactKind.CONSENTED: FactKind.INVITED,
    FactKind.MEMBER_SIGNED: FactKind.CONSENTED,
    FactKind.MEMBER_FILE_KEPT: FactKind.MEMBER_SIGNED,
    FactKind.AUTHORISED: FactKind.MEMBER_SIGNED,
    FactKind.RETURNED: FactKind.MEMBER_SIGNED,
    FactKind.COUNTERSIGNED: FactKind.AUTHORISED,
    FactKind.VALIDATED: FactKind.COUNTERSIGNED,
    FactKind.ARCHIVED: FactKind.VALIDATED,
    FactKind.ORDERED: FactKind.ARCHIVED,
    FactKind.ORDER_SETTLED: FactKind.ORDERED,
    FactKind.NOTIFIED: FactKind.COUNTERSIGNED,
}


def check_agreement(ports: Ports, reference: str) -> None:
    """Check everything below for one agreement; reads the registry, the working store and the archive."""
    with ports.registry.read() as tx:
        agreement = tx.agreement(reference)
        entries = tx.archive_entries(reference)
    check_facts(agreement)
    check_journal(ports, agreement)
    check_artefacts(ports, agreement)
    check_signatures(agreement)
    check_countersignatures(ports, agreement)
    check_folder(ports, agreement, entries)
    check_orders(ports, agreement)
    check_links(ports, agreement)


def check_facts(agreement: Agreement) -> None:
    """Facts that happen once a version did; each stands after the one that it needs, and before those that end it."""
    counts = Counter((fact.version, fact.kind) for fact in agreement.facts)
    for (version, kind), count in counts.items():
        assert count == 1 or kind not in ONCE_A_VERSION, f"{agreement.reference} version {version}: {count} facts {kind}"
    seen: set[tuple[int, FactKind]] = set()
    for fact in agreement.facts:
        needed = _before(agreement).get(fact.kind)
        assert needed is None or (fact.version, needed) in seen, f"{agreement.reference}: {fact.kind} before {needed}"
        assert fact.kind not in DECISIONS or not {(fact.version, end) for end in ENDS} & seen, (
            f"{agreement.reference}: {fact.kind} too late"
        )
        seen.add((fact.version, fact.kind))
    for before, after in pairwise(_facts(agreement, FactKind.AUTHORISED)):
        assert after.version != before.version or after.at > before.instant("expires_at"), f"{agreement.reference}: authorised twice"


def _before(agreement: Agreement) -> Mapping[FactKind, FactKind]:
    """What each fact needs, where one of the parties does not sign."""
    if not agreement.is_signed_by_member:
        return BEFORE | {FactKind.AUTHORISED: FactKind.PREPARED, FactKind.RETURNED: FactKind.PREPARED}
    if not agreement.is_signed_by_syndicate:
        return BEFORE | {FactKind.VALIDATED: FactKind.MEMBER_SIGNED, FactKind.NOTIFIED: FactKind.MEMBER_SIGNED}
    return BEFORE


def check_journal(ports: Ports, agreement: Agreement) -> None:
    """Each fact has its event, and no event tells of a fact that is not there."""
    with ports.registry.read() as tx:
        events = [entry.event for entry in tx.events(agreement.reference, limit=100_000)]
    prefix, kinds = "agreement.", {kind.value for kind in FactKind}
    told = Counter(
        (event.type.removeprefix(prefix), event.data["version"])
        for event in events
        if event.type.startswith(prefix) and event.type.removeprefix(prefix) in kinds
    )
    assert told == Counter((fact.kind.value, fact.version) for fact in agreement.facts)


def check_artefacts(ports: Ports, agreement: Agreement) -> None:
    """One artefact a stage and version, whose bytes have its digest and its size."""
    stages = [(artefact.version, artefact.stage) for artefact in agreement.artefacts]
    assert len(stages) == len(set(stages)), f"{agreement.reference}: two artefacts of one stage"
    for artefact in agreement.artefacts:
        data = ports.working.get(artefact.sha256)
        assert (sha256_hex(data), len(data)) == (artefact.sha256, artefact.size_bytes)


def check_signatures(agreement: Agreement) -> None:
    """A signature's fact names the artefact of its stage and version; what was agreed to is what was prepared."""
    for stage, kind in SIGNED_BY.items():
        files = {(artefact.version, artefact.sha256) for artefact in agreement.artefacts if artefact.stage is stage}
        facts = {(fact.version, fact.text("sha256")) for fact in agreement.facts if fact.kind is kind}
        assert files == facts, f"{agreement.reference}: {kind} does not name the {stage} file"
    for consent in _facts(agreement, FactKind.CONSENTED):
        assert consent.text("sha256") == _artefact(agreement, Stage.PREPARED, consent.version).sha256


def check_countersignatures(ports: Ports, agreement: Agreement) -> None:
    """A countersignature carries out an authorisation that lists that very file, and had not expired."""
    for fact in _facts(agreement, FactKind.COUNTERSIGNED):
        with ports.registry.read() as tx:
            authorisation = tx.authorisation(fact.text("authorisation_id"))
        signed = _artefact(agreement, Stage.MEMBER_SIGNED if agreement.is_signed_by_member else Stage.PREPARED, fact.version)
        assert (agreement.reference, signed.sha256) in {(item.reference, item.member_signed_sha256) for item in authorisation.items}
        assert fact.instant("signed_at") <= authorisation.expires_at
        assert authorisation.sealed is not None
        listed = json.loads(authorisation.sealed.manifest)["items"]
        assert signed.sha256 in {item["member_signed_sha256"] for item in listed}


def check_folder(ports: Ports, agreement: Agreement, entries: list[ArchiveEntry] | Any) -> None:  # noqa: ANN401 any sequence
    """Archived objects are those recorded, one a signed file, each validated once; the indexes form one chain."""
    done = [entry for entry in entries if entry.completed_at is not None]
    folder = {key: ports.archive.read(key) for key in ports.archive.keys(f"agreements/{agreement.reference}/")}
    assert {entry.key for entry in done} <= folder.keys() <= {entry.key for entry in entries}
    for entry in entries:
        assert entry.key not in folder or sha256_hex(folder[entry.key]) == entry.sha256 == entry.key.rsplit("-", 1)[1]
    for stage in Stage:
        kept = [entry.sha256 for entry in entries if entry.kind == stage]
        known = {artefact.sha256 for artefact in agreement.artefacts if artefact.stage is stage}
        assert len(kept) == len(set(kept)), f"{agreement.reference}: {stage} archived twice"
        assert set(kept) <= known, f"{agreement.reference}: an orphan was archived as {stage}"
    for archived in _facts(agreement, FactKind.ARCHIVED):
        assert sha256_hex(folder[archived.text("key")]) == archived.text("sha256")
    for kept_fact in _facts(agreement, FactKind.MEMBER_FILE_KEPT):
        assert kept_fact.text("key") in folder
    judged = [entry for entry in done if entry.kind.startswith("validation-")]
    reports = Counter((entry.kind, json.loads(folder[entry.key])["report"]["sha256"]) for entry in judged)
    assert all(count == 1 for count in reports.values()), f"{agreement.reference}: {dict(reports)}"
    _check_indexes([(entry, json.loads(folder[entry.key])) for entry in done if entry.kind == INDEX_KIND], done)


def _check_indexes(indexes: list[tuple[ArchiveEntry, Mapping[str, Any]]], done: list[ArchiveEntry]) -> None:
    assert [index["number"] for _, index in indexes] == list(range(1, len(indexes) + 1))
    for (before, _), (_, index) in pairwise(indexes):
        assert index["previous_sha256"] == before.sha256
    for entry, index in indexes:
        listed = {item["key"] for item in index["objects"]}
        assert listed <= {other.key for other in done if other.seq < entry.seq and other.kind != INDEX_KIND}


def check_folder_is_listed(ports: Ports, reference: str) -> None:
    """Once nothing is left to be done, the last index lists every object of the folder."""
    with ports.registry.read() as tx:
        entries = tx.archive_entries(reference)
    indexes = [entry for entry in entries if entry.kind == INDEX_KIND]
    listed = {item["key"] for item in json.loads(ports.archive.read(indexes[-1].key))["objects"]} if indexes else set()
    assert listed == {entry.key for entry in entries if entry.kind != INDEX_KIND}
    assert all(entry.completed_at is not None for entry in entries)


def check_orders(ports: Ports, agreement: Agreement) -> None:
    """One order a service, under the key that the prepared file gives, and only once the sealed file is archived."""
    with ports.registry.read() as tx:
        rows = [row for row in tx.outgoing_of(agreement.reference) if row.template is Template.ORDER]
    archived = agreement.fact(FactKind.ARCHIVED)
    assert not rows or archived is not None, f"{agreement.reference}: an order before the archive"
    keys = [row.ids["key"] for row in rows]
    assert len(keys) == len(set(keys)) == len({row.ids["service"] for row in rows})
    if rows:
        prepared = _artefact(agreement, Stage.PREPARED, agreement.version).sha256
        assert all(row.ids["key"] == order_key(prepared, row.ids["service"], FIRST_ORDER) for row in rows)


def _came_at(agreement: Agreement, decision: Fact) -> datetime:
    """Say when a decision came by its link: with the file, where an agent confirmed its certificate later."""
    signed = agreement.fact(FactKind.MEMBER_SIGNED, decision.version)
    if decision.kind is not FactKind.CONSENTED or signed is None or "confirmed" not in signed.data:
        return decision.at
    return next(one.at for one in _facts(agreement, FactKind.UPLOAD_HELD) if one.data["number"] == signed.data["confirmed"])


def check_links(ports: Ports, agreement: Agreement) -> None:
    """At most one signing link is open; one with no try left is locked; a code is used by a consent; each decision came by an open link."""
    with ports.registry.read() as tx:
        links = [link for link in tx.links_of(agreement.reference) if link.purpose == "sign"]
        visits = {visit.id: link for link in links for visit in tx.visits_of(link.id)}
        used = [request.id for link in links for request in tx.code_requests(link.id) if request.used_at is not None]
    for decision in (*_facts(agreement, FactKind.CONSENTED), *_facts(agreement, FactKind.DECLINED)):
        link = visits[decision.text("visit_id")]
        assert link.version == decision.version
        at = _came_at(agreement, decision)
        assert at <= link.expires_at
        assert link.closed_at is None or at <= link.closed_at
    assert sum(link.closed_as is None for link in links) <= 1
    assert all(link.closed_as is Closure.LOCKED for link in links if link.tries_left == 0)
    assert sorted(used) == sorted(filter(None, (fact.text("code_id") for fact in _facts(agreement, FactKind.CONSENTED))))


def _facts(agreement: Agreement, kind: FactKind) -> list[Fact]:
    return [fact for fact in agreement.facts if fact.kind is kind]


def _artefact(agreement: Agreement, stage: Stage, version: int) -> Artefact:
    return next(artefact for artefact in agreement.artefacts if artefact.stage is stage and artefact.version == version)
