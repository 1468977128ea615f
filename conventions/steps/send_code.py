"""Send the signature's code: six digits, bound to the prepared file, made when its mail is rendered."""

from __future__ import annotations

from datetime import datetime, timedelta

from conventions.agreements import Agreement, FactKind
from conventions.errors import RuleRefused
from conventions.links import CODES_AN_HOUR, CodeRequest, Link, Purpose, Visit
from conventions.outgoing import Template
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.preparation import preparation_of
from conventions.recording import enqueue, record_event
from conventions.steps.open_link import check_identity, visit_of
from conventions.steps.signer_view import check_link_usable, view_of
from conventions.views import SignerView


def send_code(ports: Ports, cookie: str) -> SignerView:
    """Ask for a code; its mail leaves by the outbox within seconds.

    Raises:
        LinkRefused: the visit or its link is over.
        RuleRefused: parts remain to be read (``reading.unfinished``), five codes in the hour (``code.too_many``), decided already,
            somebody said not to be that person (``link.in_doubt``).
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        visit, link, agreement = visit_of(tx, cookie, Purpose.SIGN, now)
        link = tx.link(link.id, lock=True)
        check_link_usable(link, agreement, now)
        check_reading(visit, agreement)
        if agreement.fact(FactKind.CONSENTED) is not None or agreement.fact(FactKind.DECLINED) is not None:
            raise RuleRefused(f"{agreement.reference} is decided", code="agreement.decided")
        check_identity(tx, link)
        check_code_rate(tx, link, now)
        sha256 = preparation_of(agreement).sha256
        request = CodeRequest(ports.secrets.random_id(), link.id, sha256, now)
        tx.add_code_request(request)
        enqueue(ports, tx, Template.CODE, agreement.reference, request.id, {"request_id": request.id, "link_id": link.id})
        data = {"visit_id": visit.id, "request_id": request.id, "sha256": sha256}
        record_event(ports, tx, "code.requested", at=now, reference=agreement.reference, data=data)
        return view_of(ports, tx, visit, link, agreement)


def check_reading(visit: Visit, agreement: Agreement) -> None:
    """Refuse to go on before every part was turned."""
    left = len(preparation_of(agreement).sections) - len(set(visit.turned))
    if left > 0:
        raise RuleRefused(f"{left} parts of {agreement.reference} remain to be turned", code="reading.unfinished", left=left)


def check_code_rate(tx: Transaction, link: Link, now: datetime) -> None:
    """Refuse a sixth code within the hour."""
    recent = [request for request in tx.code_requests(link.id) if request.requested_at > now - timedelta(hours=1)]
    if len(recent) >= CODES_AN_HOUR:
        raise RuleRefused(f"{len(recent)} codes in the hour for link {link.id}", code="code.too_many")
