"""The report of a ceremony that is over, as a PDF: what was authorised and what became of each document."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from conventions.agreements import Agreement, Fact, FactKind
from conventions.ceremonies import Authorisation, ManifestItem
from conventions.ceremony_report import CeremonyReport, ReportedDelegation, ReportedItem
from conventions.errors import NotFound, RuleRefused
from conventions.kinds import Kind
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.preparation import preparation_of
from conventions.recording import record_event
from conventions.sentences import sentence_of
from conventions.signatures import SealedManifest
from conventions.steps.desk import DESK_READERS
from conventions.steps.show import authorisation_of
from conventions.steps.sign_in import session_account


def report_ceremony(ports: Ports, cookie: str, authorisation_id: str) -> bytes:
    """Return the report of a ceremony of the reader's delegation, as a PDF; the access is journalled. Same facts, same bytes.

    Raises:
        LinkRefused; RuleRefused (``ceremony.running``: documents are still being signed).
        NotFound: no such ceremony, or not one of this delegation.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        account = session_account(ports, tx, cookie, DESK_READERS)
        authorisation = authorisation_of(tx, account, authorisation_id)
        if authorisation.sealed is None:
            raise NotFound(f"no sealed list for ceremony {authorisation_id}")
        report = _report(tx, authorisation, authorisation.sealed, ports.rules.demonstration)
        if now <= authorisation.expires_at and any(item.countersigned_at is None for item in report.items):
            raise RuleRefused(f"ceremony {authorisation_id} is not over", code="ceremony.running")
        record_event(ports, tx, "ceremony.report_read", at=now, data={"account": account.id, "ceremony": authorisation_id})
    return ports.documents.render_ceremony_report(report)


def _report(tx: Transaction, authorisation: Authorisation, sealed: SealedManifest, is_demonstration: bool) -> CeremonyReport:  # noqa: FBT001 a fact among others
    delegation = tx.delegation(authorisation.delegation_id)
    agreements = {one.reference: one for one in tx.agreements_named([item.reference for item in authorisation.items])}
    items = tuple(_item(tx, authorisation, item, agreements[item.reference]) for item in authorisation.items)
    is_whole = all(item.countersigned_at is not None for item in items)
    programme = tx.programme(agreements[authorisation.items[0].reference].programme_id)
    return CeremonyReport(
        id=authorisation.id,
        syndicate=programme.syndicate,
        person=delegation.holder,
        delegation=ReportedDelegation(delegation.act.number, delegation.act.on, delegation.ends_on),
        at=authorisation.at,
        expires_at=authorisation.expires_at,
        established_at=max([sealed.sealed_at, *([] if is_whole else [authorisation.expires_at]), *_told(items)]),
        sealed=sealed,
        items=items,
        demonstration=is_demonstration or programme.fictitious,
    )


def _told(items: tuple[ReportedItem, ...]) -> Iterator[datetime]:
    for item in items:
        yield from (at for at in (item.countersigned_at, item.returned_at) if at is not None)


def _item(tx: Transaction, authorisation: Authorisation, item: ManifestItem, agreement: Agreement) -> ReportedItem:
    """Tell what this ceremony made of a document, whatever another did of it since: by the facts of the version authorised."""
    version = next(fact for fact in _of_ceremony(agreement, FactKind.AUTHORISED, authorisation.id)).version
    countersigned = next(_of_ceremony(agreement, FactKind.COUNTERSIGNED, authorisation.id), None)
    returned = agreement.fact(FactKind.RETURNED, version)
    preparation = preparation_of(agreement, version)
    return ReportedItem(
        reference=item.reference,
        kind=agreement.kind,
        organisation=preparation.member.organisation,
        contribution_eur=preparation.contribution_eur if agreement.kind is Kind.CONVENTION else 0,
        amount=preparation.amount,
        prepared_sha256=item.prepared_sha256,
        how_shown=item.how_shown.value,
        served_as=item.served_as,
        countersigned_at=countersigned.instant("signed_at") if countersigned is not None else None,
        sealed_sha256=countersigned.text("sha256") if countersigned is not None else None,
        failure=None if countersigned is not None else sentence_of(_failure_code(tx, authorisation, item.reference)),
        returned_at=returned.at if returned is not None else None,
        return_reason=returned.text("reason") if returned is not None else None,
        model_sha256=item.model_sha256,
    )


def _of_ceremony(agreement: Agreement, kind: FactKind, authorisation_id: str) -> Iterator[Fact]:
    return (fact for fact in agreement.facts if fact.kind is kind and fact.data["authorisation_id"] == authorisation_id)


def _failure_code(tx: Transaction, authorisation: Authorisation, reference: str) -> str:
    """Return why the last attempt of this ceremony failed, as the journal knows it; else that its time was over."""
    tried = (entry.event for entry in tx.events(reference) if entry.event.type == "agreement.countersign_failed")
    codes = [str(event.data["code"]) for event in tried if authorisation.at <= event.at <= authorisation.expires_at]
    return codes[-1] if codes else "ceremony.expired"
