"""The course of a flow run: chunks through their stages, the board after each, and the report at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.artifacts import acreate_markdown_artifact, acreate_progress_artifact, aupdate_progress_artifact
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from conventions.errors import ContreseingError, UpstreamUnavailable
from conventions.french import NO_BREAK, counted
from conventions.ports.system import Ports
from conventions.status import Status
from flows.board import Board
from flows.history import INFORMATION, WARNING, HistoryLine, failure_words, reason
from flows.reports import Standing, artifact_key, render_report, standing_of
from flows.rows import Trackers
from flows.stages import DRAFT_STEP, Outcome, Stage, run_stage
from flows.tracker_api import TrackerApi

LAST_MIRROR_PASSES = 5
SETTLING_LOOK = timedelta(seconds=1)

logger = logging.getLogger("flows.pipeline")


@dataclass
class Pipeline:
    """One flow run's work: ``title`` heads its report, ``key`` begins its artifacts' keys, ``total`` counts its items.

    ``settles_in`` is for work whose agreements move once more by themselves soon after (orders are acknowledged): each chunk
    is then shown after the next one, and the last once it has moved, or after that long, so that most trackers skip a state.
    ``aside`` is a sentence about what the work leaves out.
    """

    ports: Ports
    board: Board
    title: str
    key: str
    total: int
    failed: list[tuple[str, str]] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)
    settles_in: timedelta = timedelta(0)
    aside: str = ""
    interruption: ContreseingError | None = None
    _treated: int = 0
    _to_show: set[str] = field(default_factory=set)
    _progress: UUID | None = None

    async def run(self, items: Sequence[str], stages: Sequence[Stage]) -> None:
        """Take a chunk through its stages and show it.

        When what the work depends on is down, nothing more is begun: ``interruption`` says why, and nothing is lost.
        """
        outcome: Outcome | None = None
        going, touched = items, set(items)
        said: list[tuple[int, str]] = []
        for stage in stages:
            if self.interruption is not None or not going:
                break
            try:
                outcome = await run_stage(title_of(stage, going), stage, going, outcome)
            except ContreseingError as error:
                if not error.retryable:
                    raise
                self.interruption = error
                break
            going = outcome.done
            touched.update(outcome.done)
            self.waiting += outcome.waiting
            self.failed += outcome.failed
            said += told_of(stage, outcome)
        self._treated += len(items)
        before, self._to_show = self._to_show, self._to_show | touched
        await self._show(before if self.settles_in else self._to_show)
        await quietly(lambda: self._tell(said))
        await quietly(self._advance)

    async def draft(self, members: Sequence[str], stage: Stage) -> None:
        """Draft a chunk of members, and nothing more: the rest is resumed."""
        if self.interruption is None:
            try:
                await run_stage(title_of(stage, members), stage, members, None)
            except ContreseingError as error:
                if not error.retryable:
                    raise
                self.interruption = error

    async def end(self, read_standing: Callable[[], Standing], campaign_id: str | None) -> State[Any]:
        """Show what is left to be shown, write the report, and return the run's last state with a sentence in French."""
        standing = Standing()
        try:
            await self._settle()
            standing = await asyncio.to_thread(read_standing)
        except UpstreamUnavailable as error:
            self.interruption = self.interruption or error
        await self._show(self._to_show, passes=LAST_MIRROR_PASSES)
        notes = [interruption_sentence(self.interruption)] if self.interruption is not None else []
        notes += [self.aside] if self.aside else []
        notes += [f"Au prochain passage{NO_BREAK}: {counted(len(self.waiting), 'dossier', 'dossiers')}."] if self.waiting else []
        notes += [f"Échec pour {item}{NO_BREAK}: {reason(code)}" for item, code in self.failed if item not in standing.references]
        if self.board.report.failures:
            missed = counted(self.board.report.failures, "passage manqué", "passages manqués")
            notes.append(f"Affichage en retard, {missed}{NO_BREAK}: le prochain le reprend.")
        office = self.ports.rules.address("office")
        report = render_report(self.title, standing, office, campaign_id, notes)
        await quietly(lambda: acreate_markdown_artifact(report, key=self.key, description=self.title))
        if self.interruption is not None:
            return Failed(message=interruption_sentence(self.interruption))
        summary = counted(self._treated, "dossier traité", "dossiers traités")
        message = f"{summary}, {counted(len(standing.troubles), 'dossier', 'dossiers')} à regarder."
        return Completed(message=f"{message} {self.aside}".rstrip())

    async def _show(self, references: set[str], passes: int = 1) -> None:
        if references and await self.board.mirror(sorted(references), passes=passes):
            self._to_show = self._to_show - references

    async def _settle(self) -> None:
        """Wait while an agreement to be shown is archived and not yet active, no longer than ``settles_in``."""
        if self.board.trackers is Trackers.OFF:
            return
        for _ in range(int(self.settles_in / SETTLING_LOOK)):
            if not await asyncio.to_thread(self._is_settling, sorted(self._to_show)):
                return
            await asyncio.sleep(SETTLING_LOOK.total_seconds())

    def _is_settling(self, references: Sequence[str]) -> bool:
        return standing_of(self.ports, references).counts[Status.ARCHIVED] > 0

    async def _tell(self, said: Sequence[tuple[int, str]]) -> None:
        """Write lines on this run's own page."""
        now, run_id = self.ports.clock.now(), flow_run.id
        if run_id is not None:
            async with TrackerApi(self.board.api_url) as api:
                await api.add_lines([(run_id, HistoryLine(now + timedelta(microseconds=n), *line)) for n, line in enumerate(said)])

    async def _advance(self) -> None:
        done = min(100.0, 100.0 * self._treated / self.total) if self.total else 100.0
        if self._progress is None:
            key = artifact_key(self.key, "avancement")
            self._progress = _id_of(await acreate_progress_artifact(done, key=key, description=f"Avancement{NO_BREAK}: {self.title}"))
        else:
            await aupdate_progress_artifact(self._progress, done)


def title_of(stage: Stage, items: Sequence[str]) -> str:
    """Name a task run by its verb, how many agreements, and which (members have no reference yet).

    In ASCII alone: the letters of the run's graph have no other character, and drop it.
    """
    if stage.step == DRAFT_STEP:
        return f"{stage.verb} {counted(len(items), 'dossier', 'dossiers')}".replace(NO_BREAK, " ")
    span = items[0] if len(items) == 1 else f"{items[0]} ... {items[-1]}"
    return f"{stage.verb} {span} ({len(items)})"


def told_of(stage: Stage, outcome: Outcome) -> list[tuple[int, str]]:
    """Say what a stage made of its chunk: one line, and one for each failure, as (level, text)."""
    parts = [counted(len(outcome.done), "fait", "faits")]
    if outcome.held and stage.step == DRAFT_STEP:
        parts.append(f"{counted(len(outcome.held), 'laissé', 'laissés')} de côté")
    elif outcome.held:
        parts.append(f"{counted(len(outcome.held), 'attend', 'attendent')} des informations du membre")
    parts += [f"{counted(len(outcome.waiting), 'repris', 'repris')} plus tard"] if outcome.waiting else []
    parts += [counted(len(outcome.failed), "échec", "échecs")] if outcome.failed else []
    lines = [(INFORMATION, f"{stage.verb}{NO_BREAK}: {', '.join(parts)}.")]
    return lines + [(WARNING, f"{item}{NO_BREAK}: {failure_words(stage.step, code)}") for item, code in outcome.failed]


def interruption_sentence(error: ContreseingError) -> str:
    """Say why a run stopped before its end, and what happens next."""
    return f"Interrompu{NO_BREAK}: {reason(error.code)} Ce qui reste sera repris au prochain passage."


async def quietly(show: Callable[[], Awaitable[object]]) -> None:
    """Show something in Prefect; a failure to show is logged and never fails the work."""
    try:
        await show()
    except Exception as error:  # noqa: BLE001 whatever Prefect answers
        logger.warning("not shown: %s", type(error).__name__)


def _id_of(value: object) -> UUID:
    if not isinstance(value, UUID):
        msg = f"Prefect returned no artifact id but {type(value).__name__}"
        raise TypeError(msg)
    return value
