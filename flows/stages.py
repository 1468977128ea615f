"""Stages: one step over a chunk of agreements, as one task run.

An agreement that fails is flagged with its reason and left for a person; its chunk goes on. The task itself fails, and is
tried again, only when what it depends on is down: several agreements in a row got no answer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from contreseing.wiring import current_ports
from conventions.agreements import Stage as ArtefactStage
from conventions.errors import Busy, ContreseingError, EvidenceBroken, NotFound, RuleRefused, UpstreamUnavailable
from conventions.ports.system import Ports
from conventions.recording import quarantine, record_failure
from conventions.signatures import CountersignOutcome
from conventions.steps.activate import activate
from conventions.steps.archive import archive
from conventions.steps.countersign import countersign
from conventions.steps.draft import KEPT_OUT, draft
from conventions.steps.invite import invite
from conventions.steps.prepare import prepare
from conventions.steps.request_data import request_data
from conventions.steps.restamp import restamp
from flows.chunks import chunks

DOWN_AFTER = 3
"""Agreements in a row without an answer, after which everything is taken to be down."""

ARCHIVED_AT_ONCE = 4
"""Archiving waits for the store some forty times an agreement: what several wait for together, none waits for alone."""

DRAFT_STEP = "draft"
RETRY_DELAYS_SECONDS = (2, 10, 30)

logger = logging.getLogger("flows.stages")


@dataclass(frozen=True)
class Outcome:
    """What a stage made of its chunk.

    ``done`` goes on to the next stage; ``held`` goes no further here (the member was asked for data, or has an agreement by another
    campaign); ``waiting`` is left
    to the sweep; ``failed`` is flagged. The last two are (reference, code).
    """

    done: tuple[str, ...] = ()
    held: tuple[str, ...] = ()
    waiting: tuple[tuple[str, str], ...] = ()
    failed: tuple[tuple[str, str], ...] = ()


Work = Callable[[Ports, Sequence[str]], Outcome]


@dataclass(frozen=True)
class Stage:
    """A stage: the step's identifier, the verb that an agent reads, and the work over a chunk of agreements or members."""

    step: str
    verb: str
    work: Work


def one_by_one(step: str, act: Callable[[Ports, str], str | None], *, at_once: int = 1) -> Work:
    """Return the work that takes a step on each item; ``act`` returns the reference that goes on, or None to hold it.

    ``at_once`` items are under way together, for steps that mostly wait for something outside; their outcomes are told in order.
    """

    def attempt(ports: Ports, item: str) -> str | ContreseingError | None:
        try:
            return act(ports, item)
        except Exception as error:  # noqa: BLE001 one item's failure is its own
            return _as_known(error, step, item)

    def work(ports: Ports, items: Sequence[str]) -> Outcome:
        done: list[str] = []
        held: list[str] = []
        waiting: list[tuple[str, str]] = []
        failed: list[tuple[str, str]] = []
        unanswered = 0
        with ThreadPoolExecutor(at_once, "stage") as threads:
            for part in chunks(items, at_once):
                for item, result in zip(part, threads.map(partial(attempt, ports), part), strict=True):
                    if isinstance(result, Busy):
                        waiting.append((item, result.code))
                    elif isinstance(result, ContreseingError) and result.retryable:
                        waiting.append((item, result.code))
                        unanswered += 1
                        if unanswered == min(DOWN_AFTER, len(items)):
                            raise result
                    else:
                        unanswered = 0
                        if isinstance(result, ContreseingError):
                            _flag(ports, item, step, result)
                            failed.append((item, result.code))
                        else:
                            (held if result is None else done).append(result or item)
        return Outcome(tuple(done), tuple(held), tuple(waiting), tuple(failed))

    return work


def countersigning(authorisation_id: str) -> Work:
    """Return the work that countersigns a chunk of a ceremony in one batch.

    Raises:
        UpstreamUnavailable: nothing could be signed because something outside is down.
    """

    def work(ports: Ports, references: Sequence[str]) -> Outcome:
        refused: ContreseingError | None = None
        outcomes: Sequence[CountersignOutcome] = ()
        try:
            outcomes = countersign(ports, authorisation_id, references)
        except ContreseingError as error:
            if error.retryable:
                raise
            logger.warning("countersign: ceremony %s: %s", authorisation_id, error.code)
            refused = error
        with ports.registry.read() as tx:
            done = tuple(one.reference for one in tx.agreements_named(references) if one.artefact(ArtefactStage.SEALED) is not None)
        if refused is not None:
            return Outcome(done, failed=tuple(_refused(ports, refused, [item for item in references if item not in done])))
        unsigned = [(outcome.reference, outcome.failure_code, outcome.retryable) for outcome in outcomes if outcome.signed is None]
        if unsigned and not done and all(is_retryable for _, _, is_retryable in unsigned):
            raise UpstreamUnavailable(f"ceremony {authorisation_id}: nothing could be signed", code=unsigned[0][1])
        waiting = tuple((reference, code) for reference, code, is_retryable in unsigned if is_retryable)
        failed = tuple((reference, code) for reference, code, is_retryable in unsigned if not is_retryable)
        return Outcome(done, (), waiting, failed)

    return work


def _refused(ports: Ports, error: ContreseingError, references: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Flag what a whole batch's refusal leaves; an expired ceremony is no failure, its documents are back on the desk."""
    for reference in references if not isinstance(error, RuleRefused) else ():
        _flag(ports, reference, "countersign", error)
        yield reference, error.code


def drafting(campaign_id: str) -> Stage:
    """Return the stage that drafts a campaign's agreements; its items are members' ids."""

    def act(ports: Ports, member_id: str) -> str | None:
        try:
            return draft(ports, campaign_id, member_id)
        except RuleRefused as error:
            if error.code != KEPT_OUT:
                raise
            return None  # another campaign drafted for that member since the list was made

    return Stage(DRAFT_STEP, "Ouvrir", one_by_one(DRAFT_STEP, act))


def _prepare(ports: Ports, reference: str) -> str | None:
    if request_data(ports, reference):
        return None
    prepare(ports, reference)
    return reference


def _each(step: Callable[[Ports, str], object]) -> Callable[[Ports, str], str]:
    def act(ports: Ports, reference: str) -> str:
        step(ports, reference)
        return reference

    return act


PREPARE = Stage("prepare", "Mettre en page", one_by_one("prepare", _prepare))
INVITE = Stage("invite", "Inviter", one_by_one("invite", _each(invite)))
ARCHIVE = Stage("archive", "Archiver", one_by_one("archive", _each(archive), at_once=ARCHIVED_AT_ONCE))
RESTAMP = Stage("restamp", "Renouveler l'horodatage", one_by_one("restamp", _each(restamp)))
ACTIVATE = Stage("activate", "Ouvrir les services", one_by_one("activate", _each(activate)))


def _as_known(error: Exception, step: str, item: str) -> ContreseingError:
    if isinstance(error, ContreseingError):
        return error
    logger.error("%s: %s: unexpected %s", step, item, type(error).__name__, exc_info=error)
    return ContreseingError(f"{step}: unexpected {type(error).__name__}")


def _flag(ports: Ports, item: str, step: str, error: ContreseingError) -> None:
    with suppress(NotFound):  # a member whose agreement could not be drafted has none to flag
        if isinstance(error, EvidenceBroken):  # nothing moves it any more before a person has decided
            quarantine(ports, item, error.code)
        record_failure(ports, item, step, error)


def _is_retryable(_task: object, _run: TaskRun, state: State[Any]) -> bool:
    return isinstance(state.data, ContreseingError) and state.data.retryable


@task(
    retries=len(RETRY_DELAYS_SECONDS),
    retry_delay_seconds=list(RETRY_DELAYS_SECONDS),
    retry_condition_fn=_is_retryable,
    cache_policy=NO_CACHE,
    persist_result=False,
    task_run_name="{title}",
)
async def run_stage(title: str, stage: Stage, items: Sequence[str], after: Outcome | None) -> Outcome:
    """Take a stage's step over a chunk, in a thread; ``after`` is the stage before, so that the run's graph shows the order."""
    del title, after
    return await asyncio.to_thread(stage.work, current_ports(), items)
