"""``contreseing prepare``: what a new installation, or a new version, needs before its processes start."""

from __future__ import annotations

import typer

from contreseing.cli.opening import opened_settings
from contreseing.cli.words import out
from contreseing.embedded.parts import S3
from contreseing.stores import PreparedStores, prepare_stores


def add_to(app: typer.Typer) -> None:
    """Add this command."""
    app.command("prepare")(prepare)


def prepare(context: typer.Context) -> None:
    """Met la base à la version de ce programme et crée les seaux qui manquent (archive verrouillée) ; peut être relancée sans risque."""
    with opened_settings(context.obj, (S3,)) as settings:
        for line in told(prepare_stores(settings)):
            out.print(line, markup=False)
        out.print("Tout est prêt : « contreseing doctor » essaie le reste.")


def told(done: PreparedStores) -> list[str]:
    """Say what was done, a line each."""
    if done.schema_before == done.schema:
        lines = [f"Base de données : déjà à la version {done.schema}."]
    elif done.schema_before is None:
        lines = [f"Base de données : tables créées, version {done.schema}."]
    else:
        lines = [f"Base de données : passée de la version {done.schema_before} à la version {done.schema}."]
    lines += [f"Seau {bucket} : créé." for bucket in done.buckets]
    return lines if done.buckets else [*lines, "Seaux : déjà là, et réglés comme il faut."]
