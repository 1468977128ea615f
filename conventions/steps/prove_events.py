"""Prove that events are in the journal, each with its path to the root of a stamped head, and that nothing was rewritten since."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass

from conventions.canonical import Json
from conventions.errors import EvidenceBroken, NotFound
from conventions.events import Salted
from conventions.journal.heads import JournalHead, render_head
from conventions.journal.merkle import leaf_hash
from conventions.ports.system import Ports
from conventions.recording import record_event
from conventions.steps.office import OFFICE_READERS
from conventions.steps.sign_in import session_account
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


@dataclass(frozen=True)
class ConsistencyProof:
    """The sizes and roots of two states of the tree, and the path that leads from the first to the second (RFC 9162, 2.1.4)."""

    first_size: int
    first_root: bytes
    second_size: int
    second_root: bytes
    path: tuple[bytes, ...]


def prove_consistency(ports: Ports, first_size: int, second_size: int | None = None) -> ConsistencyProof:
    """Prove that the journal of ``first_size`` events is the beginning of a later one: by default that of the latest head.

    Raises:
        NotFound: no head yet, or no such two states (``journal.sizes``).
    """
    with ports.registry.read() as tx:
        heads = tx.heads()
        if second_size is None and not heads:
            raise NotFound("the journal has no head yet", code="journal.no_head")
        size = heads[-1].size if second_size is None else second_size
        if not 0 < first_size <= size <= tx.tree_size():
            raise NotFound(f"no tree of {first_size} inside one of {size}", code="journal.sizes", first=first_size, second=size)
        path = tuple(tx.consistency_proof(first_size, size))
        return ConsistencyProof(first_size, tx.tree_root(first_size), size, tx.tree_root(size), path)


def render_proof(proof: JournalProof) -> Mapping[str, Json]:
    """Render a proof for JSON: hashes in hexadecimal, tokens in base64, each event as the text that was hashed."""
    return {
        "head": json.loads(proof.stamped.data),
        "tokens": {name: base64.b64encode(token).decode("ascii") for name, token in proof.stamped.tokens.items()},
        "events": [
            {
                "index": event.index,
                "canonical": event.canonical.decode("utf-8"),
                "path": [node.hex() for node in event.path],
                "disclosed": [{"name": one.name, "value": one.value, "salt": one.salt} for one in event.disclosed],
            }
            for event in proof.events
        ],
        "later_events": proof.later_events,
    }


def render_consistency(proof: ConsistencyProof) -> Mapping[str, Json]:
    """Render a consistency proof for JSON, hashes in hexadecimal."""
    return {
        "first_size": proof.first_size,
        "first_root": proof.first_root.hex(),
        "second_size": proof.second_size,
        "second_root": proof.second_root.hex(),
        "path": [node.hex() for node in proof.path],
    }


def office_proof(ports: Ports, cookie: str, reference: str) -> JournalProof:
    """Prove the events of an agreement to a person of the office: their personal fields are disclosed, which is journalled.

    Raises:
        LinkRefused, RuleRefused: this account may not read.
        NotFound, EvidenceBroken, UpstreamUnavailable: as ``prove_events``.
    """
    with ports.registry.write() as tx:
        account = session_account(ports, tx, cookie, OFFICE_READERS)
        tx.agreement(reference)
        record_event(ports, tx, "journal.proved", at=ports.clock.now(), reference=reference, data={"account": account.id})
    proof = prove_events(ports, reference)
    if not proof.events:
        raise NotFound(f"no event of {reference} before the last head", code="journal.no_event", reference=reference)
    return proof


def office_consistency(ports: Ports, cookie: str, first_size: int, second_size: int | None) -> ConsistencyProof:
    """Prove to a person of the office that the journal goes on from an earlier state; see ``prove_consistency``.

    Raises:
        LinkRefused, RuleRefused, NotFound.
    """
    with ports.registry.read() as tx:
        session_account(ports, tx, cookie, OFFICE_READERS)
    return prove_consistency(ports, first_size, second_size)


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
