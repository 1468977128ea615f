"""Contract of the registry: which agreement a file belongs to, by its digest alone."""

from __future__ import annotations

from conventions.agreements import Artefact, Stage
from conventions.canonical import sha256_hex
from conventions.ports.registry import ArchiveEntry, Registry
from tests.contract.storage.records import NOW, seed_agreement


def test_a_file_is_found_by_its_digest_and_another_is_not(registry: Registry) -> None:
    with registry.write() as tx:
        reference = seed_agreement(tx)
        tx.add_artefact(reference, Artefact(1, Stage.PREPARED, sha256_hex(b"one"), 3, NOW))
        tx.add_artefact(reference, Artefact(1, Stage.MEMBER_SIGNED, sha256_hex(b"two"), 3, NOW))
    with registry.read() as tx:
        for content in (b"one", b"two"):
            found = tx.agreement_with_file(sha256_hex(content))
            assert found == tx.agreement(reference)
        assert tx.agreement_with_file(sha256_hex(b"three")) is None


def test_a_renewal_is_found_by_its_digest_and_other_archived_objects_are_not(registry: Registry) -> None:
    with registry.write() as tx:
        reference = seed_agreement(tx)
        for seq, kind in enumerate(("sealed", "restamped-1", "record"), 1):
            tx.add_archive_entry(ArchiveEntry(reference, seq, kind, sha256_hex(kind.encode()), 3, f"k-{seq}", NOW))
    with registry.read() as tx:
        found = {kind: tx.agreement_with_file(sha256_hex(kind.encode())) for kind in ("sealed", "restamped-1", "record")}
        assert found == {"sealed": None, "restamped-1": tx.agreement(reference), "record": None}
