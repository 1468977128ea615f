"""What the office shows: whose turn, since when, why it is stuck."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from conventions.accounts import Role
from conventions.agreements import Agreement
from conventions.attentions import AttentionKind
from conventions.errors import NotFound
from conventions.folder import read_by_digest
from conventions.kinds import FILE_NAMES
from conventions.outgoing import LATE_AFTER
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.recording import record_event
from conventions.search import Wanted
from conventions.standing import Surroundings, stuck_because, whom_to_ring
from conventions.status import Status, status_of
from conventions.steps.desk import view_agreement
from conventions.steps.sign_in import session_account
from conventions.views import AgreementLine, AgreementView, Overview

OFFICE_READERS = (Role.AGENT, Role.AUDITOR, Role.ADMINISTRATOR)
PAGE_SIZE = 500


def overview(ports: Ports, cookie: str) -> Overview:
    """Return campaigns, programmes, counts by status, what waits for an agent, dead letters and the count of what is late.

    Raises:
        LinkRefused, RuleRefused.
    """
    now = ports.clock.now()
    with ports.registry.read() as tx:
        session_account(ports, tx, cookie, OFFICE_READERS)
        counts = tx.count_statuses(now)
        waiting = tx.count_attentions()
        return Overview(
            campaigns=tuple(tx.campaigns()),
            programmes=tuple(tx.programmes()),
            counts=tuple((status, counts[status]) for status in Status if counts.get(status)),
            to_handle=tx.count_to_handle(now),
            waiting=tuple((kind, waiting[kind]) for kind in AttentionKind if waiting.get(kind)),
            dead_letters=tuple(tx.dead_letters()),
            late_outgoing=tx.count_late(now - LATE_AFTER),
        )


def count_to_handle(ports: Ports, cookie: str) -> int:
    """Count the agreements that wait for an agent.

    Raises:
        LinkRefused, RuleRefused.
    """
    with ports.registry.read() as tx:
        session_account(ports, tx, cookie, OFFICE_READERS)
        return tx.count_to_handle(ports.clock.now())


def agreement_lines(ports: Ports, cookie: str, wanted: Wanted, *, after: str = "", limit: int = PAGE_SIZE) -> Sequence[AgreementLine]:
    """List the agreements wanted, by reference after ``after``.

    Raises:
        LinkRefused, RuleRefused.
    """
    now = ports.clock.now()
    with ports.registry.read() as tx:
        session_account(ports, tx, cookie, OFFICE_READERS)
        found = tx.find_agreements(wanted, now, after=after, limit=limit)
        around = tx.surroundings([agreement.reference for agreement in found])
        return [_line(tx, agreement, around[agreement.reference], now) for agreement in found]


def _line(tx: Transaction, agreement: Agreement, around: Surroundings, now: datetime) -> AgreementLine:
    member = tx.member(agreement.member_id)
    status = status_of(agreement, now)
    return AgreementLine(
        reference=agreement.reference,
        organisation=member.name,
        category=member.category,
        contribution_eur=member.contribution_eur,
        status=status,
        since=agreement.facts[-1].at,
        failure_code=agreement.failure.code if agreement.failure is not None else None,
        person=member.representative,
        telephone=member.telephone,
        siret=member.siret,
        kind=agreement.kind,
        standing=stuck_because(agreement, status, around, now),
        contact=whom_to_ring(member, status),
    )


def agreement_view(ports: Ports, cookie: str, reference: str) -> AgreementView:
    """Return everything known of an agreement.

    Raises:
        LinkRefused, RuleRefused, NotFound.
    """
    with ports.registry.read() as tx:
        session_account(ports, tx, cookie, OFFICE_READERS)
        return view_agreement(ports, tx, reference)


def file_bytes(ports: Ports, cookie: str, reference: str, sha256: str) -> tuple[str, bytes]:
    """Return one file of an agreement by its digest, with the name to save it under; the access is journalled.

    Raises:
        LinkRefused, RuleRefused, UpstreamUnavailable, EvidenceBroken.
        NotFound: the agreement has no such file.
    """
    with ports.registry.write() as tx:
        account = session_account(ports, tx, cookie, OFFICE_READERS)
        agreement = tx.agreement(reference)
        artefact = next((a for a in agreement.artefacts if a.sha256 == sha256), None)
        if artefact is None:
            raise NotFound(f"{reference} has no file with that digest", code="document.not_found")
        data = {"account": account.id, "sha256": sha256, "stage": artefact.stage.value}
        record_event(ports, tx, "file.read", at=ports.clock.now(), reference=reference, data=data)
    return f"{_name(agreement)}-{artefact.stage}.pdf", read_by_digest(ports, reference, sha256)


def record_export(ports: Ports, cookie: str, file_format: str) -> None:
    """Record who took the list of agreements away as a file; what was searched may hold a name, and is not written.

    Raises:
        LinkRefused, RuleRefused.
    """
    with ports.registry.write() as tx:
        account = session_account(ports, tx, cookie, OFFICE_READERS)
        record_event(ports, tx, "list.exported", at=ports.clock.now(), data={"account": account.id, "format": file_format})


def _name(agreement: Agreement) -> str:
    return f"{FILE_NAMES[agreement.kind]}-{agreement.reference}"
