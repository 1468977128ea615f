"""The ceremony: one person, one fresh second factor, a sealed list of exactly what will be countersigned.

Rules, in the order in which they run:

1. the session is a signatory's, and the delegation covers every document today;
2. the account is not paused, the second factor is right and its time step was never used before; a wrong one counts as at sign-in;
3. every document waits for its countersignature, and none is set aside;
4. each document of the first two piles was opened and marked ready; of those of the standard pile, the sample was
   opened and the model read, as it stands now;
5. the manifest (digests of what was shown) is sealed and time-stamped; only then does the authorisation stand.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from conventions.accounts import Account, Role
from conventions.agreements import Fact, FactKind
from conventions.canonical import render_canonical
from conventions.ceremonies import CEREMONY_LIFETIME, Authorisation, HowShown, ManifestItem, Mark, ceremony_manifest
from conventions.errors import InputRefused, RuleRefused
from conventions.french import paris_date
from conventions.guards import check_delegation
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.powers import Delegation
from conventions.recording import record_event, record_fact
from conventions.status import Status, status_of
from conventions.steps.desk import delegation_of, desk_of, models_of, sample_of
from conventions.steps.show import served_to
from conventions.steps.sign_in import after_try, is_paused, session_account
from conventions.views import DeskItem, Pile


def authorise(ports: Ports, cookie: str, references: Sequence[str], totp_code: str) -> Authorisation:
    """Authorise the countersignature of exactly these documents, and ask for the flow that carries it out.

    Raises:
        InputRefused: no document (``ceremony.empty``).
        RuleRefused: ``totp.refused``, ``sign_in.paused`` (five wrong codes in a row, here or at sign-in), ``desk.unopened``
            (``reference``), ``desk.model_unread`` (``model``), ``desk.aside``, ``agreement.not_awaiting_countersignature``, a guard
            on the delegation.
        LinkRefused: the session is over.
        UpstreamUnavailable, SigningFailed: the manifest could not be sealed; nothing is authorised.
    """
    wanted = tuple(dict.fromkeys(references))
    if not wanted:
        raise InputRefused("an empty ceremony", code="ceremony.empty")
    now, models = ports.clock.now(), models_of(ports)
    with ports.registry.read() as tx:
        account = session_account(ports, tx, cookie, (Role.SIGNATORY,))
    step = ports.credentials.totp_step(account.totp_sealed, totp_code, now)
    with ports.registry.write() as tx:
        account = tx.account(account.id, lock=True)
        delegation = delegation_of(tx, account)
        items = _items(tx, ports, account, delegation, wanted, models)  # (1), (3), (4)
        refusal = _refusal(account, step, now)  # (2)
        tx.update_account(after_try(account, now, step if refusal is None else None))
        if refusal is not None:
            record_event(ports, tx, "ceremony.refused", at=now, data={"account": account.id})
        authorisation = Authorisation(ports.secrets.random_id(), account.id, delegation.id, now, now + CEREMONY_LIFETIME, items)
        syndicate = tx.programme(tx.agreement(wanted[0]).programme_id).syndicate
    if refusal is not None:
        raise refusal
    manifest = ceremony_manifest(authorisation, delegation.holder, delegation.act.number, syndicate.name, syndicate.siret[:9])
    sealed = ports.signing.seal_manifest(render_canonical(manifest))  # (5)
    authorisation = replace(authorisation, sealed=sealed)
    with ports.registry.write() as tx:
        _commit(ports, tx, authorisation)
    ports.waker.wake("countersigned", f"ceremony:{authorisation.id}", {"authorisation_id": authorisation.id})
    return authorisation


def _refusal(account: Account, step: int | None, now: datetime) -> RuleRefused | None:
    if is_paused(account, now):
        return RuleRefused(f"account {account.id} is paused", code="sign_in.paused")
    if step is None or step <= account.totp_last_step:
        return RuleRefused(f"second factor refused for {account.id}", code="totp.refused")
    return None


def _items(
    tx: Transaction, ports: Ports, account: Account, delegation: Delegation, wanted: tuple[str, ...], models: Mapping[str, str]
) -> tuple[ManifestItem, ...]:
    view = desk_of(ports, tx, account, models)
    on_desk = {item.reference: item for item in view.items}
    today = paris_date(ports.clock.now())
    chosen = []
    for reference in wanted:
        item = on_desk.get(reference)
        if item is None:
            raise RuleRefused(f"{reference} is not on the desk", code="agreement.not_awaiting_countersignature", reference=reference)
        check_delegation(delegation, tx.agreement(reference).kind, today)
        if item.mark is Mark.ASIDE:
            raise RuleRefused(f"{reference} was set aside", code="desk.aside", reference=reference)
        chosen.append(item)
    sample = sample_of(chosen)  # of what is chosen: a document that reaches the desk meanwhile changes nothing
    _check_opened(sample, chosen)
    _check_models_read(chosen)
    return tuple(_manifest_item(tx, account, item, _how_shown(sample, item)) for item in chosen)


def _manifest_item(tx: Transaction, account: Account, item: DeskItem, how_shown: HowShown) -> ManifestItem:
    served_as = served_to(tx, account, tx.agreement(item.reference)) if item.is_opened else ()
    model_sha256 = item.model.sha256 if item.model is not None else None
    return ManifestItem(item.reference, item.prepared_sha256, item.member_signed_sha256, how_shown, served_as, model_sha256)


def _check_opened(sample: Collection[str], chosen: Sequence[DeskItem]) -> None:
    for item in chosen:
        is_standard = item.pile is Pile.STANDARD
        if not item.is_opened and (not is_standard or item.reference in sample):
            raise RuleRefused(f"{item.reference} was not opened", code="desk.unopened", reference=item.reference)
        if not is_standard and item.mark is not Mark.READY:
            raise RuleRefused(f"{item.reference} is not marked ready", code="desk.unopened", reference=item.reference)


def _check_models_read(chosen: Sequence[DeskItem]) -> None:
    for item in chosen:
        if item.model is not None and item.model.read_at is None:
            wording_id = item.model.wording_id
            raise RuleRefused(f"the model {wording_id} of {item.reference} was not read", code="desk.model_unread", model=wording_id)


def _how_shown(sample: Collection[str], item: DeskItem) -> HowShown:
    if item.is_opened:
        return HowShown.SAMPLED if item.reference in sample else HowShown.OPENED
    return HowShown.IN_TABLE


def _commit(ports: Ports, tx: Transaction, authorisation: Authorisation) -> None:
    now = ports.clock.now()
    tx.add_authorisation(authorisation)
    for item in authorisation.items:
        agreement = tx.agreement(item.reference, lock=True)
        if status_of(agreement, now) is not Status.AWAITING_COUNTERSIGNATURE:
            raise RuleRefused(f"{item.reference} moved meanwhile", code="agreement.not_awaiting_countersignature", reference=item.reference)
        data = {"authorisation_id": authorisation.id, "expires_at": authorisation.expires_at.isoformat()}
        record_fact(ports, tx, agreement, Fact(FactKind.AUTHORISED, now, agreement.version, data))
    data = {
        "ceremony": authorisation.id,
        "account": authorisation.account_id,
        "delegation": authorisation.delegation_id,
        "count": str(len(authorisation.items)),
    }
    record_event(ports, tx, "ceremony.authorised", at=now, data=data)
