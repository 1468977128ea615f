"""Resume what stands still: for each agreement, the one step that would move it, taken again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from conventions.agreements import Agreement, FactKind, Stage
from conventions.errors import Busy, ContreseingError, EvidenceBroken
from conventions.outgoing import LATE_AFTER
from conventions.ports.system import Ports
from conventions.proved import is_trail_due
from conventions.recording import quarantine, record_failure
from conventions.status import FINAL, Status, status_of
from conventions.steps.activate import activate
from conventions.steps.archive import archive
from conventions.steps.countersign import countersign
from conventions.steps.invite import invite
from conventions.steps.keep_member_file import keep_member_file, versions_to_keep
from conventions.steps.keep_trail import close_trail
from conventions.steps.prepare import prepare
from conventions.steps.request_data import request_data
from conventions.steps.sign import finish_signature

AT_REST = FINAL | {Status.ACTIVE, Status.QUARANTINED, Status.RETURNED}

TRAIL = "keep_trail"
TRAILS_AT_ONCE = 200
"""Trails closed at most in one go: each takes up to half a second, and nobody waits for them."""


@dataclass(frozen=True)
class ResumeReport:
    """What was moved, what still waits and why, and what is late."""

    done: tuple[tuple[str, str], ...]
    waiting: tuple[tuple[str, str, str], ...]
    late_outgoing: int
    dead_letters: int


def next_step(agreement: Agreement, status: Status) -> str | None:
    """Name the step that would move an agreement without anybody's decision; None when it waits for a person or rests.

    What was signed is put under lock even where nothing else moves any more: returned, or the programme over.
    """
    if status is Status.QUARANTINED:
        return None
    facts, moves = agreement.fact, status not in AT_REST
    for step, is_due in (
        ("activate", moves and facts(FactKind.ARCHIVED) is not None and facts(FactKind.ORDERED) is None),
        ("archive", agreement.artefact(agreement.final_stage) is not None and facts(FactKind.ARCHIVED) is None),
        ("countersign", status is Status.SEALING and agreement.artefact(Stage.SEALED) is None),
        ("keep_member_file", bool(versions_to_keep(agreement))),
        (TRAIL, is_trail_due(agreement, status)),
        ("finish_signature", moves and facts(FactKind.CONSENTED) is not None and facts(FactKind.MEMBER_SIGNED) is None),
        ("invite", status is Status.AWAITING_MEMBER and facts(FactKind.INVITED) is None),
        ("prepare", status is Status.DRAFTED),
    ):
        if is_due:
            return step
    return None


def standing(ports: Ports, campaign_id: str | None = None) -> Sequence[tuple[str, str]]:
    """List (reference, step) for every agreement that stands still and that a step would move, by reference."""
    now, found, after = ports.clock.now(), [], ""
    with ports.registry.read() as tx:
        while page := tx.agreements(campaign_id=campaign_id, after=after):
            for agreement in page:
                step = next_step(agreement, status_of(agreement, now))
                if step is not None:
                    found.append((agreement.reference, step))
            after = page[-1].reference
    return found


def resume(ports: Ports, limit: int = 1000, trails_at_most: int = TRAILS_AT_ONCE) -> ResumeReport:
    """Take the next step of each agreement that stands still, until nothing moves; failures are recorded, never raised."""
    done: list[tuple[str, str]] = []
    waiting: dict[str, tuple[str, str, str]] = {}
    tried: set[tuple[str, str]] = set()
    trails = 0
    while todo := [item for item in standing(ports) if item not in tried][: limit - len(done)]:
        for reference, step in todo:
            tried.add((reference, step))
            if step == TRAIL:
                trails += 1
                if trails > trails_at_most:
                    continue
            error = take_step(ports, reference, step)
            if error is None:
                done.append((reference, step))
                waiting.pop(reference, None)
            else:
                waiting[reference] = (reference, step, error.code)
    with ports.registry.read() as tx:
        late = tx.count_late(ports.clock.now() - LATE_AFTER)
        dead = len(tx.dead_letters())
    return ResumeReport(tuple(done), tuple(waiting.values()), late, dead)


def take_step(ports: Ports, reference: str, step: str) -> ContreseingError | None:
    """Take one named step of an agreement; return the error instead of raising it, recorded as its failure flag.

    A claim held by another worker is not a failure, and is returned without being recorded. Evidence found broken puts the
    agreement in quarantine: the step is not tried again before a person has decided.
    """
    try:
        return _STEPS[step](ports, reference)
    except Busy as error:
        return error
    except ContreseingError as error:
        if isinstance(error, EvidenceBroken):
            quarantine(ports, reference, error.code)
        record_failure(ports, reference, step, error)
        return error


def prepare_or_request(ports: Ports, reference: str) -> None:
    """Prepare the file, or ask the member for what is missing."""
    if not request_data(ports, reference):
        prepare(ports, reference)


def _countersign(ports: Ports, reference: str) -> ContreseingError | None:
    """Countersign one document; the step has recorded a failure itself."""
    with ports.registry.read() as tx:
        authorised = tx.agreement(reference).required_fact(FactKind.AUTHORISED)
    outcomes = countersign(ports, authorised.text("authorisation_id"), (reference,))
    if not outcomes:
        return Busy(f"{reference} is being countersigned by another worker")
    (outcome,) = outcomes
    return None if outcome.signed is not None else ContreseingError(outcome.failure, code=outcome.failure_code)


_STEPS: Mapping[str, Callable[[Ports, str], ContreseingError | None]] = {
    "prepare": prepare_or_request,
    "invite": invite,
    "finish_signature": finish_signature,
    "keep_member_file": keep_member_file,
    TRAIL: close_trail,
    "countersign": _countersign,
    "archive": archive,
    "activate": activate,
}
