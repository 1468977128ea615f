"""``contreseing propose``: an order form, an amendment or a termination notice, for one member."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from contreseing.cli.members import COMMAND_LINE
from contreseing.cli.opening import opened_ports
from contreseing.cli.words import out
from contreseing.embedded.parts import OUTSIDE
from contreseing.proposal_file import parse_proposal_file, refused
from conventions.asked import kind_of
from conventions.deadlines import last_moment_of
from conventions.errors import Problem
from conventions.sentences import KIND_LABELS
from conventions.steps.propose import propose as propose_step


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("propose")(propose)


def propose(
    context: typer.Context, file: Annotated[Path, typer.Argument(help="Fichier TOML de la proposition (voir docs/operating/proposals.md).")]
) -> None:
    """Propose à un membre un bon de commande, un avenant ou un avis de résiliation : préparé, puis envoyé. Relancé, c’est le même."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise refused([Problem(0, file.name, "", "Ce fichier ne peut pas être lu comme un texte en UTF-8.")]) from error
    proposal = parse_proposal_file(text)
    with opened_ports(context.obj, OUTSIDE) as ports:
        reference = propose_step(ports, proposal.asked, last_moment_of(proposal.deadline), COMMAND_LINE)
    out.print(f"{KIND_LABELS[kind_of(proposal.asked)]} n° {reference} : dossier ouvert, dépend de {proposal.asked.parent}.", markup=False)
