"""Tell anybody whether a file is ours, intact, and in force: by its digest alone, so that it need not be kept, nor even sent."""

from __future__ import annotations

from dataclasses import dataclass

from conventions.agreements import Fact, FactKind, Stage
from conventions.kinds import Kind
from conventions.ports.system import Ports
from conventions.status import Status, status_of


@dataclass(frozen=True)
class Recognised:
    """A file of ours, to the bit: nothing is said that the file does not say itself, but where its agreement stands.

    ``is_complete``: it carries every signature of its kind; ``is_current``: no later version replaced it; ``renewal``: which renewal
    of its archive time-stamp it is (0: the file as it was signed).
    """

    reference: str
    kind: Kind
    stage: Stage
    is_complete: bool
    is_current: bool
    status: Status
    renewal: int = 0

    @property
    def is_in_force(self) -> bool:
        """Tell whether this very file is the agreement in force."""
        return self.is_complete and self.is_current and self.status in {Status.ACTIVE, Status.ARCHIVED}


def recognise(ports: Ports, sha256: str) -> Recognised | None:
    """Say what is known of the file of that digest (hexadecimal); None when no file of ours has it."""
    with ports.registry.read() as tx:
        agreement = tx.agreement_with_file(sha256)
    if agreement is None:
        return None
    final = agreement.final_stage
    known = [(one.stage, one.version, 0) for one in agreement.artefacts if one.sha256 == sha256]
    renewals = [one for one in agreement.facts if one.kind is FactKind.RESTAMPED and one.data["sha256"] == sha256]
    known += [(final, one.version, _number(one)) for one in renewals]
    if not known:
        return None  # under lock, and a stop came before it was recorded: the next sweep records it
    stage, version, renewal = known[0]
    return Recognised(
        reference=agreement.reference,
        kind=agreement.kind,
        stage=stage,
        is_complete=stage is final,
        is_current=version == agreement.version,
        status=status_of(agreement, ports.clock.now()),
        renewal=renewal,
    )


def _number(restamped: Fact) -> int:
    number = restamped.data["number"]
    assert isinstance(number, int)  # noqa: S101 written by ``restamp`` alone
    return number
