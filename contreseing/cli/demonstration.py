"""``contreseing demo`` and ``contreseing serve``: the whole thread on fictitious people, then the same data to play with."""

from __future__ import annotations

import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import Annotated
from urllib.parse import urlencode

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from contreseing.cli.outcome_table import outcome_table
from contreseing.cli.words import err, out, tell
from contreseing.demonstration.accounts import account_of
from contreseing.demonstration.awaited import awaited_signers
from contreseing.demonstration.outputs import Outcome, StageTime
from contreseing.demonstration.scenario import Scenario
from contreseing.embedded.stack import Stack
from contreseing.embedded.workspace import Workspace, read_accounts
from contreseing.wiring import build_ports, close_ports
from conventions.errors import ConfigurationError

WATCH_EVERY_SECONDS = 2.0
MOST_AWAITED_SHOWN = 3
INTERRUPTED = 130
"""What a shell says of a program ended by Ctrl-C."""

ROLES = {"signatory": "vice-président : contresigne", "agent": "agente", "auditor": "auditeur : lit", "administrator": "administratrice"}


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("demo")(demo)
    app.command("serve")(serve)
    app.command("code")(code)


def demo(context: typer.Context) -> None:
    """Fait vivre les 64 conventions de bout en bout, sur des personnes fictives, puis montre le résultat (2 minutes)."""
    folder: Path = context.obj
    try:
        outcomes, stages = _play(folder)
    except KeyboardInterrupt:
        tell("Interrompu : tout est arrêté.")
        raise typer.Exit(INTERRUPTED) from None
    _show(outcomes, stages, folder)


def _play(folder: Path) -> tuple[list[Outcome], list[StageTime]]:
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=err
    ) as bars:
        teller = _Bars(bars)
        with Stack(folder, None) as stack:
            _stop_on_sigterm()
            stack.start_afresh()
            teller.begin("démarrage", None)
            begun = time.monotonic()
            stack.start()
            started = StageTime("démarrage", time.monotonic() - begun, len(stack.supervisor.used()))
            teller.end(started)
            ports = build_ports(stack.settings)
            try:
                scenario = Scenario(stack, ports, teller)
                scenario.stages.append(started)
                return scenario.run(), scenario.stages
            finally:
                close_ports(ports)


def serve(context: typer.Context) -> None:
    """Ouvre les sites de la démonstration sur les données en place, jusqu’à Ctrl-C."""
    folder: Path = context.obj
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with Stack(folder, tell) as stack:
        if not stack.workspace.read_accounts():
            raise _absent(folder)
        stack.start()
        _show_addresses(stack.workspace)
        _show_awaited(stack)
        while not stop.wait(WATCH_EVERY_SECONDS):
            stack.keep_alive()
        tell("Arrêt de tous les services…")
    tell("Tout est arrêté.")


def code(context: typer.Context, login: Annotated[str, typer.Argument(help="Identifiant d’un compte de la démonstration.")]) -> None:
    """Donne le code du moment d’un compte de la démonstration, comme le ferait l’application de la personne."""
    folder: Path = context.obj
    accounts = read_accounts(folder)
    if not accounts:
        raise _absent(folder)
    known = [account["login"] for account in accounts]
    if login not in known:
        raise typer.BadParameter(f"Écrivez l’un de ces identifiants : {', '.join(known)}.", param_hint="LOGIN")
    out.print(account_of(accounts, login).code(), markup=False)


def _absent(folder: Path) -> ConfigurationError:
    return ConfigurationError("no demonstration here yet", code="demonstration.absent", folder=folder.name)


class _Bars:
    """Progress as bars, one a stage."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._task: TaskID | None = None

    def begin(self, stage: str, total: int | None) -> None:
        self._task = self._bars.add_task(stage.capitalize(), total=total)

    def advance(self, done: int) -> None:
        if self._task is not None:
            self._bars.update(self._task, completed=done)

    def end(self, stage: StageTime) -> None:
        if self._task is not None:
            self._bars.update(self._task, total=max(stage.count, 1), completed=max(stage.count, 1))
            self._bars.stop_task(self._task)


def _show(outcomes: list[Outcome], stages: list[StageTime], folder: Path) -> None:
    out.print(outcome_table(outcomes, out.width))
    times = Table("Étape", "Secondes", "Nombre", title="Durées")
    for stage in stages:
        times.add_row(stage.name, f"{stage.seconds:.1f}", str(stage.count))
    times.add_section()
    times.add_row("total", f"{sum(stage.seconds for stage in stages):.1f}", "")
    out.print(times)
    out.print(f"Fichiers archivés : {folder / 'out' / 'conventions'} ; résumé : {folder / 'out' / 'summary.json'}", markup=False)
    out.print("Pour signer la 64ᵉ convention et la voir s’ouvrir : make serve", markup=False)


def _show_addresses(workspace: Workspace) -> None:
    addresses = workspace.addresses
    sites = Table("Site", "Adresse", title="La démonstration est ouverte (Ctrl-C pour tout arrêter)", title_justify="left")
    for label, name in (
        ("Boîte aux lettres (les liens des signataires)", "mailbox"),
        ("Signataires", "signers"),
        ("Parapheur", "desk"),
        ("Gestion", "office"),
        ("Suivi du travail (Prefect)", "prefect"),
    ):
        sites.add_row(label, addresses.url(name))
    out.print(sites)
    people = Table("Identifiant", title="Comptes", title_justify="left")
    people.add_column("Mot de passe", no_wrap=True, overflow="fold")
    people.add_column("Second facteur (base32, TOTP)", no_wrap=True, overflow="fold")  # cut, it would be of no use
    for account in workspace.read_accounts():
        person = f"[bold]{account['login']}[/]\n{account['name']}, {ROLES[account['role']]}"
        people.add_row(person, account["password"], account["totp_secret"])
    out.print(people)
    out.print(f"Sans application de second facteur, le code du moment : {sys.argv[0]} code IDENTIFIANT", markup=False)


def _show_awaited(stack: Stack) -> None:
    ports = build_ports(stack.settings, is_deferring=True)
    try:
        awaited = awaited_signers(ports, MOST_AWAITED_SHOWN)
    finally:
        close_ports(ports)
    for one in awaited:
        mails = f"{stack.workspace.addresses.url('mailbox')}/?{urlencode({'to': one.address})}"
        out.print(f"À signer : {one.reference}, {one.member}. Ses courriels : {mails}", markup=False)


def _stop_on_sigterm() -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        del number, frame
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, stop)
