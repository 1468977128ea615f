"""What the commands print: results on standard output, progress and complaints on standard error, in French."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from conventions.errors import ContreseingError, InputRefused
from conventions.sentences import sentence

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

MOST_PROBLEMS_SHOWN = 50


def complain(error: ContreseingError) -> None:
    """Say in French what went wrong and what to do; the English sentence is kept for whoever is called for help."""
    err.print(f"[bold red]Arrêt :[/] {escape(sentence(error))}")
    err.print(f"  [dim]{escape(error.code)} : {escape(str(error))}[/]")
    if isinstance(error, InputRefused):
        for problem in error.problems[:MOST_PROBLEMS_SHOWN]:
            line = f"ligne {problem.line}, " if problem.line else ""
            value = f" « {problem.value} »" if problem.value else ""
            err.print(f"  - {line}{escape(problem.column or 'fichier')}{escape(value)} : {escape(problem.advice)}")
        if len(error.problems) > MOST_PROBLEMS_SHOWN:
            err.print(f"  … et {len(error.problems) - MOST_PROBLEMS_SHOWN} autres.")
    for name, told in (("label", "Concerne"), ("port", "Port"), ("holder", "Pris par"), ("reason", "Raison")):
        if name in error.details:
            err.print(f"  {told} : {escape(str(error.details[name]))}")
    if log := error.details.get("log"):
        err.print("  Dernières lignes écrites :")
        for line in str(log).splitlines():
            err.print(f"    [dim]{escape(line)}[/]")


def tell(text: str) -> None:
    """Say what is being done."""
    err.print(f"[dim]{escape(text)}[/]")


def save(path: Path, data: bytes) -> None:
    """Write the file that a person asked for.

    Raises:
        InputRefused: it cannot be written there.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        raise InputRefused(f"{path.name} cannot be written: {error.strerror}", code="file.unwritable", file=path.name) from error
