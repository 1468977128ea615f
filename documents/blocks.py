"""The document between its wording and its pages: parts of blocks of runs, every field already replaced by its value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType

from conventions.kinds import FIELD_OF, SEAL_FIELD

SYSTEM = "system"
"""Who seals where no person signs."""
SIGNATURE_FIELDS: Mapping[str, str] = MappingProxyType({**{party.value: name for party, name in FIELD_OF.items()}, SYSTEM: SEAL_FIELD})
"""Field of each party to a signature box."""


class Emphasis(Enum):
    """How a run is set."""

    NONE = "none"
    STRONG = "strong"
    ITALIC = "italic"


class Align(Enum):
    """Alignment of a table's column."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Run:
    """Text set in one way; ``link`` is the address it leads to."""

    text: str
    emphasis: Emphasis = Emphasis.NONE
    link: str | None = None


class Runs(tuple[Run, ...]):  # noqa: SLOT001 a tuple of any length has no room for slots
    """Runs set one after the other; hashed once, because laying out looks the same runs up in every document."""

    _hash: int

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            self._hash = super().__hash__()
            return self._hash


def plain(runs: Runs) -> str:
    """Return the text of runs."""
    return "".join(run.text for run in runs)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the document's title."""

    level: int
    runs: Runs


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    runs: Runs


@dataclass(frozen=True, slots=True)
class BulletList:
    """A list; ``ordered`` numbers its items from 1."""

    ordered: bool
    items: tuple[Runs, ...]


@dataclass(frozen=True, slots=True)
class DataTable:
    """A table: caption, column heads, rows (the first cell names the row), and a total row or none."""

    caption: Runs
    head: tuple[Runs, ...]
    aligns: tuple[Align, ...]
    rows: tuple[tuple[Runs, ...], ...]
    total: tuple[Runs, ...] | None = None

    @property
    def total_label_columns(self) -> int:
        """Number of columns that the label of the total spans: those before its first figure."""
        total = self.total or ()
        return next((column for column in range(1, len(total)) if total[column]), len(total))


@dataclass(frozen=True, slots=True)
class FactSheet:
    """Names and values, one pair a line."""

    caption: Runs
    rows: tuple[tuple[Runs, Runs], ...]


@dataclass(frozen=True, slots=True)
class SignatureBox:
    """Where one party (a name of ``SIGNATURE_FIELDS``) signs: the formula, who signs and in what capacity."""

    party: str
    formula: Runs
    name: Runs
    capacity: Runs


@dataclass(frozen=True, slots=True)
class Signatures:
    """The signature boxes, side by side, in signing order."""

    boxes: tuple[SignatureBox, ...]


@dataclass(frozen=True, slots=True)
class PageBreak:
    """What follows starts on a new page."""


Block = Heading | Paragraph | BulletList | DataTable | FactSheet | Signatures | PageBreak


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the document as it is read: its title and its blocks."""

    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Composition:
    """A whole document, ready to be laid out."""

    title: str
    parts: tuple[Part, ...]
