"""``contreseing reread``: read an agreement back from the archive and have both readers judge it again."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer

from contreseing.cli.opening import check_known, opened_ports
from contreseing.cli.words import out
from contreseing.embedded.parts import PKI, S3
from conventions.errors import VerificationFailed
from conventions.french import format_instant
from conventions.preservation import verifiable_until
from conventions.steps.reread import reread as reread_archived


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("reread")(reread)


def reread(context: typer.Context, reference: Annotated[str, typer.Argument(help="Référence de la convention archivée.")]) -> None:
    """Relit une convention dans l’archive, telle qu’horodatée en dernier : empreinte, verrou, avis des deux lecteurs. Journalisé."""
    check_known(context.obj, reference)
    with opened_ports(context.obj, (S3, PKI)) as ports:
        read = reread_archived(ports, reference, getpass.getuser())
    report, second = read.reports
    out.print(f"{reference} : {read.size_bytes} octets, empreinte {report.sha256}")
    out.print(f"Verrou {read.state.lock_mode} jusqu’au {format_instant(read.state.retain_until)}")
    until = verifiable_until(read.kept)
    if until is not None:
        out.print(f"Vérifiable ainsi jusqu’au {format_instant(until)}, horodatage d’archivage renouvelé {read.renewals} fois")
    for signature in report.signatures:
        reasons = f" ({' ; '.join(signature.reasons)})" if signature.reasons else ""
        level = signature.level.value if signature.level else "sans niveau"
        signed_at = format_instant(signature.signed_at)
        out.print(f"{signature.field} : {signature.signer}, {signed_at}, {signature.indication}, {level}{reasons}", markup=False)
    for stamp in report.timestamps:
        out.print(f"{stamp.field or stamp.kind} : {stamp.authority}, {format_instant(stamp.at)}, {stamp.indication}", markup=False)
    if read.refusals:
        raise VerificationFailed(f"{reference}: {' / '.join(read.refusals)}")
    out.print(f"Valide, niveau {report.level.value if report.level else 'inconnu'}, lu par {report.reader} et par {second.reader}.")
