"""The Vice-President's desk: what waits, in three piles, with the reason why each is there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress

from conventions.accounts import Account, Role
from conventions.agreements import Agreement, Campaign, FactKind, settled_services
from conventions.canonical import sha256_hex
from conventions.ceremonies import Authorisation, HowShown, Mark, Review
from conventions.errors import ConfigurationError, RuleRefused
from conventions.french import paris_date
from conventions.kinds import Kind
from conventions.piles import Context, sort_document
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.powers import Delegation
from conventions.preparation import preparation_of
from conventions.search import BEGINNING, Wanted
from conventions.standing import stuck_because, whom_to_ring
from conventions.status import Status, status_of
from conventions.steps.sign_in import session_account
from conventions.views import AgreementView, CeremonyView, DeskItem, DeskModel, DeskView, Pile

DESK_READERS = (Role.SIGNATORY, Role.ASSISTANT)
SAMPLE_SIZE = 5
READ_AT_ONCE = 500
OPENED = frozenset({HowShown.OPENED, HowShown.SAMPLED})


def desk(ports: Ports, cookie: str) -> DeskView:
    """Return the desk: items awaiting a countersignature, sorted in piles, the sample of the standard pile, the total.

    Raises:
        LinkRefused: the session is over.
        RuleRefused: not a signatory's or an assistant's account, or one with no delegation.
    """
    models = models_of(ports)
    with ports.registry.read() as tx:
        return desk_of(ports, tx, session_account(ports, tx, cookie, DESK_READERS), models)


def models_of(ports: Ports) -> Mapping[str, str]:
    """Return the digests of the programmes' models by their identifier, outside any transaction; a model without a file has none."""
    with ports.registry.read() as tx:
        wordings = wordings_of(tx)
    found = {}
    for wording in sorted(wordings):
        with suppress(ConfigurationError):
            found[wording] = ports.documents.wording_sha256(wording)
    return found


def wordings_of(tx: Transaction) -> Mapping[str, Kind]:
    """Return the kind of each wording that a programme has."""
    return {wording: Kind(kind) for programme in tx.programmes() for kind, wording in programme.wordings}


def desk_of(ports: Ports, tx: Transaction, account: Account, models: Mapping[str, str]) -> DeskView:
    """Build the desk of an account in the caller's transaction; ``models`` are those of ``models_of``."""
    delegation = delegation_of(tx, account)
    reviews = {(review.reference, review.member_signed_sha256): review for review in tx.reviews(account.id)}
    members = {member.id: member for member in tx.members()}
    programmes = {programme.id: programme for programme in tx.programmes()}
    campaigns = {campaign.id: campaign for campaign in tx.campaigns()}
    read_at = {(read.kind, read.sha256): read.at for read in tx.model_reads(account.id)}
    today = paris_date(ports.clock.now())
    waiting = tuple(awaiting(ports, tx))
    others = tx.agreements_of_members([agreement.member_id for agreement in waiting], but=[agreement.reference for agreement in waiting])
    known = _by_member([*others, *waiting])
    precedents = {id_: _has_precedents(ports, tx, id_, campaigns) for id_ in {agreement.campaign_id for agreement in waiting}}
    items = []
    for agreement in waiting:
        programme = programmes[agreement.programme_id]
        wording_id = dict(programme.wordings).get(agreement.kind.value, "")
        sha256 = models.get(wording_id)
        context = Context(
            member=members[agreement.member_id],
            programme=programme,
            delegation=delegation,
            model_sha256=sha256,
            known=known[agreement.member_id],
            has_precedents=precedents[agreement.campaign_id],
        )
        review = reviews.get((agreement.reference, agreement.to_countersign.sha256))
        model = DeskModel(wording_id, agreement.kind, sha256, read_at.get((agreement.kind, sha256))) if sha256 is not None else None
        items.append(_item(agreement, context, model, review, delegation.not_covering_because(agreement.kind, today)))
    return DeskView(
        signatory=delegation.holder,
        delegation_number=delegation.act.number,
        delegation_on=delegation.act.on,
        delegation_ends_on=delegation.ends_on,
        items=tuple(items),
        sample=sample_of([item for item in items if item.is_covered and item.mark is not Mark.ASIDE]),
        total_eur=sum(item.contribution_eur for item in items),
        demonstration=any(campaign.demonstration for campaign in campaigns.values()),
    )


def awaiting(ports: Ports, tx: Transaction) -> Iterator[Agreement]:
    """Yield every agreement that waits for its countersignature, by reference."""
    wanted, after = Wanted(status=Status.AWAITING_COUNTERSIGNATURE), ""
    while page := tx.find_agreements(wanted, ports.clock.now(), after=after, limit=READ_AT_ONCE):
        yield from page
        after = page[-1].reference


def _by_member(agreements: Sequence[Agreement]) -> Mapping[str, list[Agreement]]:
    found: dict[str, list[Agreement]] = {}
    for agreement in agreements:
        found.setdefault(agreement.member_id, []).append(agreement)
    return found


def _has_precedents(ports: Ports, tx: Transaction, campaign_id: str, campaigns: Mapping[str, Campaign]) -> bool:
    """Tell whether members signed conventions in a campaign that began before this one."""
    begun_at = campaigns[campaign_id].started_at
    earlier = [one.id for one in campaigns.values() if one.kind is Kind.CONVENTION and one.started_at < begun_at]
    now, signed_from = ports.clock.now(), paris_date(BEGINNING)
    return any(tx.find_agreements(Wanted(campaign_id=id_, signed_from=signed_from), now, limit=1) for id_ in earlier)


def delegation_of(tx: Transaction, account: Account) -> Delegation:
    """Return the delegation under which an account signs (or, for an assistant, prepares).

    Raises:
        RuleRefused: it has none.
    """
    if account.delegation_id is None:
        raise RuleRefused(f"account {account.id} holds no delegation", code="delegation.none")
    return tx.delegation(account.delegation_id)


def _item(
    agreement: Agreement, context: Context, model: DeskModel | None, review: Review | None, not_covered_because: str | None
) -> DeskItem:
    preparation = preparation_of(agreement)
    signed = agreement.fact(FactKind.MEMBER_SIGNED)
    pile, reasons = sort_document(agreement, context)
    return DeskItem(
        reference=agreement.reference,
        organisation=preparation.member.organisation,
        category=context.member.category,
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
        not_covered_because=not_covered_because,
        model=model if pile is Pile.STANDARD else None,
    )


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
        kinds={agreement.reference: agreement.kind for agreement in agreements},
    )


def ceremonies(ports: Ports, cookie: str) -> Sequence[Authorisation]:
    """List the account's own ceremonies, newest first (an assistant sees those of its signatory's delegation).

    Raises:
        LinkRefused, RuleRefused.
    """
    with ports.registry.read() as tx:
        account = session_account(ports, tx, cookie, DESK_READERS)
        return [a for a in tx.authorisations() if a.delegation_id == account.delegation_id]
