"""Archive a completed agreement: two readers accept it first, then its whole folder goes under lock and is read back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from conventions.agreements import Agreement, Fact, FactKind, Stage
from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.ceremonies import Authorisation
from conventions.checks import checks_of
from conventions.errors import EvidenceBroken, NotFound, VerificationFailed
from conventions.folder import archive_record, finish_pending, keep_all, keep_index, read_by_digest
from conventions.opinions import ask_readers
from conventions.plain import plain
from conventions.ports.registry import Transaction
from conventions.ports.system import Ports
from conventions.preparation import expected_signers, preparation_of
from conventions.recording import quarantine, record_fact
from conventions.retention import retention_data
from conventions.signatures import READERS_REQUIRED, PadesLevel, SignatureFinding, TimestampFinding, ValidationReport
from conventions.steps.keep_actors import keep_actors
from conventions.steps.keep_member_file import uploaded

REQUIRED_LEVEL = PadesLevel.B_LTA
REPORT_SCHEMA = "contreseing/validation-report/1"
CEREMONY_KIND = "ceremony"


def archive(ports: Ports, reference: str) -> None:
    """Have the completed file accepted by both readers (expected persons included) and archive it; nothing happens when it is done.

    Raises:
        NotFound: the last signature is not given.
        VerificationFailed: a reader refuses the file; it is in quarantine and nothing was archived.
        EvidenceBroken: stored bytes are not those recorded; in quarantine.
        UpstreamUnavailable: try again.
    """
    with ports.registry.read() as tx:
        agreement = tx.agreement(reference)
        retention = ports.rules.retention(tx.programme(agreement.programme_id))
        until = retention.lock_until
        ceremony = _ceremony(tx, agreement)
    if agreement.fact(FactKind.ARCHIVED) is not None:
        return
    final = agreement.required_artefact(agreement.final_stage)
    try:
        data = read_by_digest(ports, reference, final.sha256)
        at_hand = {final.sha256: data}
        validated = _validated(ports, agreement, data, at_hand)
        with ports.registry.read() as tx:
            agreement = tx.agreement(reference)
        _finish_pending(ports, agreement)
        keep_actors(ports, reference)
        objects: list[tuple[str, bytes | str]] = [(Stage.PREPARED, agreement.required_artefact(Stage.PREPARED).sha256)]
        if agreement.is_signed_by_member:
            objects.append((Stage.MEMBER_SIGNED, agreement.required_artefact(Stage.MEMBER_SIGNED).sha256))
            objects += uploaded(agreement, agreement.version)
        if ceremony is not None and ceremony.sealed is not None:
            objects.append((CEREMONY_KIND, ceremony.sealed.manifest))
            objects.append(("ceremony-seal", ceremony.sealed.cms))
            objects.append(("ceremony-timestamp", ceremony.sealed.timestamp))
        objects += [(f"validation-{fact.text('reader')}", fact.text("report_sha256")) for fact in validated]
        *_, entry, _ = keep_all(
            ports,
            reference,
            [*objects, (final.stage, final.sha256), ("record", archive_record(agreement, validated[-1]))],
            until,
            at_hand,
        )
        keep_index(ports, reference, until)
        verifiable_until = ports.signing.verifiable_until(data)
    except EvidenceBroken as error:
        quarantine(ports, reference, error.code)
        raise
    with ports.registry.write() as tx:
        fresh = tx.agreement(reference, lock=True)
        if fresh.fact(FactKind.ARCHIVED) is None:
            level = validated[0].data["level"]
            facts: dict[str, Json] = {
                "key": entry.key,
                "sha256": final.sha256,
                "level": level,
                **retention_data(retention),
                "verifiable_until": verifiable_until.isoformat(),
            }
            record_fact(ports, tx, fresh, Fact(FactKind.ARCHIVED, ports.clock.now(), agreement.version, facts))


def _finish_pending(ports: Ports, agreement: Agreement) -> None:
    """Write what a crash left unfinished; where the folder is found incomplete now, a person decides before anything is archived."""
    finish_pending(ports, agreement.reference)
    with ports.registry.read() as tx:
        facts = tx.agreement(agreement.reference).facts
    if any(fact.kind is FactKind.QUARANTINED for fact in facts[len(agreement.facts) :]):
        raise EvidenceBroken(f"{agreement.reference}: an object was lost before it was locked", code="archived.never_written")


def _ceremony(tx: Transaction, agreement: Agreement) -> Authorisation | None:
    """Return the ceremony of the countersignature; None without one, or where it is lost with the registry and kept in the folder."""
    countersigned = agreement.fact(FactKind.COUNTERSIGNED)
    if countersigned is None:
        return None
    try:
        return tx.authorisation(countersigned.text("authorisation_id"))
    except NotFound:
        if any(entry.kind == CEREMONY_KIND for entry in tx.archive_entries(agreement.reference)):
            return None
        raise


def _validated(ports: Ports, agreement: Agreement, data: bytes, at_hand: dict[str, bytes]) -> Sequence[Fact]:
    """Return the recorded validations of the completed file: a digest is validated once by each reader, the report kept with the fact.

    A report that is made now is put in the working store, and in ``at_hand``.
    """
    known = _validations_of(agreement, sha256_hex(data))
    if len(known) >= READERS_REQUIRED + ports.rules.asks_third_reader:
        return known
    reports = ask_readers(ports, data, expected_signers(agreement))
    rendered = {report.reader: render_report(report) for report in reports}
    digests = {reader: ports.working.put(report) for reader, report in rendered.items()}
    at_hand.update({digests[reader]: report for reader, report in rendered.items()})
    refusals = {report.reader: reasons for report in reports if (reasons := _reasons_to_refuse(report, agreement))}
    if refusals:
        code = "verification.failed" if len(refusals) == len(reports) else "verification.disagree"
        refused_by: Sequence[Json] = list(refusals)
        quarantine(ports, agreement.reference, code, {"refused_by": refused_by, "reports": dict[str, Json](digests)})
        said = "; ".join(f"{reader}: {', '.join(reasons)}" for reader, reasons in refusals.items())
        raise VerificationFailed(f"{agreement.reference}: the completed file is refused: {said}", code=code)
    with ports.registry.write() as tx:
        fresh = tx.agreement(agreement.reference, lock=True)
        recorded = {fact.text("reader") for fact in _validations_of(fresh, reports[0].sha256)}
        for report in reports:
            if report.reader not in recorded:
                facts: dict[str, Json] = {
                    "reader": report.reader,
                    "sha256": report.sha256,
                    "level": REQUIRED_LEVEL.value,
                    "report_sha256": digests[report.reader],
                }
                record_fact(ports, tx, fresh, Fact(FactKind.VALIDATED, ports.clock.now(), agreement.version, facts))
        return _validations_of(tx.agreement(agreement.reference), reports[0].sha256)


def _reasons_to_refuse(report: ValidationReport, agreement: Agreement) -> Sequence[str]:
    reasons = [] if report.valid else list(report.reasons) or ["not valid"]
    if report.level is not REQUIRED_LEVEL:
        reasons.append(f"level {report.level}")
    if report.data_sha256 not in {None, preparation_of(agreement).data_sha256}:
        reasons.append("the embedded data are not those prepared")
    return reasons


def _validations_of(agreement: Agreement, sha256: str) -> Sequence[Fact]:
    return [fact for fact in agreement.facts if fact.kind is FactKind.VALIDATED and fact.data["sha256"] == sha256]


def render_report(report: ValidationReport) -> bytes:
    """Serialise a validation report (canonical JSON)."""
    told: dict[str, Json] = {field.name: plain(getattr(report, field.name)) for field in fields(report)}
    told["signatures"] = [
        {**_finding(one), "checks": {check.value: outcome.value for check, outcome in checks_of(one).items()}} for one in report.signatures
    ]
    told["timestamps"] = [_finding(one) for one in report.timestamps]
    return render_canonical({"schema": REPORT_SCHEMA, "report": told})


def _finding(one: SignatureFinding | TimestampFinding) -> dict[str, Json]:
    answer = None if one.qualification is None else one.qualification.as_json()
    said = {field.name: plain(getattr(one, field.name)) for field in fields(one) if field.name != "told"}
    return {**said, "qualification": answer}
