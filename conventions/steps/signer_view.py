"""What the signer's pages show, computed from the facts alone."""

from __future__ import annotations

from datetime import datetime

from conventions.afterwards import afterwards_of
from conventions.agreements import Agreement, FactKind
from conventions.errors import LinkRefused
from conventions.held_uploads import held_upload
from conventions.kinds import Party
from conventions.links import CODE_LIFETIME, CodeRequest, Link, Purpose, Visit
from conventions.people import MailAddress
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.preparation import preparation_of
from conventions.steps.open_link import visit_of
from conventions.views import PartView, SignerStage, SignerView


def signer_view(ports: Ports, cookie: str) -> SignerView:
    """Return where the signer is and everything the pages show.

    Raises:
        LinkRefused: no such visit, or the link died before anything was signed (``link.locked``: too many wrong codes).
    """
    now = ports.clock.now()
    with ports.registry.read() as tx:
        visit, link, agreement = visit_of(tx, cookie, Purpose.SIGN, now)
        check_link_usable(link, agreement, now)
        return view_of(ports, tx, visit, link, agreement)


def check_link_usable(link: Link, agreement: Agreement, now: datetime) -> None:
    """Refuse a link that died; once the person has decided, it still shows what was done.

    Raises:
        LinkRefused.
    """
    if agreement.fact(FactKind.CONSENTED) is not None or agreement.fact(FactKind.DECLINED) is not None:
        return
    if link.tries_left == 0:
        raise LinkRefused(f"link {link.id} is locked", code="link.locked")
    if not link.is_open(now):
        raise LinkRefused(f"link {link.id} is closed", code="link.refused")


def view_of(ports: Ports, tx: Transaction, visit: Visit, link: Link, agreement: Agreement) -> SignerView:
    """Build the view in the caller's transaction."""
    preparation = preparation_of(agreement)
    member = tx.member(agreement.member_id)
    programme, campaign = tx.programme(agreement.programme_id), tx.campaign(agreement.campaign_id)
    now = ports.clock.now()
    parts = tuple(
        PartView(number, section.title, section.first_page, section.last_page, number in visit.turned)
        for number, section in enumerate(preparation.sections, start=1)
    )
    code = usable_code(tx, link, preparation.sha256, now)
    return SignerView(
        stage=_stage(agreement, code, all_turned=all(part.is_turned for part in parts)),
        kind=agreement.kind,
        reference=agreement.reference,
        title=preparation.title,
        organisation=preparation.member.organisation,
        person=preparation.member.person,
        countersigner=preparation.identity(Party.SYNDICATE).person,
        syndicate=preparation.syndicate.organisation,
        contribution_eur=preparation.contribution_eur,
        amount=preparation.amount,
        programme=programme.name,
        programme_ends_on=programme.ends_on,
        deadline=link.expires_at,
        power=member.power.act if member.power is not None else None,
        parts=parts,
        page_count=preparation.page_count,
        document_sha256=preparation.sha256,
        masked_address=MailAddress(link.address, "").masked,
        tries_left=link.tries_left,
        code_expires_at=(code.made_at or code.requested_at) + CODE_LIFETIME if code is not None else None,
        after=afterwards_of(agreement, now),
        telephone=ports.rules.help_telephone,
        demonstration=campaign.demonstration,
        accepts_uploads=ports.rules.accepts_uploads,
        held_at=held.at if (held := held_upload(agreement)) is not None else None,
    )


def usable_code(tx: Transaction, link: Link, document_sha256: str, now: datetime) -> CodeRequest | None:
    """Return the last code asked for on that document if it is still on its way or good, else None."""
    requests = [request for request in tx.code_requests(link.id) if request.document_sha256 == document_sha256]
    if not requests:
        return None
    last = requests[-1]
    is_on_its_way = last.made_at is None and now <= last.requested_at + CODE_LIFETIME
    return last if is_on_its_way or last.is_usable(now) else None


def _stage(agreement: Agreement, code: CodeRequest | None, *, all_turned: bool) -> SignerStage:
    if agreement.fact(FactKind.MEMBER_SIGNED) is not None:
        return SignerStage.SIGNED
    if agreement.fact(FactKind.CONSENTED) is not None:
        return SignerStage.SIGNATURE_PENDING
    if agreement.fact(FactKind.DECLINED) is not None:
        return SignerStage.DECLINED
    if not all_turned:
        return SignerStage.READING
    return SignerStage.CODE_SENT if code is not None else SignerStage.DECIDING
