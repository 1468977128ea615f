"""What the commands print: results on standard output, progress and complaints on standard error, in French."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from conventions.errors import ContreseingError, InputRefused
from conventions.sentences import sentence

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)

MOST_PROBLEMS_SHOWN = 50


_SYSTEM_SAYS: Mapping[int, str] = {
    errno.ENOENT: "il n’existe pas",
    errno.EISDIR: "c’est un dossier",
    errno.ENOTDIR: "son chemin passe par un fichier qui n’est pas un dossier",
    errno.EACCES: "l’accès est refusé",
    errno.EPERM: "l’accès est refusé",
    errno.ENOSPC: "le disque est plein",
    errno.EROFS: "le disque est en lecture seule",
    errno.ENAMETOOLONG: "son nom est trop long",
}


def system_says(error: OSError) -> str:
    """Tell in French why the system refuses a file; the system's own words are in the language that it was set up in."""
    return _SYSTEM_SAYS.get(error.errno or 0, f"erreur {error.errno} du système")


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
