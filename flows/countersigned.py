"""The flow of a ceremony: countersign what it authorised, archive each file, order its services."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run

from contreseing.wiring import current_ports
from conventions.french import PARIS, format_date, paris_date
from flows.board import Board
from flows.chunks import chunks
from flows.pipeline import Pipeline
from flows.reports import artifact_key, standing_of
from flows.rows import Trackers
from flows.stages import ACTIVATE, ARCHIVE, Stage, countersigning

ORDERS_SETTLE_IN = timedelta(seconds=6)
"""The worker delivers orders within 2 s; after that long, the sweep shows what became of them."""


def _run_name() -> str:
    return title_of_ceremony(str(flow_run.parameters["authorisation_id"]))


@flow(name="countersigned", flow_run_name=_run_name, persist_result=False)
async def countersigned(authorisation_id: str, trackers: Trackers = Trackers.AUTO) -> State[Any]:
    """Contresigne, archive et active ce que le signataire a autorisé dans une cérémonie.

    Ce travail ne reçoit que l’identifiant de l’autorisation : les documents sont ceux de la liste scellée, et aucun autre.
    """
    ports = current_ports()
    references = await asyncio.to_thread(_references, authorisation_id)
    title, key = await asyncio.to_thread(title_of_ceremony, authorisation_id), artifact_key("contreseing", authorisation_id)
    pipeline = Pipeline(ports, Board(ports, trackers), title, key, len(references), settles_in=ORDERS_SETTLE_IN)
    stages = (Stage("countersign", "Contresigner", countersigning(authorisation_id)), ARCHIVE, ACTIVATE)
    for part in chunks(references):
        await pipeline.run(part, stages)
    return await pipeline.end(lambda: standing_of(ports, references), None)


def title_of_ceremony(authorisation_id: str) -> str:
    """Name a ceremony by its day and hour in Paris."""
    with current_ports().registry.read() as tx:
        at = tx.authorisation(authorisation_id).at
    return f"Contreseing du {format_date(paris_date(at))} à {at.astimezone(PARIS):%H:%M}"


def _references(authorisation_id: str) -> list[str]:
    with current_ports().registry.read() as tx:
        return [item.reference for item in tx.authorisation(authorisation_id).items]
