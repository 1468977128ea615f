"""``contreseing status``: how many agreements stand where, or all that is known of one."""

from __future__ import annotations

from collections import Counter
from typing import Annotated

import typer
from rich.table import Table

from contreseing.cli.opening import check_known, opened_ports
from contreseing.cli.words import out
from conventions.agreements import Agreement, settled_services
from conventions.french import format_instant
from conventions.outgoing import LATE_AFTER
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.sentences import STATUS_LABELS, sentence_of, status_label
from conventions.status import Status, status_of

PAGE = 500


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("status")(status)


def status(
    context: typer.Context,
    reference: Annotated[str | None, typer.Argument(help="Référence d’une convention, par exemple 2026-0014.")] = None,
) -> None:
    """Montre où en sont les conventions de chaque campagne, ou l’histoire d’une seule."""
    if reference is not None:
        check_known(context.obj, reference)
    with opened_ports(context.obj) as ports, ports.registry.read() as tx:
        if reference is None:
            _show_campaigns(ports, tx)
        else:
            _show_agreement(ports, tx.agreement(reference), tx)


def _show_campaigns(ports: Ports, tx: Transaction) -> None:
    now = ports.clock.now()
    for campaign in tx.campaigns():
        counts: Counter[Status] = Counter()
        flagged: list[Agreement] = []
        after = ""
        while page := tx.agreements(campaign_id=campaign.id, after=after, limit=PAGE):
            counts.update(status_of(agreement, now) for agreement in page)
            flagged += [agreement for agreement in page if agreement.failure is not None]
            after = page[-1].reference
        table = Table("État", "Conventions", title=f"Campagne {campaign.id}", title_justify="left")
        for item in Status:
            if counts[item]:
                table.add_row(STATUS_LABELS[item], str(counts[item]))
        out.print(table)
        for agreement in flagged:
            if agreement.failure is not None:
                out.print(f"  {agreement.reference} : {sentence_of(agreement.failure.code)}", markup=False)
    out.print(f"Demandes à traiter : {sum(tx.count_attentions().values())}.")
    out.print(f"Envois en échec : {len(tx.dead_letters())}. Envois en retard : {tx.count_late(now - LATE_AFTER)}.")


def _show_agreement(ports: Ports, agreement: Agreement, tx: Transaction) -> None:
    member = tx.member(agreement.member_id)
    label = status_label(status_of(agreement, ports.clock.now()), agreement.kind)
    out.print(f"{agreement.reference} – {member.name} : {label}", markup=False)
    for fact in agreement.facts:
        out.print(f"  {format_instant(fact.at)}  {fact.key} (version {fact.version})", markup=False)
    on, pending = settled_services(agreement)
    out.print(f"  Services ouverts : {', '.join(on) or 'aucun'} ; en attente : {', '.join(pending) or 'aucun'}", markup=False)
    if agreement.failure is not None:
        out.print(f"  À traiter : {sentence_of(agreement.failure.code)} ({agreement.failure.step})", markup=False)
