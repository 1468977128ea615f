"""Journal events: what happened, in a form that is hashed.

``data`` holds no personal datum; those go to ``personal``, of which only salted commitments enter the tree, so that they
can be purged without breaking a proof.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from json.encoder import encode_basestring as _quoted
from typing import NamedTuple

from conventions.canonical import Json, render_canonical, sha256_hex

EVENT_SCHEMA = "contreseing/event/1"


@dataclass(frozen=True)
class Event:
    """One event. ``type`` is dotted lower-case English, e.g. ``agreement.prepared``."""

    id: str
    type: str
    at: datetime
    reference: str | None = None
    data: Mapping[str, Json] = field(default_factory=dict)
    personal: Mapping[str, str] = field(default_factory=dict)


class Salted(NamedTuple):
    """A personal field with its salt (hexadecimal); the commitment is SHA-256 of the canonical [salt, name, value]."""

    name: str
    value: str
    salt: str

    @property
    def commitment(self) -> str:
        """What the tree holds in place of the value."""
        salt, name, value = map(_quoted, (self.salt, self.name, self.value))  # canonical JSON of three texts, ten times faster
        return sha256_hex(f"[{salt},{name},{value}]".encode())


def canonical_event(event: Event, salted: Mapping[str, Salted]) -> bytes:
    """Serialise an event as it is hashed: canonical JSON with commitments in place of personal fields."""
    return render_canonical(
        {
            "schema": EVENT_SCHEMA,
            "id": event.id,
            "type": event.type,
            "at": event.at.isoformat(),
            "reference": event.reference,
            "data": dict(event.data),
            "personal": {name: field_.commitment for name, field_ in salted.items()},
        }
    )
