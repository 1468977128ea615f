"""``contreseing lists``: the trusted lists that tell what is qualified, fetched again and shown, with or without settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from contreseing.cli.help import Commands
from contreseing.cli.opening import opened_settings
from contreseing.cli.words import out
from contreseing.clock import SystemClock
from contreseing.judging_settings import EUROPEAN_LIST_URL
from conventions.french import counted, format_date, paris_date
from conventions.qualification import ListsState
from conventions.steps.refresh_lists import assess

if TYPE_CHECKING:
    from signing.list_refresh import ListFolder

lists = typer.Typer(cls=Commands, help="Les listes de confiance, qui disent ce qui est qualifié.", no_args_is_help=True)

FolderOption = Annotated[Path | None, typer.Option("--dir", metavar="DIR", help="Dossier des listes ; celui des réglages, sinon.")]
ListsOption = Annotated[
    Path | None,
    typer.Option("--lists", metavar="DIR", help="Dossier de listes de confiance (contreseing lists refresh) ; aucune, sinon."),
]
SignersOption = Annotated[
    Path | None,
    typer.Option("--lists-signers", metavar="FILE", help="Certificats de qui signe la liste des listes ; ceux publiés au JOUE, sinon."),
]


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.add_typer(lists, name="lists")


@lists.command("refresh")
def refresh(
    context: typer.Context,
    folder: FolderOption = None,
    address: Annotated[str, typer.Option("--url", help="Adresse de la liste des listes, avec --dir.")] = EUROPEAN_LIST_URL,
    territories: Annotated[
        list[str] | None, typer.Option("--territory", metavar="XX", help="Ne prendre que ce pays, avec --dir. Peut se répéter.")
    ] = None,
    signers: SignersOption = None,
) -> None:
    """Reprend chaque liste à sa source, vérifie qui la signe, et garde la copie d’avant quand quelque chose ne va pas.

    Code de sortie : 0, toutes à jour ; 1, l'une est à examiner.
    """
    with _opened(context.obj, folder, address, tuple(territories or ()), signers) as kept:
        _show(kept.refresh())


@lists.command("show")
def show(context: typer.Context, folder: FolderOption = None) -> None:
    """Montre les listes gardées et leurs dates, sans rien demander à personne.

    Code de sortie : 0, toutes à jour ; 1, l'une est à examiner.
    """
    with _opened(context.obj, folder, EUROPEAN_LIST_URL, (), None) as kept:
        _show(kept.state())


@contextmanager
def _opened(stack: Path, folder: Path | None, address: str, territories: tuple[str, ...], signers: Path | None) -> Iterator[ListFolder]:
    """Yield the folder asked for, else that of the settings; ``stack`` is the folder of an embedded stack."""
    from contreseing.judging import build_list_folder, list_signers  # noqa: PLC0415 imports, for those who look
    from signing.list_refresh import ListFolder  # noqa: PLC0415 as above

    if folder is not None:
        yield ListFolder(folder, address, list_signers(signers), SystemClock(), territories)
        return
    with opened_settings(stack) as settings:
        yield build_list_folder(settings, SystemClock())


def _show(state: ListsState) -> None:
    found = assess(state, SystemClock().now())
    told = dict(found.ageing)
    table = Table("Liste", "Émise le", "À renouveler avant le", "État", title="Listes de confiance", title_justify="left")
    for one in state.lists:
        dates = [format_date(paris_date(at)) if at is not None else "" for at in (one.issued_at, one.next_update_at)]
        table.add_row(one.territory, *dates, told.get(one.territory, "à jour"))
    out.print(table)
    if not found.is_well:
        out.print(told.get("", f"{counted(len(told), 'liste', 'listes')} à examiner."), markup=False)
        raise typer.Exit(1)
