"""``contreseing doctor``: do each thing the product needs once, for real, and say what to mend."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import typer
from rich.table import Table

from contreseing.cli.opening import has_settings, opened_settings
from contreseing.cli.words import err, out
from contreseing.embedded.parts import FLOWS, OUTSIDE
from contreseing.settings import Settings
from contreseing.timestamp_trial import try_timestamps
from contreseing.trials import (
    try_archive,
    try_database,
    try_flow_run,
    try_lists,
    try_mail,
    try_third_reader,
)
from conventions.errors import ContreseingError
from conventions.sentences import sentence


@dataclass(frozen=True)
class Trial:
    """A thing done once: its French name, how, and what to look at when it fails."""

    name: str
    run: Callable[[Settings], str]
    advice: str


TRIALS = (
    Trial(
        "Écriture dans la base",
        try_database,
        "Vérifiez DATABASE_URL, que la base répond, et que son schéma est celui de cette version (« contreseing prepare »).",
    ),
    Trial(
        "Horodatage",
        try_timestamps,
        "Vérifiez TSA_URLS, TSA_ANCHORS_DIR (les autorités reconnues) et l’heure de cette machine (5 s d’écart au plus).",
    ),
    Trial(
        "Objet verrouillé dans l’archive",
        try_archive,
        "Vérifiez S3_URL (et S3_SECOND_URL), les clés, et que chaque seau d’archive a été créé avec le verrouillage d’objets.",
    ),
    Trial(
        "Listes de confiance",
        try_lists,
        "Lancez « contreseing lists refresh », vérifiez TRUSTED_LISTS_URL et TRUSTED_LISTS_DIR ; voyez docs/operating/trusted-lists.md.",
    ),
    Trial(
        "Troisième lecteur",
        try_third_reader,
        "Vérifiez DSS_URL et DSS_TOKEN, et que ce service EU DSS fait confiance à nos autorités ; voyez docs/operating/third-reader.md.",
    ),
    Trial("Courriel", try_mail, "Vérifiez SMTP_HOST, SMTP_PORT, SMTP_SECURITY, l’identifiant, et que MAIL_FROM est accepté."),
    Trial("Travail par Prefect", try_flow_run, "Vérifiez PREFECT_API_URL, et qu’un exécutant des travaux tourne."),
)

BY_HAND = (
    "Hébergement de l’archive : chez un tiers, il doit être agréé ou déclaré aux archives départementales.",
    "Durées de conservation (DUA, verrou, sort final) : à convenir avec les archives départementales.",
)
"""What no program can try; asked of the person."""


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("doctor")(doctor)


def doctor(context: typer.Context) -> None:
    """Essaie pour de vrai tout ce dont l’application dépend, et dit quoi corriger."""
    with opened_settings(context.obj, (*OUTSIDE, FLOWS)) as settings:
        is_well = report(settings)
    if not has_settings():
        err.print("Essais faits sur la démonstration.")
    if not is_well:
        raise typer.Exit(1)


def report(settings: Settings) -> bool:
    """Run every trial and print the table; tell whether all went well."""
    table = Table("Essai", "Résultat", "Durée", "Ce qui a été fait", title="Examen de l’installation", title_justify="left")
    to_mend: list[str] = []
    for trial in TRIALS:
        begun = time.monotonic()
        try:
            told, is_well = trial.run(settings), True
        except ContreseingError as error:
            told, is_well = f"{sentence(error)} ({error.code} : {error})", False
            to_mend.append(f"{trial.name} : {trial.advice}")
        table.add_row(trial.name, "bon" if is_well else "à corriger", f"{time.monotonic() - begun:.1f} s", told)
    out.print(table)
    for line in to_mend:
        out.print(f"À corriger – {line}", markup=False)
    for line in BY_HAND:
        out.print(f"À vérifier par vous – {line}", markup=False)
    return not to_mend
