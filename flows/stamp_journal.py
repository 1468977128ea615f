"""The flow of every night: give the journal a head that each authority stamped, and check the journal against the archive."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from contreseing.wiring import current_ports
from conventions.fault_labels import TAMPERING_LABELS
from conventions.french import NO_BREAK, counted, format_instant
from conventions.journal.verification import JournalFinding
from conventions.steps.alert_journal import alert_journal
from conventions.steps.purge_personal import purge_personal
from conventions.steps.stamp_journal import stamp_journal as stamp
from conventions.steps.verify_journal import JournalCheck, verify_journal
from flows.reports import LISTED
from flows.rows import Trackers
from flows.turns import one_at_a_time

RETRIES, WAIT_SECONDS = 5, 300
KEY = "journal"


@flow(name="stamp-journal", flow_run_name="Horodatage du journal", persist_result=False)
@one_at_a_time
async def stamp_journal(trackers: Trackers = Trackers.AUTO) -> State[Any]:
    """Archive les événements de la journée, fait horodater le journal par chaque autorité, et le compare à l’archive.

    Les adresses et navigateurs des visites dont la durée de conservation est passée sont oubliés ; aucune preuve n’en dépend.
    """
    del trackers  # every deployment has this parameter; nothing is shown on the board here
    made = await stamp_new_events()
    await forget_old_visits()
    check = await check_journal()
    text = render_check(check)
    await acreate_markdown_artifact(text, key=KEY, description="Le journal")
    if not check.holds:
        await tell_agents(check)
        return Failed(message=f"Journal altéré{NO_BREAK}: {counted(len(check.findings), 'anomalie', 'anomalies')}.")
    return Completed(message=f"{counted(made, 'événement horodaté', 'événements horodatés')}, journal intact.")


@task(cache_policy=NO_CACHE, persist_result=False, retries=RETRIES, retry_delay_seconds=WAIT_SECONDS, task_run_name="Horodater")
async def stamp_new_events() -> int:
    """Stamp what is new, in a thread; tried again for half an hour when an authority or the archive is away."""
    heads = await asyncio.to_thread(stamp, current_ports())
    return sum(head.size - head.previous_size for head in heads)


@task(cache_policy=NO_CACHE, persist_result=False, retries=RETRIES, retry_delay_seconds=WAIT_SECONDS, task_run_name="Oublier")
async def forget_old_visits() -> int:
    """Forget the details of visits whose time is over, in a thread."""
    return await asyncio.to_thread(purge_personal, current_ports())


@task(cache_policy=NO_CACHE, persist_result=False, retries=RETRIES, retry_delay_seconds=WAIT_SECONDS, task_run_name="Relire le journal")
async def check_journal() -> JournalCheck:
    """Check all of the journal, in a thread."""
    return await asyncio.to_thread(verify_journal, current_ports())


@task(cache_policy=NO_CACHE, persist_result=False, retries=RETRIES, retry_delay_seconds=WAIT_SECONDS, task_run_name="Alerter")
async def tell_agents(check: JournalCheck) -> None:
    """Have the agents told by mail, in a thread."""
    await asyncio.to_thread(alert_journal, current_ports(), check)


def render_check(check: JournalCheck) -> str:
    """Render what was found (Markdown)."""
    parts = ["# Le journal", f"{check.size} événements relus, {len(check.heads)} empreintes horodatées."]
    if check.heads:
        last = check.heads[-1]
        parts.append(f"Dernière empreinte{NO_BREAK}: {last.size} événements, le {format_instant(last.at)}, `{last.root_sha256}`.")
    if check.left:
        parts.append(
            f"Empreintes d’un journal perdu, repris d’après l’archive{NO_BREAK}: {len(check.left)}. Il n’y a plus rien à leur comparer."
        )
    parts.append("Le journal est intact." if check.holds else f"## Anomalies{NO_BREAK}: {len(check.findings)}")
    if not check.holds:
        rows = [_row(finding) for finding in check.findings[:LISTED]]
        parts.append("\n".join(["| Nature | Rang | Événement |", "|---|---:|---|", *rows]))
    return "\n\n".join(parts) + "\n"


def _row(finding: JournalFinding) -> str:
    index = "" if finding.index is None else str(finding.index)
    return f"| {TAMPERING_LABELS[finding.tampering]} | {index} | {finding.event_id or ''} |"
