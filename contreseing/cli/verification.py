"""``contreseing verify``: judge any signed PDF, ours or not, without settings or a database."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import date, datetime, time
from errno import errorcode
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from contreseing.cli.lists import ListsOption, SignersOption
from contreseing.cli.trusting import UNUSABLE, TrustOption, read_anchors, refuse
from contreseing.cli.words import err, out, system_says
from contreseing.clock import SystemClock
from conventions.french import PARIS
from conventions.verdicts import french_reasons, signature_details, timestamp_details, verdict
from conventions.verification import FileVerification, render_verification

if TYPE_CHECKING:
    from documents.verification_report import VerifiedFile
    from signing.qualifying import Qualifier

NOT_VALID = 1
END_OF_DAY = time(23, 59, 59)


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("verify")(verify)


def verify(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Fichiers PDF signés, de ce logiciel ou d’un autre.")],
    trust: TrustOption = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="DATE", help="Date (2031-05-01, à la fin du jour) ou instant ISO 8601 ; maintenant, sinon."),
    ] = None,
    lists: ListsOption = None,
    lists_signers: SignersOption = None,
    report: Annotated[Path | None, typer.Option("--report", help="Rapport PDF à écrire.")] = None,
    *,
    json_lines: Annotated[bool, typer.Option("--json", help="Une ligne JSON par fichier.")] = False,
) -> None:
    """Vérifie des fichiers signés : intégrité, signataires, heures, niveau PAdES.

    Chaque fichier est lu dans un processus à part, en dix secondes et 512 Mo au plus.
    Code de sortie : 0, tous valables ; 1, l'un ne l'est pas ; 2, la commande est mal écrite, ou un fichier ne peut pas être lu.
    """
    from signing.verify_process import MAX_FILE_BYTES, LimitedVerifier  # noqa: PLC0415 imports, for those who verify

    if lists is not None and not lists.is_dir():
        refuse(f"{lists} n’est pas un dossier : lancez d’abord « contreseing lists refresh --dir {lists} ».")
    now = SystemClock().now()
    qualifier = _qualifier(lists, lists_signers) if lists is not None else None
    instant = _instant(at) if at is not None else now
    found: list[tuple[Path, FileVerification]] = []
    given = read_anchors(trust)
    with LimitedVerifier(given.pems, _environment(), qualifier=qualifier, ends=given.ends) as verifier:
        for file in files:
            try:
                data = _read(file, MAX_FILE_BYTES + 1)
            except OSError as error:
                _tell_unread(file, error, json_lines=json_lines)
                continue
            one = verifier.verify(data, instant)
            found.append((file, one))
            if json_lines:
                _tell_json(file, render_verification(one))
            else:
                _tell(file, one)
    if not json_lines and not trust:
        out.print("Aucune autorité de confiance n’a été donnée (--trust) : l’identité des signataires ne peut pas être vérifiée.")
    if report is not None:
        _write_report(report, found, instant, now)
    if len(found) < len(files):
        raise typer.Exit(UNUSABLE)
    if not all(one.is_valid for _, one in found):
        raise typer.Exit(NOT_VALID)


def _environment() -> dict[str, str]:
    """Return what the process that reads the files may know of this one's: none of its settings, which hold secrets."""
    return {name: value for name, value in os.environ.items() if not name.startswith("CONTRESEING_")}


def _qualifier(lists: Path, signers: Path | None) -> Qualifier:
    from contreseing.judging import list_signers  # noqa: PLC0415 as above, for those who have lists
    from signing.qualifying import Qualifier  # noqa: PLC0415 as above
    from signing.trusted_lists import TrustedLists  # noqa: PLC0415 as above

    return Qualifier(TrustedLists(lists, list_signers(signers), SystemClock()))


def _tell(file: Path, found: FileVerification) -> None:
    out.print(f"{file} : {verdict(found)}", markup=False)
    for one in found.signatures:
        out.print(f"  {signature_details(one)}", markup=False)
    for stamp in found.timestamps:
        out.print(f"  {timestamp_details(stamp)}", markup=False)
    for cause in french_reasons(found)[1:]:
        out.print(f"  - {cause}", markup=False)


def _read(file: Path, most_bytes: int) -> bytes:
    with file.open("rb") as opened:
        return opened.read(most_bytes)


def _tell_unread(file: Path, error: OSError, *, json_lines: bool) -> None:
    """Say of one file that it cannot be read; the others are verified all the same."""
    err.print(f"{file} ne peut pas être lu : {system_says(error)}.", markup=False)
    if json_lines:
        nothing: dict[str, object] = {"valid": False, "level": None, "signatures": [], "timestamps": [], "verifiable_until": None}
        _tell_json(file, {**nothing, "reasons": [f"the file cannot be read: {errorcode.get(error.errno or 0, 'unknown')}"]})


def _tell_json(file: Path, said: Mapping[str, object]) -> None:
    out.print(json.dumps({"file": str(file), **said}, ensure_ascii=False), markup=False, emoji=False)


def _write_report(target: Path, found: list[tuple[Path, FileVerification]], at: datetime, now: datetime) -> None:
    from documents.verification_report import VerifiedFile, render_verification_report  # noqa: PLC0415 as above

    files: tuple[VerifiedFile, ...] = tuple(VerifiedFile(file.name, one) for file, one in found)
    data = render_verification_report(files, at, now)
    try:
        target.write_bytes(data)
    except OSError as error:
        refuse(f"{target} ne peut pas être écrit : {system_says(error)}.")


def _instant(text: str) -> datetime:
    """Read a day, at its end, or an instant; without a zone it is the hour of Paris."""
    try:
        if len(text) == len("2031-05-01"):
            return datetime.combine(date.fromisoformat(text), END_OF_DAY, PARIS)
        instant = datetime.fromisoformat(text)
    except ValueError:
        refuse(f"« {text} » n’est pas une date : écrivez 2031-05-01 ou 2031-05-01T14:30:00+02:00.")
    return instant if instant.tzinfo is not None else instant.replace(tzinfo=PARIS)
