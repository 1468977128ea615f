"""``contreseing settings``: the published table, and whether this installation's settings are accepted."""

from __future__ import annotations

from typing import Annotated

import typer

from contreseing.cli.opening import opened_settings
from contreseing.cli.words import out
from contreseing.settings import Settings, is_secret
from contreseing.settings_table import render_settings_table


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("settings")(settings)


def settings(
    context: typer.Context,
    action: Annotated[
        str, typer.Argument(help="« table » : toutes les clés (docs/settings.md) ; « check » : les réglages en place.")
    ] = "check",
) -> None:
    """Montre les réglages : la table de toutes les clés, ou ceux en place (les secrets ne sont jamais affichés)."""
    if action == "table":
        typer.echo(render_settings_table(), nl=False)
        return
    if action != "check":
        raise typer.BadParameter("« table » ou « check »")
    with opened_settings(context.obj) as found:
        for name, field in Settings.model_fields.items():
            value = getattr(found, name)
            shown = ("(secret)" if is_secret(field) else str(value)) if value is not None else "—"
            out.print(f"{name.upper()} = {shown}", markup=False)
