"""The member signs: a decision, proved by a code, recorded first; then the signature that it asks for.

Rules, in the order in which they run:

1. the visit and its link live, nobody said on it not to be that person, and the agreement is not decided yet (decided already: go to 7);
2. every part was turned;
3. the box is ticked and the digest is the prepared file's;
4. the code has six digits (else it is not a try);
5. the code is the last one asked for, made (typed before its mail left, it is no try), fresh, unused and
   right (a wrong one counts; the fifth kills the link);
6. programme and power to sign allow a signature now; the decision is recorded, the code used;
7. the file is signed, stamped and kept; guards are evaluated again at the time of its own time-stamp.

If 7 fails because something outside is down, the decision stands and ``finish_signature`` is repeated by ``resume``.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType

from conventions.agreements import Agreement, Artefact, Fact, FactKind, Stage
from conventions.canonical import Json
from conventions.claims import freed_on_error, take_claim
from conventions.errors import ContreseingError, InputRefused, LinkRefused, RuleRefused
from conventions.french import paris_date
from conventions.guards import check_levels, check_power, check_programme_open
from conventions.held_uploads import HeldOutcome, held_upload, settle_upload
from conventions.kinds import Kind
from conventions.links import CODE_LIFETIME, Closure, CodeRequest, Link, Purpose, Visit, code_mac, parse_code
from conventions.outgoing import Template
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.preparation import preparation_of
from conventions.recording import enqueue_about_version, record_event, record_fact
from conventions.signatures import MemberSignature, SignedFile
from conventions.steps.keep_member_file import keep_member_file
from conventions.steps.open_link import check_identity, visit_of
from conventions.steps.send_code import check_reading
from conventions.steps.signer_view import check_link_usable, signer_view
from conventions.views import SignerView

SIGNING_REASONS: Mapping[Kind, str] = {
    Kind.CONVENTION: "Accord sur la convention et ses annexes",
    Kind.CHARTER: "Acceptation de la charte d’utilisation",
    Kind.ORDER_FORM: "Commande de services complémentaires",
    Kind.AMENDMENT: "Accord sur l’avenant",
    Kind.TERMINATION_NOTICE: "Résiliation",
}
MEMBER_FORMULA = "Pour l’établissement, son représentant"


def sign(ports: Ports, cookie: str, code: str, *, accepted: bool, document_sha256: str) -> SignerView:
    """Record the person's decision and sign; called again once decided, finishes or returns the same signature.

    Raises:
        InputRefused: ``consent.missing`` or ``code.malformed`` (neither is a try).
        LinkRefused: ``code.wrong`` (``tries_left``), ``code.expired``, ``code.on_its_way``, ``link.locked``, ``link.refused``.
        RuleRefused: ``link.in_doubt``, ``reading.unfinished``, ``document.changed``, a guard on programme or power.
        UpstreamUnavailable: the decision is recorded and will be carried out; nothing is lost.
    """
    refusal: ContreseingError | None = None
    now = ports.clock.now()
    with ports.registry.write() as tx:
        visit, link, agreement = visit_of(tx, cookie, Purpose.SIGN, now)
        agreement = tx.agreement(agreement.reference, lock=True)
        link = tx.link(link.id, lock=True)
        check_link_usable(link, agreement, now)  # (1)
        if agreement.fact(FactKind.DECLINED) is not None:
            raise RuleRefused(f"{agreement.reference} was declined", code="agreement.decided")
        if agreement.fact(FactKind.CONSENTED) is None:
            check_identity(tx, link)  # (1)
            check_reading(visit, agreement)  # (2)
            _check_decision(agreement, accepted=accepted, document_sha256=document_sha256)  # (3)
            digits = parse_code(code)  # (4)
            if digits is None:
                raise InputRefused("a code has six digits", code="code.malformed")
            request = _check_code(ports, tx, link, document_sha256, digits, now)  # (5)
            if isinstance(request, CodeRequest):
                _consent(ports, tx, agreement, visit, link, request, now)  # (6)
            else:
                refusal = request
    if refusal is not None:  # committed: the try counts
        raise refusal
    finish_signature(ports, agreement.reference)  # (7)
    return signer_view(ports, cookie)


def _check_decision(agreement: Agreement, *, accepted: bool, document_sha256: str) -> None:
    if not accepted:
        raise InputRefused("the box is not ticked", code="consent.missing")
    if not hmac.compare_digest(document_sha256.encode(), preparation_of(agreement).sha256.encode()):
        raise RuleRefused(f"the digest shown is not that of {agreement.reference}", code="document.changed")


def _check_code(ports: Ports, tx: Transaction, link: Link, document_sha256: str, digits: str, now: datetime) -> CodeRequest | LinkRefused:
    requests = [request for request in tx.code_requests(link.id) if request.document_sha256 == document_sha256]
    last = requests[-1] if requests else None
    if last is not None and last.made_at is None and now <= last.requested_at + CODE_LIFETIME:
        raise LinkRefused(f"the last code for link {link.id} has not left yet", code="code.on_its_way")
    if last is None or last.mac is None or not last.is_usable(now):
        raise LinkRefused(f"no usable code for link {link.id}", code="code.expired")
    if hmac.compare_digest(last.mac, code_mac(last.id, document_sha256, digits, ports.secrets)):
        return last
    link = replace(link, wrong_codes=link.wrong_codes + 1)
    if link.tries_left == 0:
        link = replace(link, closed_as=Closure.LOCKED, closed_at=now)
    tx.update_link(link)
    data: dict[str, Json] = {"link_id": link.id, "tries_left": link.tries_left}
    record_event(ports, tx, "code.wrong", at=now, reference=link.reference, data=data)
    if link.tries_left == 0:
        return LinkRefused(f"link {link.id} is locked", code="link.locked")
    return LinkRefused(f"wrong code for link {link.id}", code="code.wrong", tries_left=link.tries_left)


def _consent(ports: Ports, tx: Transaction, agreement: Agreement, visit: Visit, link: Link, request: CodeRequest, now: datetime) -> None:
    check_may_sign(ports, tx, agreement, paris_date(now))
    tx.update_code_request(replace(request, used_at=now))
    data = {"link_id": link.id, "visit_id": visit.id, "code_id": request.id, "sha256": request.document_sha256}
    record_fact(ports, tx, agreement, Fact(FactKind.CONSENTED, now, agreement.version, data))


def check_may_sign(ports: Ports, tx: Transaction, agreement: Agreement, day: date) -> None:
    """Check programme, level of signature and power to sign on a day.

    Raises:
        RuleRefused: a guard's.
    """
    programme = tx.programme(agreement.programme_id)
    check_programme_open(programme, day)
    check_levels(programme, ports.rules.levels)
    check_power(tx.member(agreement.member_id).power, day)


def check_not_cancelled(agreement: Agreement) -> None:
    """Refuse to sign what an agent cancelled.

    Raises:
        RuleRefused: ``agreement.cancelled``.
    """
    if agreement.fact(FactKind.CANCELLED) is not None:
        raise RuleRefused(f"{agreement.reference} was cancelled", code="agreement.cancelled")


def finish_signature(ports: Ports, reference: str) -> None:
    """Carry out a recorded decision: sign, stamp, keep; nothing happens when it is done.

    Raises:
        NotFound: nobody decided.
        RuleRefused: a guard refuses at the time of the time-stamp; the bytes stay an orphan of the working store.
        Busy: another worker is on it.
        UpstreamUnavailable, SigningFailed, EvidenceBroken: nothing was issued.
    """
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        agreement.required_fact(FactKind.CONSENTED)
        claim = None
        if agreement.artefact(Stage.MEMBER_SIGNED) is None:
            check_not_cancelled(agreement)
            check_may_sign(ports, tx, agreement, paris_date(ports.clock.now()))
            claim = take_claim(ports, tx, reference)
    at_hand: dict[str, bytes] = {}
    if claim is not None:
        preparation = preparation_of(agreement)
        request = MemberSignature(reference, preparation.member, preparation.sha256, SIGNING_REASONS[agreement.kind], MEMBER_FORMULA)
        with freed_on_error(ports, (claim,)):
            prepared = ports.working.get(preparation.sha256)
            signed = ports.signing.sign_for_member(prepared, request)
            sha256 = ports.working.put(signed.data)
            at_hand = {preparation.sha256: prepared, sha256: signed.data}
            with ports.registry.write() as tx:
                claim.verify(tx)
                commit_signature(ports, tx, reference, agreement.version, signed, sha256)
    if agreement.fact(FactKind.MEMBER_FILE_KEPT) is None:
        keep_quietly(ports, reference, at_hand)


def commit_signature(  # the claim's transaction and what was made under it
    ports: Ports, tx: Transaction, reference: str, version: int, signed: SignedFile, sha256: str, beside: Mapping[str, Json] | None = None
) -> None:
    """Record the member's signature in the caller's transaction: guards at its time, artefact, fact, mails.

    Raises:
        RuleRefused: the agreement went on, or a guard refuses at the time of the time-stamp.
    """
    agreement = tx.agreement(reference, lock=True)
    if agreement.version != version:
        raise RuleRefused(f"{reference} went on to version {agreement.version}", code="document.changed")
    check_not_cancelled(agreement)
    check_may_sign(ports, tx, agreement, paris_date(signed.signed_at))
    now = ports.clock.now()
    tx.add_artefact(reference, Artefact(version, Stage.MEMBER_SIGNED, sha256, len(signed.data), now))
    data: dict[str, Json] = {
        "sha256": sha256,
        "level": signed.level.value,
        "signed_at": signed.signed_at.isoformat(),
        "certificate_sha256": signed.certificate_sha256,
        **(beside or {}),
    }
    if (held := held_upload(agreement)) is not None:
        settle_upload(ports, tx, agreement, held, HeldOutcome.OVERTAKEN, "", "")
    record_fact(ports, tx, agreement, Fact(FactKind.MEMBER_SIGNED, now, version, data))
    enqueue_about_version(ports, tx, Template.MEMBER_RECEIPT, agreement)
    if tx.member(agreement.member_id).second_mail is not None:
        enqueue_about_version(ports, tx, Template.SECOND_ADDRESS_NOTICE, agreement)


def keep_quietly(ports: Ports, reference: str, at_hand: Mapping[str, bytes] = MappingProxyType({})) -> None:
    """Put the signed file under lock; if the archive is down, the person is not made to wait: ``resume`` repeats it."""
    try:
        keep_member_file(ports, reference, at_hand)
    except ContreseingError as error:
        if not error.retryable:
            raise
