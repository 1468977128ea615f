"""Options that several commands on files share: the anchors to trust, files to read, and a usage error told in French."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from contreseing.cli.words import err, system_says

if TYPE_CHECKING:
    from signing.trust_files import GivenTrust

UNUSABLE = 2
"""Exit code of a command that cannot be run as it was written."""
ANCHOR_SUFFIXES = frozenset({".pem", ".crt", ".cer", ".der"})

TrustOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--trust", help="Dossier (ou fichier) des certificats d’autorités à qui se fier : .pem, .crt, .cer, .der. Peut se répéter."
    ),
]


def read_anchors(places: list[Path] | None) -> GivenTrust:
    """Read every certificate file of the places given, and until when those of a former PKI vouch; a place without any ends the command."""
    from signing.trust_files import read_given  # noqa: PLC0415 a second of imports, for those who give anchors

    found: dict[Path, bytes] = {}
    for place in places or ():
        files = sorted(one for one in place.iterdir() if one.suffix.lower() in ANCHOR_SUFFIXES) if place.is_dir() else [place]
        if not files:
            refuse(f"{place} ne contient aucun certificat ({', '.join(sorted(ANCHOR_SUFFIXES))}).")
        found |= {file.absolute(): read_file(file) for file in files}
    return read_given(found)


def read_file(file: Path, most_bytes: int = -1) -> bytes:
    """Read a file, or so many bytes of it, or end the command."""
    try:
        with file.open("rb") as opened:
            return opened.read(most_bytes)
    except OSError as error:
        refuse(f"{file} ne peut pas être lu : {system_says(error)}.")


def refuse(sentence: str) -> NoReturn:
    """Say why the command cannot be run, and stop."""
    err.print(sentence, markup=False)
    raise typer.Exit(UNUSABLE)
