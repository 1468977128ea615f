"""``contreseing sign`` and ``contreseing restamp``: files signed or stamped by an operator's hand, without a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from contreseing.cli.trusting import TrustOption, read_anchors, read_file, refuse
from contreseing.cli.words import err, out
from contreseing.clock import SystemClock
from contreseing.publishing import discard_incomplete, publish
from contreseing.settings import load_settings
from conventions.errors import ContreseingError
from conventions.french import NO_BREAK, counted, format_instant
from conventions.sentences import sentence

if TYPE_CHECKING:
    from signing.by_hand import HandSigning
    from signing.csc import CscAccess
    from signing.keys import HashSigner
    from signing.pkcs11 import Pkcs11Access

FAILED = 1
SETTINGS_KEY = "signataire"

FilesArgument = Annotated[list[Path], typer.Argument(metavar="FILE...", help="Fichiers PDF.")]
OutputOption = Annotated[
    Path, typer.Option("--output", metavar="DIR", help="Dossier des fichiers produits, sous le même nom ; l’original n’est jamais touché.")
]
TsaOption = Annotated[
    list[str] | None, typer.Option("--tsa", metavar="URL", help="Autorité d’horodatage ; plusieurs dans l’ordre de préférence.")
]


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("sign")(sign)
    app.command("restamp")(restamp)


def sign(
    files: FilesArgument,
    key: Annotated[
        str,
        typer.Option("--key", help=f"Fichier PKCS#12, ou « {SETTINGS_KEY} » : la clé réglée par SIGNATORY_KEY (HSM ou service distant)."),
    ],
    field: Annotated[str, typer.Option("--field", help="Champ de signature, vide, de chaque fichier.")],
    output: OutputOption,
    trust: TrustOption = None,
    tsa: TsaOption = None,
    *,
    reason: Annotated[str, typer.Option("--reason", help="Motif inscrit à côté de la signature.")] = "",
    passphrase_file: Annotated[Path | None, typer.Option("--passphrase-file", help="Fichier du mot de passe de la clé.")] = None,
) -> None:
    """Signe des fichiers, horodatage et preuves de validité compris (PAdES B-LTA).

    Relancée après un arrêt, la commande ne refait pas ce qui est fait. Code de sortie : 0, tout est signé ; 1, un fichier ne l'est pas.
    """
    from signing.by_hand import FileToSign, parse_key_file  # noqa: PLC0415 a second of imports, for those who sign

    todo, failed = _remaining(files, output)
    by_hand = _opened(trust, tsa, with_settings=key == SETTINGS_KEY)
    try:
        if key == SETTINGS_KEY:
            held: HashSigner = by_hand.open_key(_settings_key())
        else:
            held = parse_key_file(read_file(Path(key)), _passphrase(passphrase_file))
        try:
            outcomes = by_hand.sign(held, [FileToSign(str(file), file.read_bytes) for file in todo], field, reason) if todo else iter(())
            with _progress("Signature", len(todo)) as advance:
                for name, outcome in outcomes:
                    if isinstance(outcome, ContreseingError):
                        failed += _told(name, outcome)
                    else:
                        publish(output / Path(name).name, outcome.data)
                    advance()
        finally:
            held.destroy()
        _tell_requests(by_hand)
    finally:
        by_hand.close()
    _end(len(files), failed)


def restamp(files: FilesArgument, output: OutputOption, trust: TrustOption = None, tsa: TsaOption = None) -> None:
    """Renouvelle l’horodatage d’archive de fichiers encore valables, et dit jusqu’à quand chacun pourra être vérifié.

    Relancée après un arrêt, la commande ne refait pas ce qui est fait. Code de sortie : 0, tout est redaté ; 1, un fichier ne l'est pas.
    """
    todo, failed = _remaining(files, output)
    by_hand = _opened(trust, tsa, with_settings=False)
    try:
        with _progress("Horodatage", len(todo)) as advance:
            for file in todo:
                try:
                    made = by_hand.restamp(read_file(file))
                except ContreseingError as error:
                    failed += _told(str(file), error)
                else:
                    publish(output / file.name, made.data)
                    out.print(f"{file} : vérifiable jusqu’au {format_instant(made.verifiable_until)}", markup=False)
                advance()
        _tell_requests(by_hand)
    finally:
        by_hand.close()
    _end(len(files), failed)


def _remaining(files: Sequence[Path], output: Path) -> tuple[list[Path], int]:
    """Leave out what a former run completed; count what another file stands in the way of."""
    if len({file.name for file in files}) < len(files):
        refuse("Deux fichiers portent le même nom : leurs résultats se recouvriraient.")
    output.mkdir(parents=True, exist_ok=True)
    discard_incomplete(output, {file.name for file in files})
    todo, blocked = [], 0
    for file in files:
        target = output / file.name
        if not target.exists():
            todo.append(file)
        elif target.resolve() == file.resolve() or not target.read_bytes().startswith(read_file(file)):
            err.print(f"{file} : un autre fichier occupe {target}.", markup=False)
            blocked += 1
    return todo, blocked


def _opened(trust: list[Path] | None, tsa: list[str] | None, *, with_settings: bool) -> HandSigning:
    from signing.by_hand import HandSigning  # noqa: PLC0415 as above

    given = read_anchors(trust)
    settings = load_settings() if with_settings else None
    addresses = tsa or (list(settings.timestamp_urls) if settings is not None else [])
    if not given.pems or not addresses:
        refuse("Donnez au moins une autorité de confiance (--trust) et une autorité d’horodatage (--tsa).")
    if settings is None:
        return HandSigning(given.pems, addresses, SystemClock(), ends=given.ends)
    policies = frozenset(settings.tsa_policies.split())
    return HandSigning(given.pems, addresses, SystemClock(), in_flight=settings.tsa_in_flight, tsa_policies=policies, ends=given.ends)


def _settings_key() -> Pkcs11Access | CscAccess:
    from contreseing.signatures import lasting_key  # noqa: PLC0415 as above

    lasting = lasting_key(load_settings())
    if lasting is None or lasting.access is None:
        refuse("Aucune clé de signataire n’est réglée pour ce processus (SIGNATORY_KEY, et le code ou le jeton de cette clé).")
    return lasting.access


def _passphrase(path: Path | None) -> str:
    return (
        read_file(path).decode().strip() if path is not None else str(typer.prompt("Mot de passe de la clé", hide_input=True, default=""))
    )


@contextmanager
def _progress(verb: str, total: int) -> Iterator[Callable[[], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task(verb, total=total)
        yield lambda: progress.advance(task)


def _told(name: str, error: ContreseingError) -> int:
    err.print(f"{name} : {sentence(error)} ({error.code} : {error})", markup=False)
    return 1


def _tell_requests(by_hand: HandSigning) -> None:
    for name, counters in by_hand.counters().items():
        err.print(f"[dim]{name} : {counters.requests} demandes, {counters.granted} jetons obtenus[/]")


def _end(total: int, failed: int) -> None:
    out.print(f"{counted(total - failed, 'fichier', 'fichiers')} sur {total}.".replace(NO_BREAK, " "))
    if failed:
        raise typer.Exit(FAILED)
