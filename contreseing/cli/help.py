"""The help of a group of commands: each with the whole of its first sentence, where Typer cuts it after some words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click import Context, HelpFormatter  # Typer gives them no other name

WHOLE = 1_000
"""Characters of a sentence at most: more than any has."""


class Commands(TyperGroup):
    """A group whose help is French and whole."""

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the list of the commands, in their order."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, command.get_short_help_str(WHOLE)) for name, command in found if command is not None and not command.hidden]
        with formatter.section("Commandes"):
            formatter.write_dl(rows)
