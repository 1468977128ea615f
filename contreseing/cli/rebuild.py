"""``contreseing rebuild``: make a new registry from the archive alone, and say what cannot be known."""

from __future__ import annotations

from typing import Annotated

import typer

from contreseing.cli.opening import opened_settings
from contreseing.cli.words import complain, out, tell
from contreseing.embedded.parts import PKI, S3
from contreseing.settings import Settings
from contreseing.stores import opened_registry
from contreseing.wiring import build_ports, close_ports
from conventions.errors import EvidenceBroken
from conventions.fault_labels import TAMPERING_LABELS
from conventions.french import counted
from conventions.sentences import sentence_of
from conventions.steps.compare_registries import compare_registries
from conventions.steps.rebuild import RebuildReport
from conventions.steps.rebuild import rebuild as rebuild_registry
from conventions.steps.restore_journal import JournalBreak

LISTED = 50
INCOMPLETE = 3
"""The exit code of a registry that was made, and is not in every point the one before: 1 says that none was."""


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("rebuild")(rebuild)


def rebuild(
    context: typer.Context,
    *,
    into: Annotated[
        str | None,
        typer.Option("--into", help="Base neuve à remplir, sqlite:////… ou postgresql://… ; sans elle, un fichier à côté du registre."),
    ] = None,
    is_compared: Annotated[bool, typer.Option("--compare", help="Comparer ensuite avec le registre en place.")] = False,
) -> None:
    """Reconstruit un registre à partir de l’archive seule : conventions, faits, membres, journal ; dit ce qui est inconnu."""
    with opened_settings(context.obj, (S3, PKI)) as settings:
        url = into or f"sqlite:///{(settings.data_dir / 'registry-rebuilt.sqlite').absolute()}"
        ports = build_ports(settings, is_deferring=True)
        try:
            with opened_registry(url) as fresh:
                tell("Relecture de l’archive…")
                report = rebuild_registry(ports, fresh)
                different = compare_registries(ports.registry, fresh) if is_compared else []
        finally:
            close_ports(ports)
    _show(report, settings if into is None else None)
    for line in different[:LISTED]:
        out.print(f"Différent du registre en place – {line}", markup=False)
    if different or not report.is_complete:
        count = len(report.untold) + len(report.journal) + len(different)
        complain(EvidenceBroken(f"{count} things could not be made again as they were", code="rebuild.incomplete", count=count))
        raise typer.Exit(INCOMPLETE)
    if is_compared:
        out.print("Identique au registre en place, pour tout ce que l’archive contient.")


def _show(report: RebuildReport, settings: Settings | None) -> None:
    out.print(
        f"{report.agreements} conventions, {report.members} membres, {report.objects} objets de l’archive, {report.events} événements."
    )
    if settings is not None:
        out.print(f"Registre reconstruit : {settings.data_dir / 'registry-rebuilt.sqlite'}", markup=False)
    for reference, code in report.untold[:LISTED]:
        out.print(f"À signaler – {reference} : {sentence_of(code)}", markup=False)
    for finding in report.journal[:LISTED]:
        out.print(f"À signaler – journal : {TAMPERING_LABELS[finding.tampering]}", markup=False)
    if report.broken is not None:
        for line in _told_break(report.broken):
            out.print(line, markup=False)
    for reference in report.to_countersign_again[:LISTED]:
        out.print(f"À contresigner de nouveau – {reference} : le fichier contresigné n’était pas encore archivé.", markup=False)
    out.print("Ne peut pas être connu :")
    if report.unsigned:
        more = f" et {len(report.unsigned) - LISTED} autres" if len(report.unsigned) > LISTED else ""
        unsigned = counted(len(report.unsigned), "convention non signée", "conventions non signées")
        out.print(f"  - le contenu de {unsigned} : {', '.join(report.unsigned[:LISTED])}{more}", markup=False)
    out.print(f"  - les événements depuis la dernière empreinte du journal ({_when(report)})", markup=False)
    if report.told_without_words:
        out.print(f"  - les mots de {report.told_without_words} demandes ou notes : ce qui attendait un agent attend de nouveau")
    out.print(f"  - {report.personal_fields} données personnelles du journal, dont l’archive n’a que l’engagement")
    out.print("  - ce qui a été corrigé d’un membre depuis l’archivage de son dernier dossier : à corriger de nouveau")
    out.print("  - les comptes et leurs mots de passe, les sessions, les liens, visites et codes, les envois en attente")


def _told_break(broken: JournalBreak) -> list[str]:
    """Say from where on the journal is unknown, and what that means for the facts of agreements."""
    kept = f"jusqu’au {broken.after:%Y-%m-%d %H:%M} UTC ({broken.known} événements)" if broken.after is not None else "d’aucun événement"
    ranges = ", ".join(f"n° {first} à {end - 1}" for first, end in broken.lost)
    numbered = f"numérotés de 0 à {broken.size - 1}, le dernier avant le {broken.until:%Y-%m-%d %H:%M} UTC"
    return [
        f"À signaler – journal repris {kept} : il est rompu là, et {broken.size - broken.known} événements n’y sont pas.",
        f"À signaler – événements illisibles : {ranges} ({numbered}). Ce qu’ils disaient d’une convention n’est connu que par son dossier.",
    ]


def _when(report: RebuildReport) -> str:
    return f"{report.heads[-1].at:%Y-%m-%d %H:%M} UTC" if report.heads else "il n’y en a aucune"
