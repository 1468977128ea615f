"""``contreseing account``: people of the office who sign in with a local account."""

from __future__ import annotations

from typing import Annotated

import pyotp
import typer

from contreseing.cli.members import COMMAND_LINE
from contreseing.cli.opening import opened_ports
from contreseing.cli.words import out
from contreseing.credentials import random_totp_secret
from conventions.accounts import Account, Role
from conventions.recording import record_event

SHORTEST_PASSWORD = 12


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("account")(account)


def account(
    context: typer.Context,
    login: Annotated[str, typer.Argument(help="Identifiant de connexion.")],
    name: Annotated[str, typer.Option("--nom", help="Nom affiché.")],
    role: Annotated[list[Role], typer.Option("--role", help="Rôle ; l’option peut être répétée.")],
    delegation: Annotated[str | None, typer.Option("--delegation", help="Délégation sous laquelle cette personne contresigne.")] = None,
) -> None:
    """Crée un compte : demande le mot de passe, et donne une fois l’adresse du second facteur."""
    password = typer.prompt("Mot de passe", hide_input=True, confirmation_prompt="Encore une fois")
    if len(password) < SHORTEST_PASSWORD:
        raise typer.BadParameter(f"{SHORTEST_PASSWORD} caractères au moins")
    secret = random_totp_secret()
    with opened_ports(context.obj) as ports:
        password_hash, sealed = ports.credentials.hash_password(password), ports.credentials.seal_totp(secret)
        made = Account(ports.secrets.random_id(), login, name, tuple(role), password_hash, sealed, delegation_id=delegation)
        with ports.registry.write() as tx:
            if delegation is not None:
                tx.delegation(delegation)
            tx.add_account(made)
            data = {"account": made.id, "roles": [item.value for item in role]}
            record_event(ports, tx, "account.added", at=ports.clock.now(), data=data, personal={"login": login, "by": COMMAND_LINE})
    out.print("Second facteur, à enregistrer maintenant dans une application (cette adresse ne sera plus montrée) :")
    out.print(pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name="Contreseing"), markup=False)
