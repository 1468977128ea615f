"""``contreseing reread``: read an agreement back from the archive and have both readers judge it again."""

from __future__ import annotations

from typing import Annotated

import typer

from contreseing.cli.opening import opened_ports
from contreseing.cli.words import out
from contreseing.embedded.parts import PKI, S3
from conventions.agreements import FactKind
from conventions.canonical import sha256_hex
from conventions.errors import EvidenceBroken, VerificationFailed
from conventions.french import format_instant
from conventions.preparation import expected_signers


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("reread")(reread)


def reread(context: typer.Context, reference: Annotated[str, typer.Argument(help="Référence de la convention archivée.")]) -> None:
    """Relit une convention dans l'archive, compare son empreinte et son verrou, et la fait valider à nouveau par les deux lecteurs."""
    with opened_ports(context.obj, (S3, PKI)) as ports:
        with ports.registry.read() as tx:
            agreement = tx.agreement(reference)
        archived = agreement.required_fact(FactKind.ARCHIVED)
        data = ports.archive.read(archived.text("key"))
        state = ports.archive.state(archived.text("key"))
        if sha256_hex(data) != archived.text("sha256"):
            raise EvidenceBroken(f"{reference}: the archived file is not the one recorded", code="evidence.archived_differs")
        expected = expected_signers(agreement)
        report, second = ports.signing.validate(data, expected), ports.signing.second_opinion(data, expected)
    out.print(f"{reference} : {len(data)} octets, empreinte {report.sha256}")
    out.print(f"Verrou {state.lock_mode} jusqu'au {format_instant(state.retain_until)}")
    for signature in report.signatures:
        reasons = f" ({' ; '.join(signature.reasons)})" if signature.reasons else ""
        level = signature.level.value if signature.level else "sans niveau"
        signed_at = format_instant(signature.signed_at)
        out.print(f"{signature.field} : {signature.signer}, {signed_at}, {signature.indication}, {level}{reasons}", markup=False)
    for stamp in report.timestamps:
        out.print(f"{stamp.field or stamp.kind} : {stamp.authority}, {format_instant(stamp.at)}, {stamp.indication}", markup=False)
    refusals = [f"{one.reader}: {'; '.join(one.reasons)}" for one in (report, second) if not one.valid]
    if refusals:
        raise VerificationFailed(f"{reference}: {' / '.join(refusals)}")
    out.print(f"Valide, niveau {report.level.value if report.level else 'inconnu'}, lu par {report.reader} et par {second.reader}.")
