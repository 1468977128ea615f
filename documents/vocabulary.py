"""What a wording of one kind may say: its fields, lists and conditions, who signs; and the values of one document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Vocabulary:
    """Names that a wording uses.

    ``required`` fields must be used, ``optional`` ones may be; each list must be used by a table; ``parties`` sign in that
    order.
    """

    required: frozenset[str]
    optional: frozenset[str] = frozenset()
    lists: Mapping[str, frozenset[str]] = field(default_factory=dict)
    conditions: frozenset[str] = frozenset()
    parties: tuple[str, ...] = ()

    @property
    def scalars(self) -> frozenset[str]:
        """All fields outside of lists."""
        return self.required | self.optional


class ListLines(tuple[tuple[tuple[str, str], ...], ...]):  # noqa: SLOT001 a tuple of any length has no room for slots
    """Lines of a list, each as (field, value) pairs; hashed once."""

    _hash: int

    def __hash__(self) -> int:
        try:
            return self._hash
        except AttributeError:
            self._hash = super().__hash__()
            return self._hash


@dataclass(frozen=True)
class Values:
    """Values of one document: of each field (None where it has none), the lines of each list, each condition."""

    scalars: Mapping[str, str | None]
    lists: Mapping[str, ListLines] = field(default_factory=dict)
    conditions: Mapping[str, bool] = field(default_factory=dict)
