"""``contreseing backup``: copy everything to another database and another S3, or bring it back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contreseing.cli.help import Commands
from contreseing.cli.opening import opened_settings
from contreseing.cli.words import out, tell
from contreseing.copying import CopiedInstallation, copy_installation
from contreseing.embedded.parts import S3
from contreseing.settings import load_settings_file

Other = Annotated[Path, typer.Argument(help="Fichier de réglages (TOML) de l’autre installation : sa base, son S3, ses seaux.")]

backup = typer.Typer(cls=Commands, help="Sauvegarde et déménagement : tout copier, d’une base et d’un S3 à d’autres.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.add_typer(backup, name="backup")


@backup.command("export")
def export(context: typer.Context, other: Other) -> None:
    """Copie tout (registre, fichiers, archive et verrous) vers l’autre installation ; interrompue, la copie se reprend."""
    with opened_settings(context.obj, (S3,)) as here:
        _show(copy_installation(here, load_settings_file(other), tell))


@backup.command("import")
def bring_back(context: typer.Context, other: Other) -> None:
    """Copie tout de l’autre installation vers celle-ci, qui doit être neuve ; interrompue, la copie se reprend."""
    with opened_settings(context.obj, (S3,)) as here:
        _show(copy_installation(load_settings_file(other), here, tell))


def _show(done: CopiedInstallation) -> None:
    for what, objects in (("fichiers de travail", done.working), ("objets d’archive", done.archive)):
        out.print(f"{objects.copied} {what} copiés, {objects.present} déjà là.")
    out.print(f"{done.rows} lignes du registre copiées ; les deux registres sont identiques.")
