"""The member declines, with or without a reason."""

from __future__ import annotations

from conventions.agreements import Fact, FactKind
from conventions.errors import RuleRefused
from conventions.links import Closure, Purpose
from conventions.outgoing import Template
from conventions.ports.system import Ports
from conventions.recording import checked_reason, enqueue_about_version, record_fact
from conventions.steps.open_link import visit_of
from conventions.steps.reissue_link import close_links
from conventions.steps.signer_view import check_link_usable, signer_view
from conventions.views import SignerView


def decline(ports: Ports, cookie: str, reason: str) -> SignerView:
    """Record the refusal; the links die. A second call changes nothing.

    Raises:
        LinkRefused: the visit or its link is over.
        RuleRefused: the person has agreed already.
        InputRefused: the reason is too long.
    """
    words, now = checked_reason(reason, is_required=False), ports.clock.now()
    with ports.registry.write() as tx:
        visit, link, agreement = visit_of(tx, cookie, Purpose.SIGN, now)
        agreement = tx.agreement(agreement.reference, lock=True)
        check_link_usable(link, agreement, now)
        if agreement.fact(FactKind.CONSENTED) is not None:
            raise RuleRefused(f"{agreement.reference} is decided", code="agreement.decided")
        if agreement.fact(FactKind.DECLINED) is None:
            data = {"reason": words, "visit_id": visit.id}
            record_fact(ports, tx, agreement, Fact(FactKind.DECLINED, now, agreement.version, data))
            close_links(tx, agreement.reference, Closure.DECLINED, now)
            enqueue_about_version(ports, tx, Template.DECLINED, agreement)
    return signer_view(ports, cookie)
