"""Enter the journal again from its archived segments, as far as they lead without a break, and name what lies beyond."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from conventions.agreements import FactKind
from conventions.canonical import Json
from conventions.errors import EvidenceBroken, NotFound
from conventions.journal.heads import JournalHead, parse_segment, verify_segment
from conventions.journal.merkle import Frontier
from conventions.journal.verification import JournalFinding, Tampering
from conventions.ports.registry import Registry
from conventions.ports.system import Ports
from conventions.recording import record_event
from conventions.steps.verify_journal import has_segment, read_journal_object, readable_heads
from conventions.taking_up import JOURNAL_REFERENCE, TAKEN_UP, TakingUp, excused, parse_taking_up

FACT_EVENT = "agreement."
FACT_EVENTS = frozenset(FACT_EVENT + kind for kind in FactKind)
A_TRANSACTION = 1_000

Events = Mapping[str, list[Mapping[str, Json]]]


@dataclass(frozen=True)
class JournalBreak:
    """From where on the journal could not be entered again.

    ``known`` events stand before it, the last of them no later than ``after`` (None: none does); ``size`` is how many there were at the
    last head that can be read, stamped at ``until``; the events of ``lost`` cannot be read at all (first and end, as indexes).
    """

    known: int
    after: datetime | None
    size: int
    until: datetime
    lost: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class RestoredJournal:
    """The heads entered again, the facts that genuine segments tell of each agreement, and where the journal breaks, if it does.

    ``told`` are the events by which people told something to the agents, or by which it was handled; ``commitments`` counts the personal
    fields of which the archive has the commitments alone.
    """

    heads: tuple[JournalHead, ...]
    happened: Events
    told: Sequence[Mapping[str, Json]]
    commitments: int
    broken: JournalBreak | None


def restore_journal(ports: Ports, into: Registry, found: list[JournalFinding]) -> RestoredJournal:
    """Enter every event of every head up to the first that lacks, or does not lead to its head; what is wrong is added to ``found``.

    Segments beyond are not entered, since the tree cannot be made again past a hole. Those whose bytes are the ones stamped with their
    head still tell what happened to agreements.

    Raises:
        UpstreamUnavailable.
    """
    readable, keys = readable_heads(ports, found)
    heads, left = _standing(ports, keys, readable)
    happened: dict[str, list[Mapping[str, Json]]] = defaultdict(list)
    told = list[Mapping[str, Json]]()
    latest = max((head.at for head in readable), default=None)
    entered, lost, frontier, commitments = list[JournalHead](), list[tuple[int, int]](), Frontier(), 0
    is_whole, reached = True, 0
    for head in sorted([*heads, *left], key=lambda one: one.at):
        if head in left:
            if has_segment(ports, keys, head):
                _tell(parse_segment(read_journal_object(ports, keys, head.segment_sha256)), happened, told)
            continue
        if head.previous_size != reached:
            is_whole = False
            lost.append((reached, head.previous_size))
        reached = head.size
        try:
            segment = read_journal_object(ports, keys, head.segment_sha256)
            after = verify_segment(head, segment, frontier) if is_whole else frontier
        except (EvidenceBroken, NotFound):
            found.append(JournalFinding(Tampering.SEGMENT_LOST, head.size, None))
            is_whole = False
            lost.append((head.previous_size, head.size))
            continue
        events = parse_segment(segment)
        commitments += _tell(events, happened, told)
        if is_whole:
            frontier = after
            _enter(into, head, events)
            entered.append(head)
    broken = None
    if lost and latest is not None:
        taken_up = TakingUp(frontier.size, latest, tuple(one.event_id for one in found if one.event_id is not None))
        with into.write() as tx:
            record_event(ports, tx, TAKEN_UP, at=ports.clock.now(), reference=JOURNAL_REFERENCE, data=taken_up.data())
        broken = JournalBreak(frontier.size, entered[-1].at if entered else None, heads[-1].size, heads[-1].at, tuple(lost))
    return RestoredJournal(tuple(entered), happened, told, commitments, broken)


def _standing(ports: Ports, keys: dict[str, str], readable: Sequence[JournalHead]) -> tuple[list[JournalHead], list[JournalHead]]:
    """Choose the heads of the journal as it went on last, and those that it left where it was taken up again."""
    heads = bridged(readable)
    if len(heads) == len(readable):
        return heads, []
    takings = list[TakingUp]()
    for head in readable:
        if has_segment(ports, keys, head):
            events = parse_segment(read_journal_object(ports, keys, head.segment_sha256))
            takings += [parse_taking_up(json.loads(one)["data"]) for one in events if json.loads(one)["type"] == TAKEN_UP]
    takings = [*excused(takings, readable, lambda head: has_segment(ports, keys, head))]
    left = [head for head in readable if any(one.leaves(head) for one in takings)]
    return bridged([head for head in readable if head not in left]), left


def bridged(heads: Sequence[JournalHead]) -> list[JournalHead]:
    """Follow the heads back from the largest, over those that lack too; one that no other follows was made beside the chain."""
    by_size = {head.size: head for head in heads}
    chain, size = list[JournalHead](), max(by_size, default=0)
    while size > 0:
        if size in by_size:
            chain.append(by_size[size])
            size = by_size[size].previous_size
        else:
            size = max((one for one in by_size if one < size), default=0)
    return chain[::-1]


def _tell(events: Sequence[bytes], happened: dict[str, list[Mapping[str, Json]]], told: list[Mapping[str, Json]]) -> int:
    """Note the facts of each agreement, and what was told to agents; return how many personal fields the events hold as commitments."""
    committed = 0
    for canonical in events:
        event = json.loads(canonical)
        committed += len(event["personal"])
        if event["reference"] is not None and event["type"] in FACT_EVENTS:
            happened[event["reference"]].append(event)
        elif "attention_id" in event["data"]:
            told.append(event)
    return committed


def _enter(into: Registry, head: JournalHead, events: Sequence[bytes]) -> None:
    for part in _parts(events):
        with into.write() as tx:
            tx.restore_events(part)
    into.sequence_events()
    with into.write() as tx:
        tx.add_head(head)


def _parts(events: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    for first in range(0, len(events), A_TRANSACTION):
        yield events[first : first + A_TRANSACTION]
