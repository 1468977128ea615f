"""Show the office what the readers found in the completed file: the reports kept with it, read back."""

from __future__ import annotations

from dataclasses import dataclass

from conventions.agreements import Agreement, FactKind
from conventions.archived_report import ReadReport, parse_report
from conventions.errors import NotFound
from conventions.folder import read_by_digest
from conventions.members import Member
from conventions.ports.system import Ports
from conventions.preservation import kept_file, verifiable_until
from conventions.steps.office import OFFICE_READERS
from conventions.steps.sign_in import session_account


@dataclass(frozen=True)
class ShownReports:
    """An agreement, its member, the reports of its completed file in the order in which they were made, and the first one's line."""

    agreement: Agreement
    member: Member
    reports: tuple[ReadReport, ...]
    line: str


def show_report(ports: Ports, cookie: str, reference: str) -> ShownReports:
    """Return the reports of an agreement's completed file.

    Raises:
        LinkRefused, RuleRefused, EvidenceBroken.
        NotFound: no such agreement, or its file was not validated yet (``report.none``).
    """
    with ports.registry.read() as tx:
        session_account(ports, tx, cookie, OFFICE_READERS)
        agreement = tx.agreement(reference)
        member = tx.member(agreement.member_id)
    facts = [fact for fact in agreement.facts if fact.kind is FactKind.VALIDATED and fact.version == agreement.version]
    if not facts:
        raise NotFound(f"{reference} has no validation report", code="report.none")
    reports = tuple(parse_report(read_by_digest(ports, reference, fact.text("report_sha256"))) for fact in facts)
    kept = kept_file(agreement)
    return ShownReports(agreement, member, reports, reports[0].line(verifiable_until(kept) if kept is not None else None))
