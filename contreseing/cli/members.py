"""``contreseing import`` and ``contreseing programme``: what agents bring in from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contreseing.cli.opening import opened_ports
from contreseing.cli.words import out
from contreseing.members_table import render_members_table
from contreseing.programme_file import parse_programme_file
from conventions.errors import InputRefused, Problem
from conventions.french import counted, format_date, format_euros
from conventions.guards import check_levels
from conventions.ports.system import Ports
from conventions.recording import record_event
from conventions.steps.import_members import import_members

COMMAND_LINE = "cli"
"""Who acts, in the journal, when a command does."""


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("import")(import_file)
    app.command("programme")(programme)


def _show_columns(is_asked: bool) -> None:  # noqa: FBT001 called by typer
    if is_asked:
        typer.echo(render_members_table(), nl=False)
        raise typer.Exit


def import_file(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="Fichier CSV des membres (UTF-8, virgules ou points-virgules).")],
    programme_id: Annotated[str, typer.Option("--programme", help="Identifiant du programme, dont le barème sert au contrôle.")],
    *,
    columns: Annotated[
        bool,
        typer.Option(
            "--columns", is_eager=True, callback=_show_columns, help="Dit quelles colonnes le fichier peut avoir, et s’arrête là."
        ),
    ] = False,
) -> None:
    """Importe un fichier de membres : en entier, ou rien du tout et la liste de ce qui ne va pas."""
    del columns  # acted before the rest was read
    text = _read(file)
    with opened_ports(context.obj) as ports:
        imported = import_members(ports, text, programme_id, COMMAND_LINE)
    total = format_euros(sum(member.contribution_eur for member in imported.members))
    new, unchanged = len(imported.new), len(imported.members) - len(imported.new)
    told = counted(new, "membre nouveau", "membres nouveaux"), counted(unchanged, "membre inchangé", "membres inchangés")
    out.print(f"{', '.join(told)}. Ensemble, {total} par an.")


def programme(
    context: typer.Context,
    file: Annotated[Path | None, typer.Argument(help="Fichier TOML du programme ; son barème et ses services sont à côté.")] = None,
) -> None:
    """Ajoute un programme et ses délégations depuis un fichier ; sans fichier, liste les programmes."""
    with opened_ports(context.obj) as ports:
        if file is not None:
            _add(ports, file)
        with ports.registry.read() as tx:
            for known in tx.programmes():
                out.print(f"{known.id} : {known.name}, du {format_date(known.starts_on)} au {format_date(known.ends_on)}", markup=False)


def _add(ports: Ports, file: Path) -> None:
    read = parse_programme_file(_read(file), lambda name: _read(file.parent / name))
    check_levels(read.programme, ports.rules.levels)
    with ports.registry.write() as tx:
        tx.add_programme(read.programme)
        for delegation in read.delegations:
            tx.add_delegation(read.programme.id, delegation)
        record_event(
            ports, tx, "programme.added", at=ports.clock.now(), data={"programme": read.programme.id}, personal={"by": COMMAND_LINE}
        )


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise _unreadable("Ce fichier n’existe pas ou ne peut pas être lu.", file) from error
    except UnicodeDecodeError as error:
        raise _unreadable("Ce fichier n’est pas écrit en UTF-8 : enregistrez-le sous ce format.", file) from error


def _unreadable(advice: str, file: Path) -> InputRefused:
    return InputRefused(f"{file.name} cannot be read", code="input.refused", problems=[Problem(0, file.name, "", advice)])
