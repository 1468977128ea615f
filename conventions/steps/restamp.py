"""Renew the archive time-stamp of a kept file: the file under lock, one more stamp over all of it, under lock as another object."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from conventions.agreements import Agreement, Fact, FactKind
from conventions.canonical import Json, sha256_hex
from conventions.claims import Claim, freed_on_error, take_claim
from conventions.errors import EvidenceBroken, NotFound, VerificationFailed
from conventions.folder import finish_pending, keep, keep_index, read_by_digest
from conventions.opinions import ask_readers
from conventions.ports.registry import ArchiveEntry, Transaction
from conventions.ports.system import Ports
from conventions.preparation import expected_signers
from conventions.preservation import RENEWAL_KIND, is_restamp_due, kept_file
from conventions.recording import quarantine, record_fact
from conventions.status import Status, status_of


def references_to_restamp(ports: Ports) -> Sequence[str]:
    """List the agreements whose archive time-stamp is to be renewed, by reference."""
    now, found, after = ports.clock.now(), [], ""
    with ports.registry.read() as tx:
        while page := tx.agreements(after=after):
            found += [agreement.reference for agreement in page if _is_due(ports, tx, agreement, now)]
            after = page[-1].reference
    return found


def restamp(ports: Ports, reference: str) -> bool:
    """Renew the archive time-stamp of an agreement's kept file if that is due; tell whether it was done.

    The same file is never stamped twice for one renewal: what a stop left under lock is taken up as it is.

    Raises:
        Busy: another worker is on it.
        EvidenceBroken: the archive's bytes are not those recorded; in quarantine.
        VerificationFailed: the file is not valid, before or after; in quarantine, and nothing more was recorded.
        UpstreamUnavailable, SigningFailed: try again.
    """
    with ports.registry.write() as tx:
        agreement = tx.agreement(reference, lock=True)
        kept = kept_file(agreement)
        if kept is None or not _is_due(ports, tx, agreement, ports.clock.now()):
            return False
        claim = take_claim(ports, tx, reference)
        entries = tx.archive_entries(reference)
    until, number = _locked_until(entries), _number_of(kept) + 1
    kind = f"{RENEWAL_KIND}-{number}"
    with freed_on_error(ports, (claim,)):
        try:
            made = _restamped(ports, agreement, kept, next((one for one in reversed(entries) if one.kind == kind), None))
            _verify(ports, agreement, made)
            entry = keep(ports, reference, kind, made, until)
            finish_pending(ports, reference)
            keep_index(ports, reference, until)
        except (EvidenceBroken, VerificationFailed) as error:
            quarantine(ports, reference, error.code)
            raise
        _commit(ports, claim, agreement, entry, made, number)
    return True


def _restamped(ports: Ports, agreement: Agreement, kept: Fact, left: ArchiveEntry | None) -> bytes:
    if left is not None:
        with suppress(NotFound):  # its bytes were lost with the working store: the file is stamped again
            return read_by_digest(ports, left.reference, left.sha256)
    data = ports.archive.read(kept.text("key"))
    if sha256_hex(data) != kept.text("sha256"):
        raise EvidenceBroken(f"{agreement.reference}: the archived file is not the one recorded", code="evidence.archived_differs")
    return ports.signing.restamp(data).data


def _verify(ports: Ports, agreement: Agreement, data: bytes) -> None:
    expected = expected_signers(agreement)
    for report in ask_readers(ports, data, expected):
        if not report.valid:
            reasons = "; ".join(report.reasons)
            raise VerificationFailed(
                f"{agreement.reference}: {report.reader} refuses the stamped file: {reasons}", code="verification.after_restamp"
            )


def _commit(ports: Ports, claim: Claim, agreement: Agreement, entry: ArchiveEntry, data: bytes, number: int) -> None:
    until = ports.signing.verifiable_until(data)
    with ports.registry.write() as tx:
        claim.verify(tx)
        fresh = tx.agreement(agreement.reference, lock=True)
        facts: dict[str, Json] = {
            "number": number,
            "key": entry.key,
            "sha256": entry.sha256,
            "verifiable_until": until.isoformat(),
        }
        record_fact(ports, tx, fresh, Fact(FactKind.RESTAMPED, ports.clock.now(), agreement.version, facts))


def _is_due(ports: Ports, tx: Transaction, agreement: Agreement, now: datetime) -> bool:
    """Tell whether the file is to be stamped again: it is, as long as it is under lock, locks made longer included."""
    is_quiet = status_of(agreement, now) is not Status.QUARANTINED
    is_old = is_quiet and is_restamp_due(agreement, now, ports.rules.restamp_after)
    return is_old and now < _locked_until(tx.archive_entries(agreement.reference))


def _locked_until(entries: Sequence[ArchiveEntry]) -> datetime:
    return max(entry.retain_until for entry in entries)


def _number_of(kept: Fact) -> int:
    number = kept.data.get("number", 0)
    return number if isinstance(number, int) else 0
