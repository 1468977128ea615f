"""The flow of every night: read the archive again and compare it with the registry, its indexes, the journal and its locks."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from contreseing.wiring import current_ports
from conventions.archive_faults import ArchiveFault
from conventions.fault_labels import FAULT_LABELS
from conventions.french import NO_BREAK, counted
from conventions.steps.check_archive import FOR_NO_QUARANTINE, ArchiveCheck
from conventions.steps.check_archive import check_archive as check
from flows.reports import LISTED, render_link
from flows.rows import Trackers
from flows.turns import one_at_a_time

RETRIES, WAIT_SECONDS = 3, 300
KEY = "archive"


@flow(name="check-archive", flow_run_name="Vérification de l’archive", persist_result=False)
@one_at_a_time
async def check_archive(trackers: Trackers = Trackers.AUTO, sample: int | None = None) -> State[Any]:
    """Relit des dossiers de l’archive tirés au sort (autant que le réglage, tous avec 0) ; met de côté ce qui diffère."""
    del trackers  # every deployment has this parameter; nothing is shown on the board here
    found = await read_again(current_ports().rules.folders_checked if sample is None else sample)
    await acreate_markdown_artifact(render_check(found, current_ports().rules.address("office")), key=KEY, description="L’archive")
    if found.findings:
        said = "à compléter" if all(one.fault in FOR_NO_QUARANTINE for one in found.findings) else "altérée"
        return Failed(message=f"Archive {said}{NO_BREAK}: {counted(len(found.findings), 'anomalie', 'anomalies')}.")
    return Completed(message=f"{counted(found.folders, 'dossier relu', 'dossiers relus')}, archive intacte.")


@task(cache_policy=NO_CACHE, persist_result=False, retries=RETRIES, retry_delay_seconds=WAIT_SECONDS, task_run_name="Relire l'archive")
async def read_again(sample: int) -> ArchiveCheck:
    """Check as many folders as asked (all with 0), in a thread; tried again when a store is away."""
    return await asyncio.to_thread(lambda: check(current_ports(), sample=sample or None))


def render_check(found: ArchiveCheck, office: str) -> str:
    """Render what was found (Markdown)."""
    parts = ["# L’archive", f"{found.folders} dossiers et {found.objects} objets relus dans {counted(found.stores, 'dépôt', 'dépôts')}."]
    parts += [f"Le dépôt {rank} n’a pas répondu jusqu’au bout{NO_BREAK}: le contrôle est à refaire pour lui." for rank in found.away]
    if any(one.fault is ArchiveFault.NOT_COPIED for one in found.findings):
        parts.append(f"Ce qui manque à un dépôt est intact dans l’autre{NO_BREAK}: à recopier par `contreseing archive repair`.")
    if found.holds:
        parts.append("L’archive est intacte.")
    else:
        parts.append(f"## Anomalies{NO_BREAK}: {len(found.findings)}")
        rows = [
            f"| {render_link(one.reference, office)} | {FAULT_LABELS[one.fault]} | {one.store} | `{one.key}` |"
            for one in found.findings[:LISTED]
        ]
        parts.append("\n".join(["| Référence | Anomalie | Dépôt | Objet |", "|---|---|---:|---|", *rows]))
    return "\n\n".join(parts) + "\n"
