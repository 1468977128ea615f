"""What people tell the agents: a question, a problem, « Ce n’est pas moi », a certificate to look at, and the agents' own notes.

Their words are personal data: they stand in the registry, are purged with the details of visits, and the journal commits to them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AttentionKind(StrEnum):
    """What is told. All but a note wait until an agent says that it is handled."""

    NOT_ME = "not_me"
    QUESTION = "question"
    PROBLEM = "problem"
    CERTIFICATE = "certificate"
    """A file signed elsewhere waits (``conventions.held_uploads``)."""
    NOTE = "note"


@dataclass(frozen=True)
class Attention:
    """One thing told about an agreement; ``by`` is the address of the link it came from, or the agent's name.

    ``text``, ``by``, ``settled_by`` and ``remark`` are empty where there are none, and once purged.
    """

    id: str
    reference: str
    kind: AttentionKind
    at: datetime
    text: str = ""
    by: str = ""
    link_id: str | None = None
    settled_at: datetime | None = None
    settled_by: str = ""
    remark: str = ""

    @property
    def is_waiting(self) -> bool:
        """Tell whether an agent has yet to handle it."""
        return self.kind is not AttentionKind.NOTE and self.settled_at is None


def is_in_doubt(attentions: Iterable[Attention], link_id: str) -> bool:
    """Tell whether somebody said « Ce n’est pas moi » on a link, and no agent has handled it."""
    return any(one.is_waiting and one.kind is AttentionKind.NOT_ME and one.link_id == link_id for one in attentions)
