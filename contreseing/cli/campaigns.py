"""``contreseing campaign``: start one."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from contreseing.cli.members import COMMAND_LINE
from contreseing.cli.opening import opened_ports
from contreseing.cli.words import out
from contreseing.embedded.parts import OUTSIDE
from conventions.deadlines import last_moment_of
from conventions.french import format_instant, paris_date
from conventions.kinds import Kind
from conventions.sentences import left_out_sentence
from conventions.steps.draft import members_left_out
from conventions.steps.open_campaign import open_campaign


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("campaign")(campaign)


def campaign(
    context: typer.Context,
    programme_id: Annotated[str, typer.Argument(help="Identifiant du programme.")],
    deadline: Annotated[datetime, typer.Option("--date-limite", formats=["%Y-%m-%d"], help="Dernier jour pour signer (AAAA-MM-JJ).")],
    kind: Annotated[Kind, typer.Option("--nature", help="Ce qui est proposé à la signature.")] = Kind.CONVENTION,
    territory: Annotated[
        str | None, typer.Option("--epci", help="SIRET d’un EPCI : les chartes des seuls communes et organismes de son territoire.")
    ] = None,
    campaign_id: Annotated[
        str | None, typer.Option("--identifiant", help="Identifiant ; composé du programme et du jour à défaut.")
    ] = None,
) -> None:
    """Lance une campagne : un document par membre concerné, préparé puis envoyé. Relancée, c’est la même campagne.

    Les chartes ne concernent que les membres dont l’EPCI a une convention en vigueur ; relancée, la campagne prend les suivants.
    """
    with opened_ports(context.obj, OUTSIDE) as ports:
        begun = open_campaign(
            ports,
            programme_id,
            kind,
            last_moment_of(deadline.date()),
            COMMAND_LINE,
            demonstration=ports.rules.demonstration,
            campaign_id=campaign_id
            or "-".join((programme_id, kind, *([territory] if territory else ()), str(paris_date(ports.clock.now())))),
            territory=territory,
        )
        left_out = members_left_out(ports, begun.id)
    out.print(f"Campagne {begun.id} : à signer au plus tard le {format_instant(begun.deadline)}.", markup=False)
    if left_out:
        out.print(left_out_sentence(len(left_out)), markup=False)
