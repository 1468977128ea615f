"""``contreseing journal``: give the journal a stamped head, check all of it, prove what it holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from contreseing.cli.help import Commands
from contreseing.cli.opening import check_known, opened_ports
from contreseing.cli.words import err, out, save
from contreseing.embedded.parts import PKI, S3
from conventions.errors import EvidenceBroken, NotFound
from conventions.fault_labels import TAMPERING_LABELS
from conventions.french import counted, format_instant
from conventions.journal.heads import JournalHead
from conventions.journal.verification import JournalFinding
from conventions.steps.prove_events import prove_consistency, prove_events, render_consistency, render_proof
from conventions.steps.stamp_journal import stamp_journal
from conventions.steps.verify_journal import verify_journal

NEEDED = (S3, PKI)

journal = typer.Typer(cls=Commands, help="Le journal : l’horodater, le vérifier, prouver ce qu’il contient.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.add_typer(journal, name="journal")


@journal.command("head")
def head(context: typer.Context) -> None:
    """Archive les événements depuis la dernière empreinte, et fait horodater la nouvelle par chaque autorité."""
    with opened_ports(context.obj, NEEDED) as ports:
        made = stamp_journal(ports)
        with ports.registry.read() as tx:
            heads = tx.heads()
    if not made:
        out.print("Rien de nouveau depuis la dernière empreinte.")
    for one in made or heads[-1:]:
        _show_head(one)


@journal.command("verify")
def verify(context: typer.Context, *, as_json: Annotated[bool, typer.Option("--json", help="Écrire le résultat en JSON.")] = False) -> None:
    """Relit chaque événement et le compare aux empreintes horodatées et aux copies de l’archive ; dit lequel a été touché."""
    with opened_ports(context.obj, NEEDED) as ports:
        check = verify_journal(ports)
    if as_json:
        found = [{"what": one.tampering.value, "index": one.index, "event": one.event_id} for one in check.findings]
        told = {
            "holds": check.holds,
            "size": check.size,
            "root_sha256": check.root_sha256,
            "heads": len(check.heads),
            "left": len(check.left),
            "findings": found,
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
    else:
        for one in check.findings:
            out.print(render_finding(one), markup=False)
        for last in check.heads[-1:]:
            _show_head(last)
        stamped = check.heads[-1].size if check.heads else 0
        out.print(
            f"{counted(check.size, 'événement relu', 'événements relus')},"
            f" {counted(len(check.heads), 'empreinte horodatée', 'empreintes horodatées')}, {_events(check.size - stamped)} depuis."
        )
        if check.left:
            left = counted(len(check.left), "empreinte d’un journal perdu", "empreintes d’un journal perdu")
            out.print(f"{left}, repris d’après l’archive : il n’y a plus rien à leur comparer.")
    if not check.holds:
        raise EvidenceBroken(f"{len(check.findings)} things wrong with the journal", code="journal.changed")
    if not as_json:
        out.print("Le journal est intact.")


@journal.command("prove")
def prove(
    context: typer.Context,
    reference: Annotated[str, typer.Argument(help="Référence d’une convention.")],
    target: Annotated[Path | None, typer.Option("--out", help="Fichier JSON à écrire ; sans lui, la sortie.")] = None,
) -> None:
    """Prouve que les événements d’une convention sont dans le journal à la dernière empreinte horodatée (RFC 9162)."""
    check_known(context.obj, reference)
    with opened_ports(context.obj, NEEDED) as ports:
        proof = prove_events(ports, reference)
    if not proof.events:
        raise NotFound(f"no event of {reference} before the last head", code="journal.no_event", reference=reference)
    text = json.dumps(render_proof(proof), ensure_ascii=False, indent=1) + "\n"
    if target is None:
        typer.echo(text, nl=False)
    else:
        save(target, text.encode())
    err.print(f"{counted(len(proof.events), 'événement prouvé', 'événements prouvés')}, {_events(proof.later_events)} depuis l’empreinte.")


@journal.command("consistency")
def consistency(
    context: typer.Context,
    first: Annotated[int, typer.Argument(help="Nombre d’événements de l’empreinte la plus ancienne.")],
    second: Annotated[int | None, typer.Argument(help="Celui de la plus récente ; la dernière empreinte sans lui.")] = None,
) -> None:
    """Prouve qu’une empreinte ancienne est le début d’une plus récente : rien n’a été réécrit entre les deux (RFC 9162)."""
    with opened_ports(context.obj, is_deferring=True) as ports:
        proof = prove_consistency(ports, first, second)
    typer.echo(json.dumps(render_consistency(proof), indent=1))


def render_finding(finding: JournalFinding) -> str:
    """Tell a finding in French: what was done, where, to which event."""
    where = f" n° {finding.index}" if finding.index is not None else ""
    what = f" ({finding.event_id})" if finding.event_id is not None else ""
    return f"À signaler – {TAMPERING_LABELS[finding.tampering]}{where}{what}"


def _events(count: int) -> str:
    return counted(count, "événement", "événements")


def _show_head(one: JournalHead) -> None:
    out.print(f"{_events(one.size)}, empreinte {one.root_sha256}", markup=False)
    out.print(f"  horodatée le {format_instant(one.at)} par {', '.join(one.stamps)}", markup=False)
