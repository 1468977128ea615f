"""Make a new registry from the archive alone, and say what cannot be known of the one that was lost.

What is known, and from where: members, programmes, delegations and campaigns from their own folders; agreements from the last
record of each folder, and what happened after it from the journal's archived segments; the journal from the segments, each
checked against its stamped head. What people told the agents is in the journal too, without its words: that it was told, and whether
it was handled. Ceremonies stay as the sealed manifests in the folders: whose account made them is not kept.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TypeVar

from conventions.agreements import Agreement, Artefact, Campaign, Fact, FactKind, Stage
from conventions.archived_folder import ArchivedObject, last_of, parse_key
from conventions.attentions import Attention, AttentionKind
from conventions.canonical import Json, sha256_hex
from conventions.errors import EvidenceBroken, RuleRefused
from conventions.folder import RECORD_SCHEMA
from conventions.journal.heads import JournalHead, parse_segment, verify_segment
from conventions.journal.merkle import Frontier
from conventions.journal.verification import JournalFinding
from conventions.kinds import Kind
from conventions.members import Member
from conventions.plain import restored
from conventions.ports.registry import ArchiveEntry, Registry
from conventions.ports.system import Ports
from conventions.powers import Delegation
from conventions.programmes import Programme
from conventions.recording import PERSONAL_DATA
from conventions.retention import retention_data
from conventions.steps.keep_actors import ACTOR_SCHEMA, ACTORS_PREFIX, CAMPAIGN, DELEGATION, KINDS, MEMBER, PROGRAMME
from conventions.steps.verify_journal import archived_heads

T = TypeVar("T")

AGREEMENTS_PREFIX = "agreements/"
FACT_EVENT = "agreement."
FACT_EVENTS = frozenset(FACT_EVENT + kind for kind in FactKind)
AT_ONCE, A_TRANSACTION = 8, 200
UNKNOWN = "inconnu : perdu avec le registre"
"""What stands for words that the journal holds as a commitment alone."""
TOLD_BY = {
    "question.asked": AttentionKind.QUESTION,
    "link.identity_refused": AttentionKind.NOT_ME,
    "note.written": AttentionKind.NOTE,
}
"""Events by which something is told to the agents."""
LOST_WITH_ITS_FILE = frozenset({FactKind.AUTHORISED, FactKind.COUNTERSIGNED, FactKind.VALIDATED})
"""Without the file that they speak of, these facts are of no use: the agreement awaits its countersignature again."""


@dataclass(frozen=True)
class RebuildReport:
    """What was made again, and what cannot be known.

    ``unsigned`` are references that the journal tells of and of which nothing is archived; ``to_countersign_again`` those whose
    countersigned file was lost; ``told_without_words`` counts what people told the agents: its words are lost, and what waited waits again;
    ``untold`` those whose archived record or journal cannot be read, with the reason.
    """

    agreements: int
    members: int
    events: int
    heads: tuple[JournalHead, ...]
    objects: int
    personal_fields: int
    told_without_words: int
    unsigned: tuple[str, ...]
    to_countersign_again: tuple[str, ...]
    untold: tuple[tuple[str, str], ...]
    journal: tuple[JournalFinding, ...]


@dataclass(frozen=True)
class _Folder:
    agreement: Agreement
    entries: tuple[ArchiveEntry, ...]
    lost_countersignature: bool


def rebuild(ports: Ports, into: Registry) -> RebuildReport:
    """Fill an empty registry from the archive.

    Raises:
        RuleRefused: the registry is not empty.
        EvidenceBroken: a segment of the journal, or an actor's record, is not what its digest says: nothing is trusted then.
        UpstreamUnavailable.
    """
    with into.read() as tx:
        if tx.programmes() or tx.members() or tx.archived_folders(limit=1):
            raise RuleRefused("the registry is not empty", code="rebuild.not_empty")
    found = list[JournalFinding]()
    heads, _ = archived_heads(ports, found)
    happened, told, counted = _restore_journal(ports, into, heads)
    untold = list[tuple[str, str]]()
    objects = _objects_by_folder(ports, untold)
    actors = _restore_actors(ports, into, objects)
    kept = sorted(folder for folder in objects if folder.startswith(AGREEMENTS_PREFIX))
    made = _restore_agreements(ports, into, {folder: objects[folder] for folder in kept}, happened, actors, untold)
    told_without_words = _restore_attentions(into, told, {folder.agreement.reference for folder in made})
    _restore_other_entries(ports, into, {folder: items for folder, items in objects.items() if folder not in set(kept)})
    known = {folder.removeprefix(AGREEMENTS_PREFIX) for folder in kept}
    _skip_references(into, known | happened.keys())
    return RebuildReport(
        agreements=len(made),
        members=len(actors[MEMBER]),
        events=heads[-1].size if heads else 0,
        heads=tuple(heads),
        objects=sum(len(items) for items in objects.values()),
        personal_fields=counted,
        told_without_words=told_without_words,
        unsigned=tuple(sorted(happened.keys() - known)),
        to_countersign_again=tuple(folder.agreement.reference for folder in made if folder.lost_countersignature),
        untold=tuple(untold),
        journal=tuple(found),
    )


def _restore_journal(
    ports: Ports, into: Registry, heads: Sequence[JournalHead]
) -> tuple[Mapping[str, list[Mapping[str, Json]]], list[Mapping[str, Json]], int]:
    """Enter every event of every head; return the facts of each agreement, what was told to agents, and how many fields are personal."""
    happened: dict[str, list[Mapping[str, Json]]] = defaultdict(list)
    told = list[Mapping[str, Json]]()
    keys = {key.rpartition("-")[2]: key for key in ports.archive.keys("journal/")}
    frontier, committed = Frontier(), 0
    for head in heads:
        segment = ports.archive.read(keys[head.segment_sha256])
        frontier = verify_segment(head, segment, frontier)
        events = parse_segment(segment)
        for part in _parts(events, A_TRANSACTION * 5):
            with into.write() as tx:
                tx.restore_events(part)
        for canonical in events:
            event = json.loads(canonical)
            committed += len(event["personal"])
            if event["reference"] is not None and event["type"] in FACT_EVENTS:
                happened[event["reference"]].append(event)
            elif "attention_id" in event["data"]:
                told.append(event)
        into.sequence_events()
        with into.write() as tx:
            tx.add_head(head)
    return happened, told, committed


def _objects_by_folder(ports: Ports, untold: list[tuple[str, str]]) -> Mapping[str, list[ArchivedObject]]:
    """Group every object by its folder, by number; keys that are none of ours are told."""
    folders: dict[str, list[ArchivedObject]] = defaultdict(list)
    for prefix in (AGREEMENTS_PREFIX, ACTORS_PREFIX, "journal/"):
        for key in ports.archive.keys(prefix):
            try:
                folders[key.rpartition("/")[0]].append(parse_key(key))
            except EvidenceBroken as error:
                untold.append((key, error.code))
    return {folder: sorted(items, key=lambda item: item.seq) for folder, items in folders.items()}


def _restore_actors(ports: Ports, into: Registry, objects: Mapping[str, list[ArchivedObject]]) -> Mapping[str, set[str]]:
    """Enter the last record of each actor; return their ids by kind."""
    records: dict[str, list[Mapping[str, Json]]] = {kind: [] for kind in KINDS}
    folders = sorted(folder for folder in objects if folder.startswith(ACTORS_PREFIX))
    with ThreadPoolExecutor(AT_ONCE, "rebuild") as workers:
        read = list(workers.map(lambda folder: json.loads(_read(ports, objects[folder][-1])), folders))
    for folder, content in zip(folders, read, strict=True):
        if content["schema"] != ACTOR_SCHEMA:
            raise EvidenceBroken(f"{folder} holds another schema", code="evidence.record")
        records[content["kind"]].append(content)
    with into.write() as tx:
        for content in records[PROGRAMME]:
            tx.add_programme(restored(Programme, content["record"]))
        for content in records[DELEGATION]:
            tx.add_delegation(str(content["programme"]), restored(Delegation, content["record"]))
        for content in sorted(records[CAMPAIGN], key=_started_at):
            tx.add_campaign(restored(Campaign, content["record"]))
        for content in records[MEMBER]:
            tx.add_member(restored(Member, content["record"]))
    return {kind: {str(_fields(content)["id"]) for content in several} for kind, several in records.items()}


def _restore_attentions(into: Registry, events: Sequence[Mapping[str, Json]], references: set[str]) -> int:
    """Enter again what was told of the agreements that were made again, handled or not, its words unknown; return how many."""
    found: dict[str, Attention] = {}
    for event in events:
        data, reference, at = event["data"], str(event["reference"]), datetime.fromisoformat(str(event["at"]))
        assert isinstance(data, dict)  # noqa: S101 canonical_event wrote it
        attention_id, kind = str(data["attention_id"]), TOLD_BY.get(str(event["type"]))
        if kind is not None and reference in references:
            kind = AttentionKind(str(data.get("kind", kind.value)))
            link_id = str(data["link_id"]) if "link_id" in data else None
            words = "" if kind is AttentionKind.NOT_ME else UNKNOWN
            found[attention_id] = Attention(attention_id, reference, kind, at, words, link_id=link_id)
        elif attention_id in found:
            found[attention_id] = replace(found[attention_id], settled_at=at)
    with into.write() as tx:
        for attention in found.values():
            tx.add_attention(attention)
    return len(found)


def _fields(content: Mapping[str, Json]) -> Mapping[str, Json]:
    record = content["record"]
    assert isinstance(record, dict)  # noqa: S101 it was restored as a record of ours
    return record


def _started_at(content: Mapping[str, Json]) -> datetime:
    return restored(Campaign, content["record"]).started_at


def _restore_agreements(
    ports: Ports,
    into: Registry,
    folders: Mapping[str, list[ArchivedObject]],
    happened: Mapping[str, list[Mapping[str, Json]]],
    actors: Mapping[str, set[str]],
    untold: list[tuple[str, str]],
) -> list[_Folder]:
    def read(folder: str) -> _Folder | str:
        reference = folder.removeprefix(AGREEMENTS_PREFIX)
        try:
            return _read_folder(ports, into, reference, folders[folder], happened.get(reference, ()), actors)
        except EvidenceBroken as error:
            return error.code

    made = list[_Folder]()
    for part in _parts(folders, A_TRANSACTION):
        with ThreadPoolExecutor(AT_ONCE, "rebuild") as workers:
            results = list(workers.map(read, part))
        untold += [(name.removeprefix(AGREEMENTS_PREFIX), code) for name, code in zip(part, results, strict=True) if isinstance(code, str)]
        read_well = [result for result in results if isinstance(result, _Folder)]
        with into.write() as tx:
            for result in read_well:
                tx.add_agreement(result.agreement)
            tx.add_archive_entries([entry for result in read_well for entry in result.entries])
        made += read_well
    return made


def _restore_other_entries(ports: Ports, into: Registry, folders: Mapping[str, list[ArchivedObject]]) -> None:
    for part in _parts(folders, A_TRANSACTION):
        with ThreadPoolExecutor(AT_ONCE, "rebuild") as workers:
            read = workers.map(lambda folder: _entries(ports, folder, folders[folder]), part)
            entries = [entry for several in read for entry in several]
        with into.write() as tx:
            tx.add_archive_entries(entries)


def _read_folder(
    ports: Ports,
    into: Registry,
    reference: str,
    items: list[ArchivedObject],
    events: Sequence[Mapping[str, Json]],
    actors: Mapping[str, set[str]],
) -> _Folder:
    record = last_of(items, "record")
    if record is None:
        raise EvidenceBroken(f"no record of {reference}", code="rebuild.no_record")
    archived = parse_record(_read(ports, record))
    needed = {PROGRAMME: archived.programme_id, CAMPAIGN: archived.campaign_id, MEMBER: archived.member_id}
    if lacking := [kind for kind, record_id in needed.items() if record_id not in actors[kind]]:
        raise EvidenceBroken(f"{reference}: no {', '.join(lacking)} in the archive", code="rebuild.no_actor")
    entries = _entries(ports, reference, items)
    final = archived.artefact(archived.final_stage)
    later = [fact for fact in map(_fact_of, events) if (fact.version, fact.key) not in {(f.version, f.key) for f in archived.facts}]
    lost = final is None and any(fact.kind is FactKind.COUNTERSIGNED for fact in later)
    if final is None:
        later = [fact for fact in later if fact.kind not in LOST_WITH_ITS_FILE]
    if archived.is_signed_by_member and all(fact.kind is not FactKind.MEMBER_FILE_KEPT for fact in (*archived.facts, *later)):
        later.append(_file_kept(ports, into, archived, entries))
    agreement = Agreement(
        archived.reference,
        archived.kind,
        archived.programme_id,
        archived.member_id,
        archived.campaign_id,
        (*archived.facts, *later),
        archived.artefacts,
    )
    return _Folder(agreement, entries, lost)


def _file_kept(ports: Ports, into: Registry, archived: Agreement, entries: Sequence[ArchiveEntry]) -> Fact:
    """The fact that a crash, or the end of the last head, left out: its file is there, with its lock; the rest is as set today."""
    signed = archived.required_artefact(Stage.MEMBER_SIGNED)
    entry = next(entry for entry in entries if entry.sha256 == signed.sha256)
    with into.read() as tx:
        retention = replace(ports.rules.retention(tx.programme(archived.programme_id)), lock_until=entry.retain_until)
    data: dict[str, Json] = {"key": entry.key, **retention_data(retention)}
    return Fact(FactKind.MEMBER_FILE_KEPT, ports.clock.now(), archived.version, data)


def _fact_of(event: Mapping[str, Json]) -> Fact:
    data, personal = event["data"], event["personal"]
    assert isinstance(data, dict)  # noqa: S101 canonical_event wrote it
    assert isinstance(personal, dict)  # noqa: S101 canonical_event wrote it
    facts = {name: value for name, value in data.items() if name != "version"} | {
        name: UNKNOWN for name in personal if name in PERSONAL_DATA
    }
    kind = FactKind(str(event["type"]).removeprefix(FACT_EVENT))
    return Fact(kind, datetime.fromisoformat(str(event["at"])), int(str(data["version"])), facts)


def parse_record(data: bytes) -> Agreement:
    """Read an agreement back from the record of its folder, as it was when the last of its facts was recorded.

    Raises:
        EvidenceBroken: not such a record.
    """
    try:
        content = json.loads(data)
        if content["schema"] != RECORD_SCHEMA:
            raise EvidenceBroken("a record of another schema", code="evidence.record")
        return Agreement(
            content["reference"],
            Kind(content["kind"]),
            content["programme"],
            content["member"],
            content["campaign"],
            tuple(Fact(FactKind(f["kind"]), datetime.fromisoformat(f["at"]), f["version"], f["data"]) for f in content["facts"]),
            tuple(
                Artefact(a["version"], Stage(a["stage"]), a["sha256"], a["size_bytes"], datetime.fromisoformat(a["at"]))
                for a in content["artefacts"]
            ),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise EvidenceBroken("a record that cannot be read", code="evidence.record") from error


def _entries(ports: Ports, reference: str, items: Sequence[ArchivedObject]) -> tuple[ArchiveEntry, ...]:
    """Make the entries again: size and lock as the store says; when each was completed is not known, this moment stands for it."""
    now, entries = ports.clock.now(), []
    for item in items:
        state = ports.archive.state(item.key)
        entries.append(ArchiveEntry(reference, item.seq, item.kind, item.sha256, state.size_bytes, item.key, state.retain_until, now))
    return tuple(entries)


def _read(ports: Ports, item: ArchivedObject) -> bytes:
    data = ports.archive.read(item.key)
    if sha256_hex(data) != item.sha256:
        raise EvidenceBroken(f"{item.key} holds other bytes", code="archive.other_bytes", key=item.key)
    return data


def _skip_references(into: Registry, references: Iterable[str]) -> None:
    last: dict[int, int] = defaultdict(int)
    for reference in references:
        year, _, number = reference.partition("-")
        if year.isdigit() and number.isdigit():
            last[int(year)] = max(last[int(year)], int(number))
    with into.write() as tx:
        for one, number_used in last.items():
            tx.skip_references(one, number_used)


def _parts(items: Iterable[T], size: int) -> Iterator[list[T]]:
    walked = iter(items)
    while part := list(islice(walked, size)):
        yield part
