"""The signer asks a question or points out an error."""

from __future__ import annotations

from conventions.agreements import Failure
from conventions.links import Purpose
from conventions.ports.system import Ports
from conventions.recording import checked_reason, record_event
from conventions.steps.open_link import visit_of

QUESTION_STEP = "question"
QUESTION_CODE = "question.asked"


def ask(ports: Ports, cookie: str, text: str) -> None:
    """Record the question and flag the agreement, so that an agent sees it.

    Raises:
        LinkRefused: the visit is over.
        InputRefused: empty or too long.
    """
    words, now = checked_reason(text, is_required=True), ports.clock.now()
    with ports.registry.write() as tx:
        visit, _, agreement = visit_of(tx, cookie, Purpose.SIGN, now)
        record_event(ports, tx, QUESTION_CODE, at=now, reference=agreement.reference, data={"visit_id": visit.id}, personal={"text": words})
        tx.set_failure(agreement.reference, Failure(QUESTION_STEP, QUESTION_CODE, now, 1))
