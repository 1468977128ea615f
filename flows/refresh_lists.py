"""The flow of every night that fetches the trusted lists again, where the settings have a folder for them."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from contreseing.wiring import current_ports
from conventions.french import NO_BREAK, counted
from conventions.ports.lists import Lists
from conventions.steps.refresh_lists import ListsRefreshed
from conventions.steps.refresh_lists import refresh_lists as refresh
from flows.rows import Trackers
from flows.turns import one_at_a_time

RETRIES, WAIT_SECONDS = 3, 300
KEY = "lists"


@flow(name="refresh-lists", flow_run_name="Mise à jour des listes de confiance", persist_result=False)
@one_at_a_time
async def refresh_lists(trackers: Trackers = Trackers.AUTO) -> State[Any]:
    """Reprend les listes de confiance à leur source, vérifie qui les signe, et signale celles qui vieillissent."""
    del trackers  # every deployment has this parameter; nothing is shown on the board here
    lists = current_ports().lists
    if lists is None:
        return Completed(message="Aucune liste de confiance n’est demandée par les réglages.")
    found = await fetch_again(lists)
    await acreate_markdown_artifact(render_lists(found), key=KEY, description="Les listes de confiance")
    if not found.is_well:
        return Failed(message=f"Listes de confiance{NO_BREAK}: {counted(len(found.ageing), 'liste', 'listes')} à examiner.")
    return Completed(message=f"{counted(found.count, 'liste tenue', 'listes tenues')} à jour.")


@task(cache_policy=NO_CACHE, persist_result=False, retries=RETRIES, retry_delay_seconds=WAIT_SECONDS, task_run_name="Reprendre les listes")
async def fetch_again(lists: Lists) -> ListsRefreshed:
    """Refresh every list, in a thread; tried again when the registry is away."""
    return await asyncio.to_thread(refresh, current_ports(), lists)


def render_lists(found: ListsRefreshed) -> str:
    """Render what was found (Markdown)."""
    kept = counted(found.count, "liste gardée", "listes gardées")
    parts = ["# Les listes de confiance", f"{kept}, chacune signée par qui doit la signer."]
    if found.is_well:
        parts.append("Toutes sont à jour.")
    else:
        rows = [f"| {territory} | {what} |" for territory, what in found.ageing]
        parts.append("\n".join(["| Liste | À examiner |", "|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"
