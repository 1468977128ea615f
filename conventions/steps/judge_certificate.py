"""An agent says whether the certificate of a held file is that of the person expected, of that member; the file was judged on arrival.

Rules, in the order in which they run:

1. that file still waits; confirmed already, nothing happens;
2. a reason is given: what was compared, or what the member is to do;
3. confirmed: nobody said on its link not to be that person, and guards hold at the time of the signature's time-stamp; decision and
   signature are recorded together. Refused: the member is told, and may send another file or sign online.
"""

from __future__ import annotations

from datetime import datetime

from conventions.agreements import Agreement, Fact, FactKind
from conventions.canonical import Json
from conventions.errors import RuleRefused
from conventions.held_uploads import NUMBER, HeldOutcome, held_upload, outcome_of, settle_upload
from conventions.outgoing import Template
from conventions.ports.system import Ports
from conventions.preparation import preparation_of
from conventions.recording import checked_reason, enqueue, record_fact
from conventions.signatures import PadesLevel, SignedFile
from conventions.status import Status, status_of
from conventions.steps.open_link import check_identity
from conventions.steps.sign import commit_signature, keep_quietly


def confirm_certificate(ports: Ports, reference: str, number: int, by: str, reason: str) -> None:
    """Take a held file as the member's signature; ``by`` is the agent's account, ``reason`` what was compared.

    Raises:
        InputRefused: no reason (``text.empty``), or too long a one.
        RuleRefused: ``upload.judged``: no such file waits; ``agreement.decided``, ``agreement.not_awaiting_member``, ``link.in_doubt``,
            a guard on programme or power.
        EvidenceBroken, NotFound, UpstreamUnavailable: its bytes cannot be read; nothing was recorded.
    """
    words = checked_reason(reason, is_required=True)  # (2)
    with ports.registry.read() as tx:
        agreement = tx.agreement(reference)
        if _was_settled(agreement, number, HeldOutcome.CONFIRMED):  # (1)
            return
        held = _waiting(agreement, number)
    data = ports.working.get(held.text("sha256"))
    signed = SignedFile(data, PadesLevel(held.text("level")), held.instant("signed_at"), held.text("certificate_sha256"))
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        if _was_settled(agreement, number, HeldOutcome.CONFIRMED):  # another agent was first
            return
        held = _waiting(agreement, number)  # (1)
        _check_undecided(agreement, ports.clock.now())
        check_identity(tx, tx.link(held.text("link_id")))  # (3)
        settle_upload(ports, tx, agreement, held, HeldOutcome.CONFIRMED, by, words)
        decided: dict[str, Json] = {
            **{name: held.data[name] for name in ("link_id", "visit_id")},
            "code_id": "",
            "sha256": preparation_of(agreement).sha256,
        }
        record_fact(ports, tx, agreement, Fact(FactKind.CONSENTED, ports.clock.now(), agreement.version, decided))
        beside: dict[str, Json] = {"uploaded_sha256": held.data["uploaded_sha256"], "confirmed": number}
        commit_signature(ports, tx, reference, agreement.version, signed, held.text("sha256"), beside)
    keep_quietly(ports, reference)


def refuse_certificate(ports: Ports, reference: str, number: int, by: str, reason: str) -> None:
    """Put a held file aside and tell the member why; ``reason`` is read by the member.

    Raises:
        InputRefused, RuleRefused, NotFound: as ``confirm_certificate``.
    """
    words = checked_reason(reason, is_required=True)  # (2)
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        if _was_settled(agreement, number, HeldOutcome.REFUSED):
            return
        held = _waiting(agreement, number)  # (1)
        _check_undecided(agreement, ports.clock.now())
        settle_upload(ports, tx, agreement, held, HeldOutcome.REFUSED, by, words)
        ids = {"version": str(agreement.version), NUMBER: str(number)}
        enqueue(ports, tx, Template.UPLOAD_REFUSED, reference, str(number), ids)


def _was_settled(agreement: Agreement, number: int, outcome: HeldOutcome) -> bool:
    held = (fact for fact in agreement.facts if fact.kind is FactKind.UPLOAD_HELD and fact.data[NUMBER] == number)
    return any(outcome_of(agreement, fact) is outcome for fact in held)


def _waiting(agreement: Agreement, number: int) -> Fact:
    held = held_upload(agreement)
    if held is None or held.data[NUMBER] != number:
        raise RuleRefused(f"{agreement.reference}: no file {number} waits for a confirmation", code="upload.judged")
    return held


def _check_undecided(agreement: Agreement, now: datetime) -> None:
    """A file may wait beside a refusal, a cancellation or a decision by code; it is no longer needed then."""
    if any(agreement.fact(kind) is not None for kind in (FactKind.CONSENTED, FactKind.DECLINED, FactKind.CANCELLED)):
        raise RuleRefused(f"{agreement.reference} is decided", code="agreement.decided")
    if status_of(agreement, now) is not Status.AWAITING_MEMBER:  # in quarantine, or the programme is over
        raise RuleRefused(f"{agreement.reference} does not wait for its member", code="agreement.not_awaiting_member")
