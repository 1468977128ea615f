"""Tell anybody whether a file is ours, intact, and in force: by its digest alone, so that it need not be kept, nor even sent."""

from __future__ import annotations

from dataclasses import dataclass

from conventions.agreements import Stage
from conventions.kinds import Kind
from conventions.ports.system import Ports
from conventions.status import Status, status_of
from conventions.steps.archive import final_stage


@dataclass(frozen=True)
class Recognised:
    """A file of ours, to the bit: nothing is said that the file does not say itself, but where its agreement stands.

    ``is_complete``: it carries every signature of its kind; ``is_current``: no later version replaced it.
    """

    reference: str
    kind: Kind
    stage: Stage
    is_complete: bool
    is_current: bool
    status: Status

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
    artefact = next(one for one in agreement.artefacts if one.sha256 == sha256)
    return Recognised(
        reference=agreement.reference,
        kind=agreement.kind,
        stage=artefact.stage,
        is_complete=artefact.stage is final_stage(agreement),
        is_current=artefact.version == agreement.version,
        status=status_of(agreement, ports.clock.now()),
    )
