"""The member signed the prepared file elsewhere, with a certificate of its own, and uploads it: accepted and raised at once, or refused.

Rules, in the order in which they run:

1. uploads are open, the visit and its link live, nobody said on it not to be that person, the agreement is not decided yet
   (signed already: nothing happens);
2. every part was turned;
3. programme and power to sign allow a signature now;
4. the file is the prepared one, signed once in the member's field by the person expected; it is raised to B-LTA, and both readers
   accept it; else the refusal is recorded, with its code;
5. where its certificate names no organisation, and the installation has that confirmed, it waits for an agent (``judge_certificate``);
   the same file again changes nothing, another such file is refused meanwhile;
6. guards are evaluated again at the time of the signature's time-stamp; decision and signature are recorded together.
"""

from __future__ import annotations

from conventions.agreements import Agreement, Fact, FactKind
from conventions.canonical import sha256_hex
from conventions.claims import freed_on_error, take_claim
from conventions.errors import RuleRefused, VerificationFailed
from conventions.french import paris_date
from conventions.held_uploads import held_upload, hold_upload
from conventions.links import Purpose
from conventions.ports.system import Ports
from conventions.preparation import preparation_of
from conventions.recording import record_event, record_fact
from conventions.steps.open_link import check_identity, visit_of
from conventions.steps.send_code import check_reading
from conventions.steps.sign import check_may_sign, check_not_cancelled, commit_signature, keep_quietly
from conventions.steps.signer_view import check_link_usable, signer_view, view_of
from conventions.views import SignerView


def accept_upload(ports: Ports, cookie: str, uploaded: bytes) -> SignerView:
    """Accept an uploaded file as the member's signature; called again once signed, returns the same signature.

    Raises:
        VerificationFailed: ``upload.<what>``: the file is refused; nothing but the refusal is recorded.
        RuleRefused: ``upload.closed``, ``upload.waiting``, ``link.in_doubt``, ``reading.unfinished``, ``agreement.decided``, a guard on
            programme or power.
        LinkRefused: the visit or its link died.
        Busy: another worker is on it.
        UpstreamUnavailable, SigningFailed: nothing was recorded; upload it again.
    """
    if not ports.rules.accepts_uploads:
        raise RuleRefused("no authority is accepted for files signed elsewhere", code="upload.closed")
    now = ports.clock.now()
    with ports.registry.write() as tx:
        visit, link, agreement = visit_of(tx, cookie, Purpose.SIGN, now)
        agreement = tx.agreement(agreement.reference, lock=True)
        check_link_usable(tx.link(link.id, lock=True), agreement, now)  # (1)
        is_signed = agreement.fact(FactKind.MEMBER_SIGNED) is not None
        claim = None
        if not is_signed:
            if agreement.fact(FactKind.DECLINED) is not None or agreement.fact(FactKind.CONSENTED) is not None:
                raise RuleRefused(f"{agreement.reference} is decided", code="agreement.decided")
            check_identity(tx, link)  # (1)
            check_reading(visit, agreement)  # (2)
            check_may_sign(ports, tx, agreement, paris_date(now))  # (3)
            held = held_upload(agreement)
            if held is None or held.text("uploaded_sha256") != sha256_hex(uploaded):  # (5)
                claim = take_claim(ports, tx, agreement.reference)
    if claim is not None:
        reference, preparation = agreement.reference, preparation_of(agreement)
        with freed_on_error(ports, (claim,)):
            try:
                completed = ports.signing.complete_upload(ports.working.get(preparation.sha256), uploaded, preparation.member)  # (4)
            except VerificationFailed as error:
                _record_refusal(ports, reference, error.code, sha256_hex(uploaded))
                raise
            signed, is_named = completed.signed, completed.certificate.states_siren or not ports.rules.confirms_certificates
            sha256, uploaded_sha256 = ports.working.put(signed.data), ports.working.put(uploaded)
            with ports.registry.write() as tx:
                claim.verify(tx)
                fresh = tx.agreement(reference, lock=True)
                check_identity(tx, link)
                if fresh.fact(FactKind.CONSENTED, agreement.version) is not None:
                    raise RuleRefused(f"{reference} was decided meanwhile", code="agreement.decided")
                if not is_named:  # (5)
                    _check_still_asked(fresh, agreement.version)
                    kept = {"sha256": sha256, "uploaded_sha256": uploaded_sha256}
                    hold_upload(ports, tx, fresh, visit, link, completed, kept)
                    return view_of(ports, tx, visit, link, tx.agreement(reference))
                decided = {"link_id": link.id, "visit_id": visit.id, "code_id": "", "sha256": preparation.sha256}
                record_fact(ports, tx, fresh, Fact(FactKind.CONSENTED, ports.clock.now(), agreement.version, decided))
                commit_signature(ports, tx, reference, agreement.version, signed, sha256, {"uploaded_sha256": uploaded_sha256})  # (6)
        keep_quietly(ports, reference)
    return signer_view(ports, cookie)


def _check_still_asked(agreement: Agreement, version: int) -> None:
    if agreement.version != version or agreement.fact(FactKind.DECLINED) is not None:
        raise RuleRefused(f"{agreement.reference} went on meanwhile", code="document.changed")
    check_not_cancelled(agreement)
    if held_upload(agreement) is not None:
        raise RuleRefused(f"{agreement.reference}: a file waits already", code="upload.waiting")


def _record_refusal(ports: Ports, reference: str, code: str, sha256: str) -> None:
    with ports.registry.write() as tx:
        record_event(ports, tx, "upload.refused", at=ports.clock.now(), reference=reference, data={"code": code, "sha256": sha256})
