"""Make a new registry from the archive alone, and say what cannot be known of the one that was lost.

What is known, and from where: members, programmes, delegations and campaigns from their own folders; agreements from the last
record of each folder, and what happened after it from the journal's archived segments; the journal from the segments, each
checked against its stamped head. What people told the agents is in the journal too, without its words: that it was told, and whether
it was handled. Ceremonies stay as the sealed manifests in the folders: whose account made them is not kept.

Damage is told and stops nothing but what it touches: one agreement, one actor, the journal from a break on.
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

from conventions.agreements import Agreement, Artefact, Fact, FactKind, Stage
from conventions.archived_folder import ArchivedObject, last_of, parse_key
from conventions.attentions import Attention, AttentionKind
from conventions.canonical import Json
from conventions.entering import enter_all
from conventions.errors import EvidenceBroken, NotFound, RuleRefused
from conventions.folder import RECORD_SCHEMA, read_object
from conventions.journal.heads import JournalHead
from conventions.journal.verification import JournalFinding
from conventions.kinds import Kind
from conventions.ports.registry import ArchiveEntry, Registry, Transaction
from conventions.ports.system import Ports
from conventions.recording import PERSONAL_DATA
from conventions.retention import retention_data
from conventions.steps.keep_actors import ACTORS_PREFIX, CAMPAIGN, MEMBER, PROGRAMME
from conventions.steps.restore_actors import restore_actors
from conventions.steps.restore_journal import FACT_EVENT, JournalBreak, restore_journal
from conventions.steps.tell_again import ENTERED_AGAIN, tell_again
from conventions.strangers import strangers_of

T = TypeVar("T")

AGREEMENTS_PREFIX = "agreements/"
AT_ONCE, A_TRANSACTION = 8, 200
UNKNOWN = "inconnu : perdu avec le registre"
"""What stands for words that the journal holds as a commitment alone."""
TOLD_BY = {
    "question.asked": AttentionKind.QUESTION,
    "link.identity_refused": AttentionKind.NOT_ME,
    "certificate.told": AttentionKind.CERTIFICATE,
    "note.written": AttentionKind.NOTE,
}
"""Events by which something is told to the agents."""
WITHOUT_WORDS = frozenset({AttentionKind.NOT_ME, AttentionKind.CERTIFICATE})
LOST_WITH_ITS_FILE = frozenset({FactKind.AUTHORISED, FactKind.COUNTERSIGNED, FactKind.VALIDATED})
"""Without the file that they speak of, these facts are of no use: the agreement awaits its countersignature again."""


@dataclass(frozen=True)
class RebuildReport:
    """What was made again, and what cannot be known.

    ``unsigned`` are references that the journal tells of and of which nothing is archived; ``to_countersign_again`` those whose
    countersigned file was lost; ``told_without_words`` counts what people told the agents: its words are lost, and what waited waits again;
    ``untold`` the agreements, folders and objects that cannot be read or entered, with the reason.
    ``events`` and ``heads`` are those entered again; ``broken`` says where the journal stops before its last head, if it does.
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
    broken: JournalBreak | None

    @property
    def is_complete(self) -> bool:
        """Tell whether everything that the archive should hold came back."""
        return not (self.untold or self.journal or self.broken)


@dataclass(frozen=True)
class _Folder:
    agreement: Agreement
    entries: tuple[ArchiveEntry, ...]
    lost_countersignature: bool
    strangers: tuple[str, ...] = ()


def rebuild(ports: Ports, into: Registry) -> RebuildReport:
    """Fill an empty registry from the archive.

    Raises:
        RuleRefused: the registry is not empty.
        UpstreamUnavailable: begin again with an empty one.
    """
    with into.read() as tx:
        if tx.programmes() or tx.members() or tx.archived_folders(limit=1):
            raise RuleRefused("the registry is not empty", code="rebuild.not_empty")
    found = list[JournalFinding]()
    journal = restore_journal(ports, into, found)
    untold = list[tuple[str, str]]()
    objects = _objects_by_folder(ports, untold)
    actors = restore_actors(ports, into, {name: items for name, items in objects.items() if name.startswith(ACTORS_PREFIX)}, untold)
    kept = sorted(folder for folder in objects if folder.startswith(AGREEMENTS_PREFIX))
    made = _restore_agreements(ports, into, {folder: objects[folder] for folder in kept}, journal.happened, actors, untold)
    told_without_words = _restore_attentions(into, journal.told, {folder.agreement.reference for folder in made})
    tell_again(ports, into, [folder.agreement for folder in made], journal.heads[-1].at if journal.heads else None)
    _restore_other_entries(ports, into, {folder: items for folder, items in objects.items() if folder not in set(kept)}, untold)
    known = {folder.removeprefix(AGREEMENTS_PREFIX) for folder in kept}
    _skip_references(into, known | journal.happened.keys())
    return RebuildReport(
        agreements=len(made),
        members=len(actors[MEMBER]),
        events=journal.heads[-1].size if journal.heads else 0,
        heads=journal.heads,
        objects=sum(len(items) for items in objects.values()),
        personal_fields=journal.commitments,
        told_without_words=told_without_words,
        unsigned=tuple(sorted(journal.happened.keys() - known)),
        to_countersign_again=tuple(folder.agreement.reference for folder in made if folder.lost_countersignature),
        untold=tuple(untold),
        journal=tuple(found),
        broken=journal.broken,
    )


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
            words = "" if kind in WITHOUT_WORDS else UNKNOWN
            found[attention_id] = Attention(attention_id, reference, kind, at, words, link_id=link_id)
        elif attention_id in found:
            found[attention_id] = replace(found[attention_id], settled_at=at)
    with into.write() as tx:
        for attention in found.values():
            tx.add_attention(attention)
    return len(found)


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
        except (EvidenceBroken, NotFound) as error:
            return error.code

    made = list[_Folder]()
    for part in _parts(folders, A_TRANSACTION):
        with ThreadPoolExecutor(AT_ONCE, "rebuild") as workers:
            results = list(workers.map(read, part))
        untold += [(name.removeprefix(AGREEMENTS_PREFIX), code) for name, code in zip(part, results, strict=True) if isinstance(code, str)]
        read_well = [result for result in results if isinstance(result, _Folder)]
        untold += [(key, "archived.extra") for folder in read_well for key in folder.strangers]
        refused = enter_all(into, read_well, _add_folder)
        untold += [(read_well[rank].agreement.reference, code) for rank, code in refused.items()]
        made += [result for rank, result in enumerate(read_well) if rank not in refused]
    return made


def _add_folder(tx: Transaction, folder: _Folder) -> None:
    tx.add_agreement(folder.agreement)
    tx.add_archive_entries(folder.entries)


def _restore_other_entries(
    ports: Ports, into: Registry, folders: Mapping[str, list[ArchivedObject]], untold: list[tuple[str, str]]
) -> None:
    def read(folder: str) -> Sequence[ArchiveEntry] | str:
        try:
            return _entries(ports, folder, folders[folder])
        except (EvidenceBroken, NotFound) as error:
            return error.code

    for part in _parts(folders, A_TRANSACTION):
        with ThreadPoolExecutor(AT_ONCE, "rebuild") as workers:
            results = list(zip(part, workers.map(read, part), strict=True))
        untold += [(folder, code) for folder, code in results if isinstance(code, str)]
        read_well = [(folder, entries) for folder, entries in results if not isinstance(entries, str)]
        refused = enter_all(into, read_well, _add_entries)
        untold += [(read_well[rank][0], code) for rank, code in refused.items()]


def _add_entries(tx: Transaction, one: tuple[str, Sequence[ArchiveEntry]]) -> None:
    tx.add_archive_entries(one[1])


def _read_folder(
    ports: Ports,
    into: Registry,
    reference: str,
    items: list[ArchivedObject],
    events: Sequence[Mapping[str, Json]],
    actors: Mapping[str, set[str]],
) -> _Folder:
    strangers = strangers_of(ports, items)
    items = [item for item in items if item not in strangers]
    record = last_of(items, "record")
    if record is None:
        raise EvidenceBroken(f"no record of {reference}", code="rebuild.no_record")
    archived = parse_record(read_object(ports, record))
    needed = {PROGRAMME: archived.programme_id, CAMPAIGN: archived.campaign_id, MEMBER: archived.member_id}
    if lacking := [kind for kind, record_id in needed.items() if record_id not in actors[kind]]:
        raise EvidenceBroken(f"{reference}: no {', '.join(lacking)} in the archive", code="rebuild.no_actor")
    entries = _entries(ports, reference, items)
    final = archived.artefact(archived.final_stage)
    told = {(fact.version, fact.key): fact for fact in map(_fact_of, events)}  # once, where it was entered again
    later = [fact for place, fact in told.items() if place not in {(f.version, f.key) for f in archived.facts}]
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
    return _Folder(agreement, entries, lost, tuple(item.key for item in strangers))


def _file_kept(ports: Ports, into: Registry, archived: Agreement, entries: Sequence[ArchiveEntry]) -> Fact:
    """The fact that a crash, or the end of the last head, left out: its file is there, with its lock; the rest is as set today."""
    signed = archived.required_artefact(Stage.MEMBER_SIGNED)
    entry = next((entry for entry in entries if entry.sha256 == signed.sha256), None)
    if entry is None:
        raise EvidenceBroken(f"the file that the member of {archived.reference} signed is not in its folder", code="rebuild.no_file")
    with into.read() as tx:
        retention = replace(ports.rules.retention(tx.programme(archived.programme_id)), lock_until=entry.retain_until)
    data: dict[str, Json] = {"key": entry.key, **retention_data(retention)}
    return Fact(FactKind.MEMBER_FILE_KEPT, ports.clock.now(), archived.version, data)


def _fact_of(event: Mapping[str, Json]) -> Fact:
    data, personal = event["data"], event["personal"]
    assert isinstance(data, dict)  # noqa: S101 canonical_event wrote it
    assert isinstance(personal, dict)  # noqa: S101 canonical_event wrote it
    facts = {name: value for name, value in data.items() if name not in {"version", ENTERED_AGAIN}} | {
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
