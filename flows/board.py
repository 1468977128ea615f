"""The board: each agreement's tracker in Prefect, made to say what the registry says.

A mirror pass reads the registry, and for each agreement whose shown state is not its state: (1) notes in the registry that
its tracker is being changed, (2) creates or moves the tracker, its tags and its history, (3) notes what is now shown. A pass
that dies between (1) and (3) leaves a mark; the next one reads what stands before it writes again, so that no line of history
is written twice. Nothing here decides anything, and failing to show never fails the work.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from conventions.errors import Busy
from conventions.ports.registry import ShownState
from conventions.ports.system import Ports
from conventions.status import Status
from flows.chunks import chunks
from flows.names import STATE_NAMES, TRACKER_STATES, TrackerState, agreement_address, tracker_key
from flows.rows import LARGEST_AUTO_CAMPAIGN, Row, RowReader, Shown, Trackers
from flows.tracker_api import CHANGED_AT_ONCE, NewTracker, TrackerApi

CLAIM = "board"
CLAIM_LEASE = timedelta(minutes=2)
PAUSE_SECONDS = 1.0

logger = logging.getLogger("flows.board")


@dataclass
class MirrorReport:
    """What mirrors did: trackers changed, passes that failed, and the kind of the last failure."""

    changed: int = 0
    failures: int = 0
    last_failure: str = ""


@dataclass
class Board:
    """Mirrors agreements on behalf of one flow run; ``report`` adds up what its passes did."""

    ports: Ports
    trackers: Trackers = Trackers.AUTO
    api_url: str | None = None
    largest_auto: int = LARGEST_AUTO_CAMPAIGN
    report: MirrorReport = field(default_factory=MirrorReport)
    _known: dict[str, str] = field(default_factory=dict)

    async def mirror(self, references: Sequence[str] | None = None, *, passes: int = 1) -> bool:
        """Show these agreements (all, when None) as they are; never raises; False when something remains to be shown.

        What one pass leaves (the server was busy, or another flow run holds the board) is taken by the next, or the sweep.
        """
        for attempt in range(passes):
            if attempt:
                await asyncio.sleep(PAUSE_SECONDS * attempt)
            try:
                if await self._pass(references):
                    return True
            except Busy:
                continue
            except Exception as error:  # noqa: BLE001 failing to show never fails the work: it is counted, and the sweep repeats it
                self.report.failures += 1
                self.report.last_failure = type(error).__name__
                logger.warning("board: a mirror failed: %s", type(error).__name__)
        return False

    async def put_right(self) -> int:
        """Undo what was done to trackers by hand: states that are none of ours, cancellations, deletions; never raises.

        Returns how many trackers were marked to be shown again; the next mirror shows them.
        """
        if self.trackers is Trackers.OFF:
            return 0
        try:
            return await self._put_right()
        except Exception as error:  # noqa: BLE001 as in mirror
            self.report.failures += 1
            self.report.last_failure = type(error).__name__
            logger.warning("board: putting right failed: %s", type(error).__name__)
            return 0

    async def _pass(self, references: Sequence[str] | None) -> bool:
        if self.trackers is Trackers.OFF:
            return True
        holder = self.ports.secrets.random_id()
        complete = True
        async with TrackerApi(self.api_url) as api:
            fence = await asyncio.to_thread(self._claim, holder)
            try:
                reader = RowReader(self.ports, self.trackers, references, self.largest_auto)
                while (rows := await asyncio.to_thread(reader.next_rows)) is not None:
                    for part in chunks(rows, CHANGED_AT_ONCE):
                        fence = await asyncio.to_thread(self._claim, holder)
                        complete &= await self._show(api, part)
                self._known = reader.known_runs if references is None else self._known
            finally:
                await asyncio.to_thread(self._release, fence)
        return complete

    async def _show(self, api: TrackerApi, rows: Sequence[Row]) -> bool:
        await asyncio.to_thread(self._note, [(row.reference, replace(row.before, is_sure=False), row.run_id) for row in rows])
        runs = {row.reference: row.run_id for row in rows if row.run_id is not None}
        doubtful = {row.reference for row in rows if not row.before.is_sure}
        to_move = [row for row in rows if row.run_id is not None and not row.shows_its_state]
        new = [row for row in rows if row.run_id is None]
        if new:
            states = await self._create(api, new)
            runs |= {reference: run_id for reference, (run_id, _) in states.items()}
            found = [row for row in new if row.reference in states and states[row.reference][1] != row.state.name]
            to_move += found  # a tracker of another day, which a creation under the same key returned as it was
            doubtful |= {row.reference for row in found}
        gone = await self._move(api, to_move, runs)
        shown = [row for row in rows if row.reference in runs]
        lines = [(runs[row.reference], line) for row in shown for line in row.lines(self.ports.rules.address("office"))]
        if doubtful:
            written = await api.written_lines([runs[row.reference] for row in shown if row.reference in doubtful])
            lines = [(run_id, line) for run_id, line in lines if (run_id, line.at, line.text) not in written]
        await api.add_lines(lines)
        notes = [(row.reference, row.wanted, runs[row.reference]) for row in shown] + [(reference, Shown(), None) for reference in gone]
        await asyncio.to_thread(self._note, notes)
        self.report.changed += len(shown)
        return len(shown) == len(rows)

    async def _create(self, api: TrackerApi, rows: Sequence[Row]) -> dict[str, tuple[str, str]]:
        """Create trackers; returns (run, the name of its state) by reference, without those that the server refused."""
        trackers = [
            NewTracker(
                key=tracker_key(row.reference),
                name=f"{row.reference} · {row.organisation}",
                state=row.state,
                message=row.message,
                tags=row.tags,
                parameters={
                    "agreement": row.reference,
                    "organisation": row.organisation,
                    "office": agreement_address(self.ports.rules.address("office"), row.reference),
                },
            )
            for row in rows
        ]
        created = await api.create(await api.ensure_board(), trackers)
        names = await api.state_names(list(created.values()))
        by_key = {tracker_key(row.reference): row.reference for row in rows}
        return {by_key[key]: (run_id, names[run_id]) for key, run_id in created.items() if run_id in names}

    async def _move(self, api: TrackerApi, rows: Sequence[Row], runs: dict[str, str]) -> set[str]:
        """Move trackers and their tags; takes those that did not move out of ``runs`` and returns those that are gone."""
        groups: dict[tuple[TrackerState, str], list[Row]] = {}
        for row in rows:
            groups.setdefault((row.state, row.message), []).append(row)
        gone: set[str] = set()
        for (state, message), group in groups.items():
            moved, missing = await api.move([runs[row.reference] for row in group], state, message)
            for row in group:
                run_id = runs[row.reference]
                if run_id in moved:
                    await api.set_tags(run_id, row.tags)
                else:
                    del runs[row.reference]
                if run_id in missing:
                    gone.add(row.reference)
        return gone

    async def _put_right(self) -> int:
        async with TrackerApi(self.api_url) as api:
            board_id = await api.ensure_board()
            strays = await api.trackers_named(board_id, none_of=STATE_NAMES)
            strays += await api.trackers_named(board_id, any_of=[TRACKER_STATES[Status.CANCELLED].name])
            moved_by_hand = {stray.run_id for stray in strays}
            known = self._known
            deleted: set[str] = set()
            if await api.count(board_id) < len(known):
                deleted = set(known) - set(await api.state_names(list(known)))
        return await asyncio.to_thread(self._doubt, {known[run] for run in moved_by_hand if run in known}, {known[run] for run in deleted})

    # ------------------------------------------------------------------------------------------ the registry's side
    def _claim(self, holder: str) -> int:
        now = self.ports.clock.now()
        with self.ports.registry.write() as tx:
            return tx.claim(CLAIM, holder, now, now + CLAIM_LEASE)

    def _release(self, fence: int) -> None:
        with self.ports.registry.write() as tx:
            tx.release_claim(CLAIM, fence)

    def _note(self, notes: Sequence[tuple[str, Shown, str | None]]) -> None:
        with self.ports.registry.write() as tx:
            for reference, shown, run_id in notes:
                tx.set_shown_state(ShownState(reference, shown.render(), run_id))

    def _doubt(self, moved: set[str], deleted: set[str]) -> int:
        count = 0
        with self.ports.registry.write() as tx:
            for reference in sorted(moved | deleted):
                if reference in deleted:
                    tx.set_shown_state(ShownState(reference, Shown().render(), None))
                    count += 1
                    continue
                state = tx.shown_state(reference)
                shown = Shown.parse(state.shown)
                if shown.status != Status.CANCELLED or shown.flag:
                    tx.set_shown_state(ShownState(reference, replace(shown, is_sure=False).render(), state.run_id))
                    count += 1
        return count
