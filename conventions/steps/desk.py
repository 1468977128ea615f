"""The Vice-President's desk: what waits, in three piles, with the reason why each is there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from conventions.accounts import Account, Role
from conventions.agreements import Agreement, FactKind, settled_services
from conventions.canonical import sha256_hex
from conventions.ceremonies import Authorisation, HowShown, Review
from conventions.errors import RuleRefused
from conventions.french import paris_date
from conventions.kinds import Kind
from conventions.members import Member
from conventions.people import is_same_person
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.powers import Delegation
from conventions.preparation import own_certificate, preparation_of
from conventions.programmes import Programme
from conventions.standing import stuck_because, whom_to_ring
from conventions.status import Status, status_of
from conventions.steps.sign_in import session_account
from conventions.views import AgreementView, CeremonyView, DeskItem, DeskView, Pile

DESK_READERS = (Role.SIGNATORY, Role.ASSISTANT)
SAMPLE_SIZE = 5
OPENED = frozenset({HowShown.OPENED, HowShown.SAMPLED})


def desk(ports: Ports, cookie: str) -> DeskView:
    """Return the desk: items awaiting a countersignature, sorted in piles, the sample of the standard pile, the total.

    Raises:
        LinkRefused: the session is over.
        RuleRefused: not a signatory's or an assistant's account, or one with no delegation.
    """
    with ports.registry.read() as tx:
        return desk_of(ports, tx, session_account(ports, tx, cookie, DESK_READERS))


def desk_of(ports: Ports, tx: Transaction, account: Account) -> DeskView:
    """Build the desk of an account in the caller's transaction."""
    delegation = delegation_of(tx, account)
    reviews = {(review.reference, review.member_signed_sha256): review for review in tx.reviews(account.id)}
    members = {member.id: member for member in tx.members()}
    programmes = {programme.id: programme for programme in tx.programmes()}
    today = paris_date(ports.clock.now())
    items = []
    for agreement in awaiting(ports, tx):
        signed = agreement.to_countersign
        member, programme = members[agreement.member_id], programmes[agreement.programme_id]
        review = reviews.get((agreement.reference, signed.sha256))
        is_covered = delegation.covers(agreement.kind, today)
        items.append(_item(agreement, member, programme, delegation, review, is_covered=is_covered))
    demonstration = any(tx.campaign(campaign.id).demonstration for campaign in tx.campaigns())
    is_usable = bool(items) and all(item.is_covered for item in items)
    return DeskView(
        signatory=delegation.holder,
        delegation_number=delegation.act.number,
        delegation_on=delegation.act.on,
        delegation_ends_on=delegation.ends_on,
        items=tuple(items),
        sample=sample_of(items),
        total_eur=sum(item.contribution_eur for item in items),
        not_covered_because=None if is_usable or not items else "delegation.not_covering",
        demonstration=demonstration,
    )


def awaiting(ports: Ports, tx: Transaction) -> Iterator[Agreement]:
    """Yield every agreement that waits for its countersignature, by reference."""
    now, after = ports.clock.now(), ""
    while page := tx.agreements(after=after):
        yield from (agreement for agreement in page if status_of(agreement, now) is Status.AWAITING_COUNTERSIGNATURE)
        after = page[-1].reference


def delegation_of(tx: Transaction, account: Account) -> Delegation:
    """Return the delegation under which an account signs (or, for an assistant, prepares).

    Raises:
        RuleRefused: it has none.
    """
    if account.delegation_id is None:
        raise RuleRefused(f"account {account.id} holds no delegation", code="delegation.none")
    return tx.delegation(account.delegation_id)


def _item(  # an item compares all of these
    agreement: Agreement, member: Member, programme: Programme, delegation: Delegation, review: Review | None, *, is_covered: bool
) -> DeskItem:
    preparation = preparation_of(agreement)
    signed = agreement.fact(FactKind.MEMBER_SIGNED)
    pile, reasons = _sort(agreement, member, programme, delegation)
    return DeskItem(
        reference=agreement.reference,
        organisation=preparation.member.organisation,
        category=member.category,
        contribution_eur=preparation.contribution_eur if agreement.kind is Kind.CONVENTION else 0,
        signed_by=preparation.member.person if signed is not None else None,
        waiting_since=signed.instant("signed_at") if signed is not None else agreement.required_fact(FactKind.PREPARED).at,
        kind=agreement.kind,
        amount=preparation.amount,
        prepared_sha256=preparation.sha256,
        member_signed_sha256=agreement.to_countersign.sha256,
        pile=pile,
        reasons=reasons,
        mark=review.mark if review is not None else None,
        is_opened=review is not None and review.how_shown in OPENED,
        is_covered=is_covered,
    )


def _sort(agreement: Agreement, member: Member, programme: Programme, delegation: Delegation) -> tuple[Pile, tuple[str, ...]]:
    demanding = [] if agreement.kind is Kind.CONVENTION else ["pile.own_terms"]
    if not programme.scale.is_on_scale(member.category, preparation_of(agreement).contribution_eur):
        demanding.append("pile.off_scale")
    if member.power is not None and member.power.override is not None:
        demanding.append("pile.override")
    if member.representative_mail.is_generic:
        demanding.append("pile.generic_mailbox")
    if is_same_person(member.representative, delegation.holder):
        demanding.append("pile.same_person")
    if own_certificate(agreement):
        demanding.append("pile.signed_elsewhere")
    if demanding:
        return Pile.ONE_BY_ONE, tuple(demanding)
    if agreement.version > 1:
        return Pile.ATTENTION, ("pile.new_version",)
    return Pile.STANDARD, ()


def sample_of(items: Sequence[DeskItem]) -> tuple[str, ...]:
    """Draw the documents of the standard pile to open: unpredictable to members, the same on every device."""
    standard = [item for item in items if item.pile is Pile.STANDARD]
    drawn = sorted(standard, key=lambda item: sha256_hex(f"sample:{item.member_signed_sha256}".encode()))[:SAMPLE_SIZE]
    return tuple(sorted(item.reference for item in drawn))


def desk_agreement(ports: Ports, cookie: str, reference: str) -> AgreementView:
    """Return everything known of an agreement, for the desk.

    Raises:
        LinkRefused, RuleRefused, NotFound.
    """
    with ports.registry.read() as tx:
        session_account(ports, tx, cookie, DESK_READERS)
        return view_agreement(ports, tx, reference)


def view_agreement(ports: Ports, tx: Transaction, reference: str) -> AgreementView:
    """Build the whole view of an agreement in the caller's transaction."""
    agreement = tx.agreement(reference)
    services_on, services_pending = settled_services(agreement)
    now, member, around = ports.clock.now(), tx.member(agreement.member_id), tx.surroundings([reference])[reference]
    status = status_of(agreement, now)
    return AgreementView(
        agreement=agreement,
        status=status,
        member=member,
        links=around.links,
        events=tuple(tx.events(reference)),
        entries=tuple(tx.archive_entries(reference)),
        outgoing=around.outgoing,
        services_on=services_on,
        services_pending=services_pending,
        standing=stuck_because(agreement, status, around, now),
        contact=whom_to_ring(member, status),
        visits=around.visits,
        attentions=around.attentions,
    )


def ceremony(ports: Ports, cookie: str, authorisation_id: str) -> CeremonyView:
    """Return how far a ceremony is.

    Raises:
        LinkRefused, RuleRefused, NotFound.
    """
    with ports.registry.read() as tx:
        session_account(ports, tx, cookie, DESK_READERS)
        authorisation = tx.authorisation(authorisation_id)
        agreements = tx.agreements_named([item.reference for item in authorisation.items])
    now = ports.clock.now()
    signed, archived, active, failures = [], [], [], []
    for agreement in agreements:
        countersigned = agreement.fact(FactKind.COUNTERSIGNED)
        if countersigned is not None and countersigned.data["authorisation_id"] == authorisation_id:
            signed.append(agreement.reference)
        if agreement.fact(FactKind.ARCHIVED) is not None:
            archived.append(agreement.reference)
        if status_of(agreement, now) is Status.ACTIVE:
            active.append(agreement.reference)
        elif agreement.failure is not None:
            failures.append((agreement.reference, agreement.failure.code))
    return CeremonyView(
        id=authorisation.id,
        at=authorisation.at,
        expires_at=authorisation.expires_at,
        references=tuple(item.reference for item in authorisation.items),
        countersigned=tuple(signed),
        archived=tuple(archived),
        active=tuple(active),
        failures=tuple(failures),
    )


def ceremonies(ports: Ports, cookie: str) -> Sequence[Authorisation]:
    """List the account's own ceremonies, newest first (an assistant sees those of its signatory's delegation).

    Raises:
        LinkRefused, RuleRefused.
    """
    with ports.registry.read() as tx:
        account = session_account(ports, tx, cookie, DESK_READERS)
        return [a for a in tx.authorisations() if a.delegation_id == account.delegation_id]
