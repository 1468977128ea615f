"""The flow of every five minutes: resume what stands still, show what is not shown, tell what needs a person."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from contreseing.wiring import current_ports
from conventions.agreements import Campaign
from conventions.french import NO_BREAK, counted, paris_date
from conventions.outgoing import Outgoing
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.sentences import TEMPLATE_LABELS
from conventions.steps.draft import members_to_draft
from conventions.steps.resume import ResumeReport, resume
from flows.board import Board
from flows.chunks import chunks
from flows.history import reason, step_name
from flows.housekeeping import delete_old_sweeps, end_lost_runs
from flows.pipeline import Pipeline, quietly
from flows.reports import Standing, campaign_standing, render_link, render_troubles
from flows.rest import PrefectRest
from flows.rows import Trackers
from flows.stages import drafting
from flows.turns import one_at_a_time

PASSES = 3
"""Times that the board is shown again while Prefect, busy for a moment, refuses some of it; the next sweep is five minutes away."""
KEY = "a-regarder"
TITLE = "Ce qui attend une personne"
RESUMED_AT_ONCE = 1_000


@flow(name="sweep", flow_run_name="Reprise et contrôle", persist_result=False)
@one_at_a_time
async def sweep(trackers: Trackers = Trackers.AUTO) -> State[Any]:
    """Reprend ce qui s’est arrêté, met à jour l’affichage et dresse la liste de ce qui attend une personne."""
    ports, board = current_ports(), Board(current_ports(), trackers)
    for campaign_id, members in (await asyncio.to_thread(undrafted, ports)).items():
        pipeline = Pipeline(ports, board, f"Campagne {campaign_id}", "", len(members))
        for part in chunks(members):
            await pipeline.draft(part, drafting(campaign_id))
    report = await resume_all()
    await board.mirror(passes=PASSES)
    if await board.put_right():
        await board.mirror(passes=PASSES)
    standing = await asyncio.to_thread(campaign_standing, ports, None)
    text = render_attention(standing, await asyncio.to_thread(_dead_letters, ports), report, ports.rules.address("office"))
    async with PrefectRest() as api:
        await quietly(lambda: _publish(api, text))
        await quietly(lambda: end_lost_runs(api, ports.clock.now()))
        await quietly(lambda: delete_old_sweeps(api, ports.clock.now()))
    resumed = counted(len(report.done), "étape reprise", "étapes reprises")
    return Completed(message=f"{resumed}, {counted(len(standing.troubles), 'dossier', 'dossiers')} à regarder.")


@task(cache_policy=NO_CACHE, persist_result=False, task_run_name="Reprendre le travail en attente")
async def resume_all() -> ResumeReport:
    """Take the next step of whatever stands still, in a thread."""
    return await asyncio.to_thread(resume, current_ports(), RESUMED_AT_ONCE)


def undrafted(ports: Ports) -> dict[str, list[str]]:
    """List the members that open campaigns still have to draft, by campaign: a campaign's flow that was killed leaves some."""
    with ports.registry.read() as tx:
        campaigns = [campaign.id for campaign in tx.campaigns() if _is_open(ports, tx, campaign)]
    found = {campaign_id: list(members_to_draft(ports, campaign_id)) for campaign_id in campaigns}
    return {campaign_id: members for campaign_id, members in found.items() if members}


def _is_open(ports: Ports, tx: Transaction, campaign: Campaign) -> bool:
    now = ports.clock.now()
    return now <= campaign.deadline and tx.programme(campaign.programme_id).is_open_on(paris_date(now))


def _dead_letters(ports: Ports) -> list[Outgoing]:
    with ports.registry.read() as tx:
        return list(tx.dead_letters())


def render_attention(standing: Standing, dead: list[Outgoing], report: ResumeReport, office: str) -> str:
    """Render what needs a person (Markdown): flagged agreements, dead letters, what is late, what waits for a service."""
    parts = [f"# {TITLE}", f"## Conventions{NO_BREAK}: {len(standing.troubles)}", render_troubles(standing.troubles, office)]
    parts.append(f"## Envois abandonnés{NO_BREAK}: {len(dead)}")
    if dead:
        rows = [
            f"| {render_link(item.reference, office)} | {TEMPLATE_LABELS[item.template]}"
            f" | {reason(item.last_error_code or 'internal')} | {item.attempts} |"
            for item in dead
        ]
        parts.append("\n".join(["| Référence | Envoi | Motif | Essais |", "|---|---|---|---:|", *rows]))
    if report.late_outgoing:
        late = counted(report.late_outgoing, "envoi attend", "envois attendent")
        parts.append(f"## En retard\n\n{late} depuis plus de deux minutes{NO_BREAK}: l’expéditeur est-il en marche{NO_BREAK}?")
    waiting = [item for item in report.waiting if item[0] not in standing.references]
    if waiting:
        rows = [f"| {render_link(reference, office)} | {step_name(step)} | {reason(code)} |" for reference, step, code in waiting]
        parts.append("## Repris au prochain passage\n\n" + "\n".join(["| Référence | Étape | Cause |", "|---|---|---|", *rows]))
    return "\n\n".join(parts) + "\n"


async def _publish(api: PrefectRest, text: str) -> None:
    """Publish the list when it changed: a new one each five minutes would bury the artifacts' history."""
    last = await api.send("GET", f"/artifacts/{KEY}/latest")
    if last is None or last["data"] != text:
        await acreate_markdown_artifact(text, key=KEY, description=TITLE)
