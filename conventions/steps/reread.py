"""Read an agreement back from the archive, as it was stamped last, and have both readers judge it again."""

from __future__ import annotations

from dataclasses import dataclass

from conventions.agreements import Fact, FactKind
from conventions.canonical import Json, sha256_hex
from conventions.errors import EvidenceBroken
from conventions.ports.stores import LockedObject
from conventions.ports.system import Ports
from conventions.preparation import expected_signers
from conventions.preservation import kept_file
from conventions.recording import record_event
from conventions.signatures import ValidationReport

REREAD = "file.reread"


@dataclass(frozen=True)
class Reread:
    """The file that stands for an agreement: the fact that names it, its size, its lock, and what each reader says now."""

    kept: Fact
    size_bytes: int
    state: LockedObject
    reports: tuple[ValidationReport, ValidationReport]

    @property
    def renewals(self) -> int:
        """How many times its archive time-stamp was renewed."""
        number = self.kept.data.get("number", 0)
        return number if isinstance(number, int) else 0

    @property
    def refusals(self) -> tuple[str, ...]:
        """What each reader that refuses it says."""
        return tuple(f"{one.reader}: {'; '.join(one.reasons)}" for one in self.reports if not one.valid)


def reread(ports: Ports, reference: str, by: str) -> Reread:
    """Judge the file that stands for an agreement in the archive: the last renewal, else the one archived first.

    Whoever asks is journalled before anything is read.

    Raises:
        NotFound: no such agreement, or nothing of it is archived yet.
        EvidenceBroken: the archive's bytes are not those recorded.
        UpstreamUnavailable: the archive, or what would decide, does not answer.
    """
    with ports.registry.read() as tx:
        agreement = tx.agreement(reference)
    kept = kept_file(agreement) or agreement.required_fact(FactKind.ARCHIVED)
    about: dict[str, Json] = {"key": kept.text("key"), "sha256": kept.text("sha256")}
    with ports.registry.write() as tx:
        record_event(ports, tx, REREAD, at=ports.clock.now(), reference=reference, data=about, personal={"by": by})
    data, state = ports.archive.read(kept.text("key")), ports.archive.state(kept.text("key"))
    if sha256_hex(data) != kept.text("sha256"):
        raise EvidenceBroken(f"{reference}: the archived file is not the one recorded", code="evidence.archived_differs")
    expected = expected_signers(agreement)
    reports = ports.signing.validate(data, expected), ports.signing.second_opinion(data, expected)
    return Reread(kept, len(data), state, reports)
