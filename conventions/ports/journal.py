"""Ports of the journal's tree and of the authorities that stamp its heads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from conventions.journal.heads import JournalHead
from conventions.journal.verification import RecordedLeaf


class JournalTree(Protocol):
    """The part of a registry's transaction that proves things of the journal; hashes are 32 bytes."""

    def tree_size(self) -> int:
        """Return how many events have their place in the tree."""
        ...

    def tree_root(self, size: int) -> bytes:
        """Return the root of the tree as it was at that size.

        Raises:
            NotFound: it never had that size.
        """
        ...

    def index_of_event(self, event_id: str) -> int:
        """Return an event's index in the tree.

        Raises:
            NotFound: no such event, or it waits for the sequencer.
        """
        ...

    def inclusion_proof(self, index: int, size: int) -> Sequence[bytes]:
        """Prove that the leaf at ``index`` is in the tree of that size (RFC 9162, 2.1.3).

        Raises:
            NotFound: the tree never had that size, or no such leaf.
        """
        ...

    def consistency_proof(self, first_size: int, size: int) -> Sequence[bytes]:
        """Prove that the tree of ``first_size`` is the beginning of the tree of ``size`` (RFC 9162, 2.1.4).

        Raises:
            NotFound: the tree never had one of these sizes, or the first is empty.
        """
        ...

    def recorded_leaves(self, first: int = 0) -> Iterator[RecordedLeaf]:
        """Read the tree with its events from an index on, in order, page by page."""
        ...

    def leaves_of(self, reference: str) -> Sequence[RecordedLeaf]:
        """List the events of an agreement that have their place in the tree, by index."""
        ...

    def restore_events(self, canonical: Sequence[bytes]) -> None:
        """Append events as they were hashed, into a registry that is being made again; their personal fields stay unknown.

        Raises:
            AlreadyRecorded: an event has the id of one; the transaction has to end.
        """
        ...

    def hidden_events(self) -> Sequence[str]:
        """List the ids of events that neither have a leaf nor wait for one."""
        ...

    def add_head(self, head: JournalHead) -> None:
        """Add a stamped head; its size, and the head that it follows, are unique."""
        ...

    def heads(self) -> Sequence[JournalHead]:
        """List the stamped heads, smallest first."""
        ...

    def purge_personal(self, types: Sequence[str], before: datetime) -> int:
        """Forget the personal fields of events of these types recorded before that instant; return how many fields.

        The events, their leaves and every proof stay as they are.
        """
        ...


@dataclass(frozen=True)
class Stamp:
    """A time-stamp: who gave it (the authority's name in the settings' order), RFC 3161 token (DER), its ``genTime``."""

    authority: str
    token: bytes
    stamped_at: datetime


class Timestamps(Protocol):
    """Stamps by every configured authority, where one alone would have to be believed."""

    def stamp(self, data: bytes) -> Sequence[Stamp]:
        """Have each authority stamp the SHA-256 of the bytes; in the settings' order.

        Raises:
            UpstreamUnavailable: one of them gives no acceptable token.
        """
        ...

    def verify(self, token: bytes, data: bytes) -> datetime:
        """Check a token over the bytes, at its own time, and return that time.

        Raises:
            VerificationFailed: it is for other bytes, wrongly signed, or by an authority that is not trusted.
        """
        ...
