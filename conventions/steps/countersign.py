"""Countersign what a ceremony authorised, and nothing else: signature, time-stamp and archive stamp in one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from conventions.agreements import Agreement, Artefact, Fact, FactKind, Stage
from conventions.ceremonies import Authorisation
from conventions.claims import Claim, freed_on_error, take_claim
from conventions.errors import Busy, ContreseingError, EvidenceBroken, RuleRefused
from conventions.folder import read_by_digest
from conventions.french import paris_date
from conventions.guards import check_delegation, check_levels, check_programme_open
from conventions.kinds import Party
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.powers import Delegation
from conventions.preparation import preparation_of
from conventions.recording import quarantine, record_event, record_fact, record_failure
from conventions.signatures import Countersignature, CountersignOutcome, SignedFile, SignerIdentity
from conventions.status import Status, status_of

STEP = "countersign"


@dataclass(frozen=True)
class _Intent:
    agreement: Agreement
    claim: Claim
    item: Countersignature
    signer: SignerIdentity


def countersign(ports: Ports, authorisation_id: str, references: Sequence[str] | None = None) -> Sequence[CountersignOutcome]:
    """Countersign the documents of a ceremony that are not yet done; each one succeeds or fails by itself.

    Returns the outcome of each document that this call took on, or that a guard refused; what another worker holds, or has
    done, is left to it. ``references`` limits the call to some of the ceremony's.

    Raises:
        NotFound: no such ceremony.
        RuleRefused: ``ceremony.expired``; what is left has gone back to the desk.
        UpstreamUnavailable, SigningFailed: the certificate could not be had; nothing was signed.
    """
    with ports.registry.read() as tx:
        authorisation = tx.authorisation(authorisation_id)
        delegation = tx.delegation(authorisation.delegation_id)
    if authorisation.sealed is None or ports.clock.now() > authorisation.expires_at:
        raise RuleRefused(f"ceremony {authorisation_id} is over", code="ceremony.expired")
    wanted = [item.reference for item in authorisation.items if references is None or item.reference in references]
    taken = list(_intents(ports, authorisation, delegation, wanted))
    refused = tuple(item for item in taken if isinstance(item, CountersignOutcome))
    intents = {item.item.reference: item for item in taken if isinstance(item, _Intent)}
    if not intents:
        return refused
    digests = {item.member_signed_sha256 for item in authorisation.items}

    def read(item: Countersignature) -> bytes:
        if item.member_signed_sha256 not in digests:
            raise RuleRefused(f"{item.reference} is not in the manifest", code="ceremony.not_listed")
        try:
            return read_by_digest(ports, item.reference, item.member_signed_sha256)
        except EvidenceBroken as error:
            quarantine(ports, item.reference, error.code)
            raise

    signer = next(iter(intents.values())).signer
    with freed_on_error(ports, tuple(intent.claim for intent in intents.values())):
        items = [intent.item for intent in intents.values()]
        made = ports.signing.countersign(authorisation.sealed, signer, delegation.formula, items, read)
        settled = tuple(_settle(ports, authorisation, delegation, intents[outcome.reference], outcome) for outcome in made)
    return refused + settled


def _intents(
    ports: Ports, authorisation: Authorisation, delegation: Delegation, wanted: Sequence[str]
) -> Iterator[_Intent | CountersignOutcome]:
    listed = {item.reference: item for item in authorisation.items}
    for reference in wanted:
        try:
            with ports.registry.write() as tx:
                agreement = tx.agreement(reference, lock=True)
                authorised = agreement.fact(FactKind.AUTHORISED)
                if status_of(agreement, ports.clock.now()) is not Status.SEALING or agreement.artefact(Stage.SEALED) is not None:
                    continue
                if authorised is None or authorised.data["authorisation_id"] != authorisation.id:
                    continue
                sha256 = agreement.to_countersign.sha256
                _check_listed(reference, sha256, listed[reference].member_signed_sha256)
                _check_guards(ports, tx, agreement, delegation, paris_date(ports.clock.now()))
                claim = take_claim(ports, tx, reference)
            identity = preparation_of(agreement).identity(Party.SYNDICATE)
            yield _Intent(agreement, claim, Countersignature(reference, sha256), identity)
        except Busy:
            continue
        except RuleRefused as error:
            record_failure(ports, reference, STEP, error)
            yield _failed(reference, error)


def _check_listed(reference: str, sha256: str, listed_sha256: str) -> None:
    if sha256 != listed_sha256:
        raise RuleRefused(f"{reference}: the signed file is not the one listed", code="document.changed")


def _check_guards(ports: Ports, tx: Transaction, agreement: Agreement, delegation: Delegation, day: date) -> None:
    programme = tx.programme(agreement.programme_id)
    check_programme_open(programme, day)
    check_levels(programme, ports.rules.levels)
    check_delegation(delegation, agreement.kind, day)


def _settle(
    ports: Ports, authorisation: Authorisation, delegation: Delegation, intent: _Intent, outcome: CountersignOutcome
) -> CountersignOutcome:
    reference = intent.item.reference
    try:
        if outcome.signed is None:
            raise ContreseingError(outcome.failure, code=outcome.failure_code)  # noqa: TRY301 one place records failures
        sha256 = ports.working.put(outcome.signed.data)
        with ports.registry.write() as tx:
            intent.claim.verify(tx)
            _commit(ports, tx, authorisation, delegation, intent, outcome.signed, sha256)
    except Busy as error:  # the lease ended and another took the document over: its outcome counts
        return _failed(reference, error)
    except ContreseingError as error:
        with ports.registry.write() as tx:
            tx.release_claim(intent.claim.name, intent.claim.fence)
            record_event(ports, tx, "agreement.countersign_failed", at=ports.clock.now(), reference=reference, data={"code": error.code})
        record_failure(ports, reference, STEP, error)
        return _failed(reference, error)
    return outcome


def _failed(reference: str, error: ContreseingError) -> CountersignOutcome:
    return CountersignOutcome(reference, None, error.code, str(error), error.retryable)


def _commit(  # what was made, by which right
    ports: Ports, tx: Transaction, authorisation: Authorisation, delegation: Delegation, intent: _Intent, signed: SignedFile, sha256: str
) -> None:
    agreement = tx.agreement(intent.item.reference, lock=True)
    authorised = agreement.fact(FactKind.AUTHORISED)
    is_same = authorised is not None and authorised.data["authorisation_id"] == authorisation.id
    is_withdrawn = any(agreement.fact(kind) is not None for kind in (FactKind.RETURNED, FactKind.CANCELLED))
    if agreement.version != intent.agreement.version or not is_same or is_withdrawn:
        raise RuleRefused(f"{agreement.reference} moved meanwhile", code="document.changed")
    if signed.signed_at > authorisation.expires_at:
        raise RuleRefused(f"ceremony {authorisation.id} was over", code="ceremony.expired")
    _check_guards(ports, tx, agreement, delegation, paris_date(signed.signed_at))
    now = ports.clock.now()
    tx.add_artefact(agreement.reference, Artefact(agreement.version, Stage.SEALED, sha256, len(signed.data), now))
    data = {
        "sha256": sha256,
        "level": signed.level.value,
        "signed_at": signed.signed_at.isoformat(),
        "certificate_sha256": signed.certificate_sha256,
        "authorisation_id": authorisation.id,
    }
    record_fact(ports, tx, agreement, Fact(FactKind.COUNTERSIGNED, now, agreement.version, data))
