"""The course of a flow run: chunks through their stages, the board after each, and the report at the end."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from prefect.artifacts import acreate_markdown_artifact, acreate_progress_artifact, aupdate_progress_artifact
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from conventions.errors import ContreseingError
from conventions.french import NO_BREAK
from conventions.ports.system import Ports
from flows.board import Board
from flows.history import reason
from flows.reports import Standing, artifact_key, counted, render_report
from flows.stages import Outcome, Stage, run_stage

LAST_MIRROR_PASSES = 5

logger = logging.getLogger("flows.pipeline")


@dataclass
class Pipeline:
    """One flow run's work: ``title`` heads its report, ``key`` begins its artifacts' keys, ``total`` counts its items."""

    ports: Ports
    board: Board
    title: str
    key: str
    total: int
    failed: list[tuple[str, str]] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)
    interruption: ContreseingError | None = None
    _treated: int = 0
    _touched: set[str] = field(default_factory=set)
    _progress: UUID | None = None

    async def run(self, items: Sequence[str], stages: Sequence[Stage]) -> None:
        """Take a chunk through its stages and show it.

        When what the work depends on is down, nothing more is begun: ``interruption`` says why, and nothing is lost.
        """
        outcome: Outcome | None = None
        going, touched = items, set(items)
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
        self._touched |= touched
        self._treated += len(items)
        await self.board.mirror(sorted(touched))
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

    async def end(self, standing: Standing, campaign_id: str | None) -> State[Any]:
        """Show what is left to be shown, write the report, and return the run's last state with a sentence in French."""
        await self.board.mirror(sorted(self._touched), passes=LAST_MIRROR_PASSES)
        notes = [interruption_sentence(self.interruption)] if self.interruption is not None else []
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
        return Completed(message=f"{summary}, {counted(len(standing.troubles), 'dossier', 'dossiers')} à regarder.")

    async def _advance(self) -> None:
        done = min(100.0, 100.0 * self._treated / self.total) if self.total else 100.0
        if self._progress is None:
            key = artifact_key(self.key, "avancement")
            self._progress = _id_of(await acreate_progress_artifact(done, key=key, description=f"Avancement{NO_BREAK}: {self.title}"))
        else:
            await aupdate_progress_artifact(self._progress, done)


def title_of(stage: Stage, items: Sequence[str]) -> str:
    """Name a task run by its verb and its chunk."""
    span = items[0] if len(items) == 1 else f"{items[0]} à {items[-1]}"
    return f"{stage.verb} {span} ({len(items)})"


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
