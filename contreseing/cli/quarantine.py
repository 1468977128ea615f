"""``contreseing quarantine``: let an agreement out, once the cause is known."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from contreseing.cli.help import Commands
from contreseing.cli.opening import check_known, opened_ports
from contreseing.cli.words import out
from conventions.steps.release import release

quarantine = typer.Typer(cls=Commands, help="La quarantaine : en faire sortir une convention.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.add_typer(quarantine, name="quarantine")


@quarantine.callback()
def group() -> None:
    """Keep ``release`` a sub-command, though it is the only one."""


@quarantine.command("release")
def release_agreement(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(help="Référence d’une convention.")],
    reason: Annotated[str, typer.Option("--reason", help="Ce qui a été vu et décidé, gardé au journal.")],
) -> None:
    """Sort une convention de quarantaine ; ce qui s’était arrêté reprend, et la même anomalie l’y remet si elle est encore là."""
    check_known(context.obj, reference)
    with opened_ports(context.obj) as ports:
        release(ports, reference, reason, getpass.getuser())
    out.print(f"{reference} : sortie de quarantaine.", markup=False)
