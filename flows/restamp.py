"""The flow that renews archive time-stamps: every archived file whose stamp has come of age, week after week."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from contreseing.wiring import current_ports
from conventions.french import format_date, paris_date
from conventions.steps.restamp import references_to_restamp
from flows.board import Board
from flows.chunks import chunks
from flows.pipeline import Pipeline
from flows.reports import artifact_key, standing_of
from flows.rows import Trackers
from flows.stages import RESTAMP
from flows.turns import one_at_a_time


def _run_name() -> str:
    return f"Horodatages d’archive, {format_date(paris_date(current_ports().clock.now()))}"


@flow(name="restamp", flow_run_name=_run_name, persist_result=False)
@one_at_a_time
async def restamp(trackers: Trackers = Trackers.AUTO) -> State[Any]:
    """Renouvelle l’horodatage d’archive des fichiers qui en ont l’âge, ou dont le certificat d’horodatage approche de sa fin.

    Relancer ce travail est sans risque : ce qui est fait n’est pas refait, et rien n’est horodaté deux fois.
    """
    ports = current_ports()
    references = await asyncio.to_thread(references_to_restamp, ports)
    title = await asyncio.to_thread(_run_name)
    pipeline = Pipeline(ports, Board(ports, trackers), title, artifact_key("horodatages", "archive"), len(references))
    for part in chunks(references):
        await pipeline.run(part, (RESTAMP,))
    return await pipeline.end(lambda: standing_of(ports, references), None)
