"""``contreseing bundle``: the proof of an agreement as one file, for whoever must verify it without us."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contreseing.cli.members import COMMAND_LINE
from contreseing.cli.opening import check_known, opened_ports
from contreseing.cli.words import out, save
from contreseing.embedded.parts import PKI, S3
from conventions.canonical import sha256_hex
from conventions.steps.bundle import bundle

SEAL_TOKEN = "proofs"  # noqa: S105 the name of a right, not a secret


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("bundle")(make_bundle)


def make_bundle(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(help="Référence de la convention, par exemple 2026-0014.")],
    file: Annotated[Path | None, typer.Option("--out", help="Fichier à écrire ; nommé d’après la référence à défaut.")] = None,
) -> None:
    """Fait le dossier de preuve d’une convention : un fichier ZIP qu’un expert vérifie hors ligne, sans nous."""
    check_known(context.obj, reference)
    with opened_ports(context.obj, (S3, PKI), (SEAL_TOKEN,)) as ports:
        made = bundle(ports, reference, COMMAND_LINE)
    path = file or Path(made.filename)
    save(path, made.data)
    out.print(f"Dossier de preuve : {path} ({len(made.data)} octets)", markup=False)
    out.print(f"Empreinte du fichier : {sha256_hex(made.data)}", markup=False)
    out.print(f"Empreinte du certificat racine, à remettre par une autre voie : {made.root_sha256}", markup=False)
    out.print("Vérification, une fois le fichier extrait : python3 -I verify.py --root EMPREINTE", markup=False)
