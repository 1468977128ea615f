"""The flow of a campaign: open each member's file, prepare its document, invite its representative."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from contreseing.wiring import current_ports
from conventions.sentences import left_out_sentence
from conventions.steps.draft import members_left_out, members_to_draft
from conventions.steps.resume import standing
from flows.board import Board
from flows.chunks import chunks
from flows.pipeline import Pipeline
from flows.reports import artifact_key, campaign_standing
from flows.rows import Trackers
from flows.stages import INVITE, PREPARE, drafting

UNFINISHED = frozenset({PREPARE.step, INVITE.step})


@flow(name="campaign", flow_run_name="Campagne {campaign_id}", persist_result=False)
async def campaign(campaign_id: str, trackers: Trackers = Trackers.AUTO) -> State[Any]:
    """Ouvre le dossier de chaque membre concerné, prépare sa convention et l’invite à signer.

    Un membre dont il manque des informations est prié de les donner, et attend. Un membre qui a déjà un document de même nature
    dans ce programme, par une autre campagne, est laissé de côté, et le compte en est dit. Relancer ce travail est sans risque :
    ce qui est fait n’est pas refait.
    """
    ports = current_ports()
    unfinished = [reference for reference, step in await asyncio.to_thread(standing, ports, campaign_id) if step in UNFINISHED]
    members = await asyncio.to_thread(members_to_draft, ports, campaign_id)
    left_out = await asyncio.to_thread(members_left_out, ports, campaign_id)
    aside = left_out_sentence(len(left_out)) if left_out else ""
    title, key = f"Campagne {campaign_id}", artifact_key("campagne", campaign_id)
    pipeline = Pipeline(ports, Board(ports, trackers), title, key, len(unfinished) + len(members), aside=aside)
    for part in chunks(unfinished):
        await pipeline.run(part, (PREPARE, INVITE))
    for part in chunks(members):
        await pipeline.run(part, (drafting(campaign_id), PREPARE, INVITE))
    return await pipeline.end(lambda: campaign_standing(ports, campaign_id), campaign_id)
