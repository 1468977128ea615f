"""Say in what two registries differ, of what the archive can give back: the lost one and the one made again, while both stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from conventions.agreements import Agreement, FactKind
from conventions.ports.registry import ArchiveEntry, Registry, Transaction


def compare_registries(one: Registry, other: Registry) -> list[str]:
    """Name everything that differs, of the agreements that ``other`` has; the journal up to the last head of both.

    What no archive holds is not compared: when an object's writing was completed, flags of failed steps, personal fields; nor the
    fact that closes a trail: the record under lock that it names was written before it, and the next head of the journal tells it.

    Raises:
        UpstreamUnavailable.
    """
    with one.read() as tx:
        lost = _Told(tx)
    with other.read() as tx:
        made = _Told(tx)
    different = [
        f"{kind} {key}" for kind in made.records for key, value in made.records[kind].items() if lost.records[kind].get(key) != value
    ]
    if (lost.head, lost.root) != (made.head, made.root):
        different.append(f"journal {made.head}")
    for reference in made.references:
        for registry, found in ((one, lost), (other, made)):
            with registry.read() as tx:
                found.read(tx, reference)
        if lost.current != made.current:
            different.append(f"agreement {reference}")
    return different


class _Told:
    """What one registry says, apart from its agreements, which are read one at a time."""

    def __init__(self, tx: Transaction) -> None:
        self.records: dict[str, dict[str, object]] = {
            "programme": {record.id: record for record in tx.programmes()},
            "campaign": {record.id: record for record in tx.campaigns()},
            "member": {record.id: record for record in tx.members()},
        }
        self.records["delegation"] = {d.id: d for programme in self.records["programme"] for d in tx.delegations(programme)}
        heads = tx.heads()
        self.head = heads[-1] if heads else None
        self.root = tx.tree_root(self.head.size) if self.head is not None else b""
        self.references = [agreement.reference for agreement in _agreements(tx)]
        self.current: tuple[Agreement, list[ArchiveEntry]] | None = None

    def read(self, tx: Transaction, reference: str) -> None:
        """Read one agreement and its folder."""
        entries = [replace(entry, completed_at=None) for entry in tx.archive_entries(reference)]
        agreement = tx.agreement(reference)
        told = tuple(fact for fact in agreement.facts if fact.kind is not FactKind.TRAIL_KEPT)
        self.current = replace(agreement, facts=told, failure=None), entries


def _agreements(tx: Transaction) -> Iterator[Agreement]:
    after = ""
    while page := tx.agreements(after=after):
        yield from page
        after = page[-1].reference
