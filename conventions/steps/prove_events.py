"""Prove that events are in the journal: each with its path to the root of a head that every authority stamped."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from conventions.errors import EvidenceBroken, NotFound
from conventions.events import Salted
from conventions.journal.heads import JournalHead, render_head
from conventions.journal.merkle import leaf_hash
from conventions.ports.system import Ports
from conventions.steps.stamp_journal import HEAD_KIND, STAMP_KIND, journal_folder

AMONG_AGENTS = frozenset({"note.written", "attention.handled"})
"""Events whose words agents wrote for one another: proved by their commitment, and disclosed to nobody with the proof."""


@dataclass(frozen=True)
class EventProof:
    """One event of a tree: its canonical bytes (the leaf is SHA-256 of 0x00 and them), and its path from the bottom up.

    ``disclosed`` are its personal fields that were not purged and are not among agents, each with the salt by which its commitment
    is made again.
    """

    index: int
    canonical: bytes
    path: tuple[bytes, ...]
    disclosed: tuple[Salted, ...]


@dataclass(frozen=True)
class StampedHead:
    """A head, the bytes that were stamped, and the RFC 3161 token (DER) of each authority by its name."""

    head: JournalHead
    data: bytes
    tokens: Mapping[str, bytes]


@dataclass(frozen=True)
class JournalProof:
    """The events of an agreement that a head covers, by index, and how many came after it."""

    stamped: StampedHead
    events: tuple[EventProof, ...]
    later_events: int


def prove_events(ports: Ports, reference: str) -> JournalProof:
    """Prove every event of an agreement against the latest head.

    Raises:
        NotFound: the journal has no head yet.
        EvidenceBroken: an event was changed, or the archive lacks what the head says.
        UpstreamUnavailable.
    """
    with ports.registry.read() as tx:
        heads = tx.heads()
        if not heads:
            raise NotFound("the journal has no head yet", code="journal.no_head")
        head = heads[-1]
        leaves = tx.leaves_of(reference)
        events = []
        for leaf in leaves:
            if leaf.index < head.size:
                if leaf.canonical is None or leaf_hash(leaf.canonical) != leaf.leaf_sha256:
                    raise EvidenceBroken(f"event {leaf.event_id} is not what leaf {leaf.index} says", code="journal.changed")
                path = tuple(tx.inclusion_proof(leaf.index, head.size))
                disclosed = () if leaf.type in AMONG_AGENTS else tuple(leaf.personal)
                events.append(EventProof(leaf.index, leaf.canonical, path, disclosed))
        recorded = len(tx.events(reference, limit=len(leaves) + 1_000))
    return JournalProof(read_head(ports, head), tuple(events), recorded - len(events))


def read_head(ports: Ports, head: JournalHead) -> StampedHead:
    """Read a head's tokens from the archive.

    Raises:
        EvidenceBroken: the registry knows of no such object there.
        NotFound, UpstreamUnavailable.
    """
    with ports.registry.read() as tx:
        entries = tx.archive_entries(journal_folder(head.at))
    key = {entry.sha256: entry.key for entry in entries if entry.kind == HEAD_KIND or entry.kind.startswith(STAMP_KIND)}
    if missing := [name for name, sha256 in head.stamps.items() if sha256 not in key]:
        raise EvidenceBroken(f"no token of {', '.join(missing)} for the head at {head.size}", code="journal.no_token")
    return StampedHead(head, render_head(head), {name: ports.archive.read(key[sha256]) for name, sha256 in head.stamps.items()})
