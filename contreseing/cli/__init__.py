"""The command ``contreseing``: one file a group of commands. It speaks French, to the people who run it."""

from __future__ import annotations

import os
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from contreseing.cli import (
    accounts,
    archive,
    backup,
    bundle,
    campaigns,
    demonstration,
    doctor,
    journal,
    lists,
    members,
    pki,
    preparing,
    processes,
    proposals,
    quarantine,
    rebuild,
    rereading,
    settings,
    signing,
    status,
    uploads,
    verification,
    wording,
)
from contreseing.cli.help import Commands
from contreseing.cli.words import complain, out
from conventions.errors import ConfigurationError, ContreseingError

app = typer.Typer(
    cls=Commands,
    name="contreseing",
    help="Conventions d’un syndicat : préparées, signées, contresignées, horodatées, archivées, services ouverts.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

FAILED, MISCONFIGURED = 1, 2


def _tell_version(is_asked: bool) -> None:  # noqa: FBT001 typer gives the option's value
    if is_asked:
        out.print(version("contreseing"), highlight=False)
        raise typer.Exit


@app.callback()
def choose_folder(
    context: typer.Context,
    folder: Annotated[Path, typer.Option("--dossier", help="Dossier de la démonstration, si aucun réglage n’est donné.")] = Path("demo"),
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_tell_version, is_eager=True, help="Dit la version installée, et rien d’autre.")
    ] = False,
) -> None:
    """Keep the folder for the command."""
    context.obj = folder


for group in (
    members,
    campaigns,
    proposals,
    status,
    verification,
    uploads,
    rereading,
    bundle,
    archive,
    quarantine,
    backup,
    rebuild,
    journal,
    lists,
    doctor,
    demonstration,
    preparing,
    processes,
    accounts,
    settings,
    wording,
    signing,
    pki,
):
    group.add_to(app)


def main() -> None:
    """Run a command; an error of ours is told in French, and ends with code 1, or 2 when the settings are at fault."""
    try:
        app()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(FAILED)
    except ContreseingError as error:
        complain(error)
        sys.exit(MISCONFIGURED if isinstance(error, ConfigurationError) else FAILED)
