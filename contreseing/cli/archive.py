"""``contreseing archive``: check everything that is kept, hold a folder, make its locks longer, list what no lock keeps."""

from __future__ import annotations

import csv
import getpass
import sys
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Annotated

import typer

from contreseing.cli.help import Commands
from contreseing.cli.opening import check_known, opened_ports
from contreseing.cli.words import err, out, save, tell
from contreseing.embedded.parts import PKI, S3
from conventions.archive_faults import ArchiveFault
from conventions.errors import EvidenceBroken
from conventions.fault_labels import FATE_LABELS, FAULT_LABELS
from conventions.french import counted, format_date, paris_date
from conventions.retention import FinalFate
from conventions.seda_reply import Outcome
from conventions.steps.acknowledge_transfer import acknowledge_transfer
from conventions.steps.check_archive import check_archive
from conventions.steps.hold import extend_locks, hold, let_go
from conventions.steps.list_eliminable import list_eliminable
from conventions.steps.repair_archive import repair_archive
from conventions.steps.transfer import transfer

NEEDED = (S3,)
SAMPLE, LISTED = 20, 200
STORES = {1: "premier", 2: "second"}
Reference = Annotated[str, typer.Argument(help="Référence d’une convention.")]
Reason = Annotated[str, typer.Option("--reason", help="Motif, gardé au journal.")]

archive = typer.Typer(cls=Commands, help="L’archive : la vérifier, geler un dossier, prolonger ses verrous.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.add_typer(archive, name="archive")


@archive.command("check")
def check(
    context: typer.Context,
    *,
    every: Annotated[bool, typer.Option("--all", help="Relire tous les dossiers.")] = False,
    sample: Annotated[int, typer.Option("--sample", min=1, help="Relire ce nombre de dossiers, tirés au sort.")] = SAMPLE,
) -> None:
    """Relit l’archive et la compare au registre, aux sommaires, au journal et aux verrous ; met de côté ce qui diffère."""
    with opened_ports(context.obj, NEEDED) as ports:
        found = check_archive(ports, sample=None if every else sample)
    for one in found.findings[:LISTED]:
        where = " (second dépôt)" if one.store > 1 else ""
        out.print(f"À signaler – {one.reference} : {FAULT_LABELS[one.fault]}{where} : {one.key}", markup=False)
    folders, objects = counted(found.folders, "dossier", "dossiers"), counted(found.objects, "objet", "objets")
    out.print(f"{folders} et {objects} relus, dans {counted(found.stores, 'dépôt', 'dépôts')}.")
    for rank in found.away:
        out.print(f"Le {STORES[rank]} dépôt n’a pas répondu jusqu’au bout : le contrôle est à refaire pour lui.")
    if any(one.fault is ArchiveFault.NOT_COPIED for one in found.findings):
        out.print("Ce qui manque à un dépôt est intact dans l’autre : lancez « contreseing archive repair » pour le recopier.")
    if found.findings:
        raise EvidenceBroken(f"{len(found.findings)} faults in the archive", code="archive.faults", count=len(found.findings))
    out.print("L’archive est intacte.")


@archive.command("repair")
def repair(context: typer.Context) -> None:
    """Recopie dans chaque dépôt ce qui lui manque et que l’autre a intact, verrous et gels compris ; interrompue, se reprend."""
    with opened_ports(context.obj, NEEDED) as ports:
        done = repair_archive(
            ports,
            lambda now: tell(
                f"{counted(now.folders, 'dossier vu', 'dossiers vus')}, {counted(now.copied, 'fichier recopié', 'fichiers recopiés')}"
            ),
        )
    for key in done.lost[:LISTED]:
        out.print(f"À signaler – aucun dépôt ne rend ce fichier tel qu’il a été écrit : {key}", markup=False)
    out.print(f"{counted(done.folders, 'dossier vu', 'dossiers vus')}, {counted(done.copied, 'fichier recopié', 'fichiers recopiés')}.")
    if done.lost:
        raise EvidenceBroken(f"{len(done.lost)} objects could not be copied", code="archive.not_repaired", count=len(done.lost))


@archive.command("hold")
def hold_folder(context: typer.Context, reference: Reference, reason: Reason) -> None:
    """Gèle un dossier : aucun de ses fichiers ne peut être détruit, même son verrou échu, jusqu’à « release »."""
    check_known(context.obj, reference)
    with opened_ports(context.obj, NEEDED) as ports:
        count = hold(ports, reference, reason, getpass.getuser())
    out.print(f"{reference} : {counted(count, 'fichier gelé', 'fichiers gelés')}.", markup=False)


@archive.command("release")
def release_folder(context: typer.Context, reference: Reference, reason: Reason) -> None:
    """Met fin au gel d’un dossier ; ses verrous restent."""
    check_known(context.obj, reference)
    with opened_ports(context.obj, NEEDED) as ports:
        count = let_go(ports, reference, reason, getpass.getuser())
    out.print(f"{reference} : {counted(count, 'fichier dégelé', 'fichiers dégelés')}.", markup=False)


@archive.command("extend")
def extend(
    context: typer.Context,
    reference: Reference,
    until: Annotated[datetime, typer.Option("--until", formats=["%Y-%m-%d"], help="Dernier jour sous verrou (AAAA-MM-JJ).")],
    reason: Reason,
) -> None:
    """Prolonge les verrous d’un dossier ; un verrou n’est jamais raccourci."""
    check_known(context.obj, reference)
    with opened_ports(context.obj, NEEDED) as ports:
        count = extend_locks(ports, reference, datetime.combine(until, time(23, 59, 59), UTC), reason, getpass.getuser())
    out.print(f"{reference} : {counted(count, 'verrou prolongé', 'verrous prolongés')} jusqu’au {format_date(until.date())}.", markup=False)


@archive.command("transfer")
def transfer_agreements(
    context: typer.Context,
    references: Annotated[list[str], typer.Argument(help="Références de conventions archivées.")],
    target: Annotated[Path, typer.Option("--out", help="Paquet à écrire (.zip).")],
) -> None:
    """Prépare le versement de conventions au service d’archivage électronique (SEDA 2.2) ; l’archive d’ici garde tout."""
    check_known(context.obj, *references)
    with opened_ports(context.obj, (S3, PKI)) as ports:
        made = transfer(ports, references, getpass.getuser())
    save(target, made.data)
    out.print(f"{target} : {counted(len(references), 'convention', 'conventions')}, message {made.message_id}.", markup=False)


@archive.command("acknowledge")
def acknowledge(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Réponse du service (.xml) : accusé de réception, acceptation ou refus.", exists=True)],
) -> None:
    """Lit la réponse du service d’archivage à un versement et la garde : au journal, et sous verrou dans chaque dossier."""
    with opened_ports(context.obj, NEEDED) as ports:
        reply, references = acknowledge_transfer(ports, file.read_bytes(), getpass.getuser())
    said = {Outcome.RECEIVED: "reçu", Outcome.ACCEPTED: "accepté", Outcome.REFUSED: f"refusé ({reply.code})"}[reply.outcome]
    out.print(f"Versement {reply.transfer_id} {said} : {', '.join(references)}", markup=False)


@archive.command("eliminable")
def eliminable(
    context: typer.Context,
    on: Annotated[datetime | None, typer.Option("--on", formats=["%Y-%m-%d"], help="Au jour dit (aujourd’hui sans lui).")] = None,
) -> None:
    """Liste (CSV) ce que rien ne retient plus, à soumettre au visa des archives départementales. Ne détruit rien."""
    with opened_ports(context.obj, is_deferring=True) as ports:
        at = datetime.combine(on, time(), UTC) if on is not None else ports.clock.now()
        found = list_eliminable(ports, at)
        keeps = ports.rules.final_fate is FinalFate.KEEP
    if not found:
        err.print(f"Rien n’est éliminable au {format_date(paris_date(at))} : une durée, un verrou ou un gel retient chaque dossier.")
        if keeps:
            err.print("Le sort final réglé est la conservation : un dossier n’entre dans la liste qu’une fois versé (archive transfer).")
    writer = csv.writer(sys.stdout, delimiter=";", lineterminator="\n")
    writer.writerow(
        ["référence", "organisme", "fichiers", "octets", "fin de la DUA", "fin du dernier verrou", "sort final", "versé au SAE"]
    )
    for one in found:
        ends = one.administrative_until.isoformat(), paris_date(one.unlocked_at).isoformat()
        transferred = "oui" if one.is_transferred else "non"
        writer.writerow([one.reference, one.organisation, one.objects, one.size_bytes, *ends, FATE_LABELS[one.final_fate], transferred])
