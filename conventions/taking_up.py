"""A journal taken up again after a part of it was lost: which archived heads were left behind, and that they had to be.

A registry made again from the archive enters the journal as far as its segments lead. What was stamped beyond is of a tree that
nothing can give back; the new registry says so in an event, and goes on from there. The event alone excuses nothing: the
archive, which nobody with the database can rewrite, must itself lack what would have led on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from conventions.canonical import Json
from conventions.journal.heads import JournalHead
from conventions.ports.registry import Transaction

TAKEN_UP = "journal.taken_up"
JOURNAL_REFERENCE = "journal"
"""What stands for a reference: the event is of no agreement."""


@dataclass(frozen=True)
class TakingUp:
    """From how many events on the journal went on, leaving the heads stamped until then; ``unreadable`` are keys of lost records."""

    known: int
    until: datetime
    unreadable: tuple[str, ...]

    def data(self) -> Mapping[str, Json]:
        """Return what its event holds."""
        return {"known": self.known, "until": self.until.isoformat(), "unreadable": list[Json](self.unreadable)}

    def leaves(self, head: JournalHead) -> bool:
        """Tell whether a head is of the tree that was left."""
        return head.size > self.known and head.at <= self.until


def parse_taking_up(data: Mapping[str, Json]) -> TakingUp:
    """Read the data of an event back."""
    known, unreadable = data["known"], data["unreadable"]
    assert isinstance(known, int)  # noqa: S101 written by ``data`` alone
    assert isinstance(unreadable, list | tuple)  # noqa: S101 written by ``data`` alone
    return TakingUp(known, datetime.fromisoformat(str(data["until"])), tuple(map(str, unreadable)))


def takings_up(tx: Transaction) -> Sequence[TakingUp]:
    """List how often the journal of a registry was taken up again, oldest first."""
    return [parse_taking_up(entry.event.data) for entry in tx.events(JOURNAL_REFERENCE) if entry.event.type == TAKEN_UP]


def excused(takings: Iterable[TakingUp], heads: Sequence[JournalHead], has_segment: Callable[[JournalHead], bool]) -> Sequence[TakingUp]:
    """Keep those that the archive bears out: it went on from a head, and what came after that head cannot be read.

    ``heads`` are all that can be read; ``has_segment`` tells whether the archive gives a head's events as they were stamped.
    """
    return [one for one in takings if _is_borne_out(one, heads, has_segment)]


def _is_borne_out(one: TakingUp, heads: Sequence[JournalHead], has_segment: Callable[[JournalHead], bool]) -> bool:
    is_at_head = one.known == 0 or any(head.size == one.known for head in heads)
    return is_at_head and not any(head.previous_size == one.known and has_segment(head) for head in heads if one.leaves(head))
