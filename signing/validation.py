"""The first reader: validation by EN 319 102-1 with pyHanko, whose traps are stepped around here and nowhere else.

1. Roots are also given as known certificates, else a past path has no proof of existence (NO_POE).
2. Issuing CAs are anchors beside the root: an expired one would end every past validation.
3. What the store holds is given a proof of existence one second old: pyHanko otherwise dates it by the first look, a few
   microseconds after the time it validates at.
4. Long-term validation only where a document time-stamp follows the signature; else validation with time.
5. What came after a signature is assessed once for the file, not once for each signature by each engine.
6. The file's own material first. The state of the last time-stamp's authority is fetched only if that does not suffice.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.ades.report import AdESStatus
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import MDPPerm
from pyhanko.sign.validation import ades
from pyhanko.sign.validation.dss import enumerate_ocsp_certs
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from conventions.errors import ContreseingError
from conventions.signatures import ExpectedSigner, Indication, PadesLevel, SignatureFinding, TimestampFinding, ValidationReport
from signing.chains import TrustStore, load_certificate, render_der
from signing.changes import explain_revision
from signing.der import strip_padding
from signing.evidence import Evidence
from signing.gathering import Gatherer
from signing.identities import IssuerRules, assess_identity, subject_text
from signing.levels import StoredMaterial, assess_level, read_material
from signing.revisions import UNREADABLE, entry
from signing.timestamping import token_certificates
from signing.values import SignatureValue

for library in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(library).setLevel(logging.CRITICAL + 1)  # it writes signers' names and stack traces; a report says the same

READER = "pyHanko"
EMBEDDED_DATA = "agreement.json"
INDICATIONS = {
    AdESStatus.PASSED: Indication.TOTAL_PASSED,
    AdESStatus.FAILED: Indication.TOTAL_FAILED,
    AdESStatus.INDETERMINATE: Indication.INDETERMINATE,
}
SIGNATURE_TIMESTAMP, DOCUMENT_TIMESTAMP = "signature-timestamp", "document-timestamp"
LEVELS = (PadesLevel.B_B, PadesLevel.B_T, PadesLevel.B_LT, PadesLevel.B_LTA)


@dataclass(frozen=True)
class _Assessed:
    """One signature as the library sees it."""

    embedded: EmbeddedPdfSignature
    certificate: x509.Certificate
    finding: SignatureFinding
    timestamps: tuple[TimestampFinding, ...]
    archive_proven: bool


@dataclass(frozen=True)
class _Shown:
    """What the file shows by itself: what levels are read from, and what changed after each signature."""

    values: list[SignatureValue]
    material: StoredMaterial
    size_bytes: int
    changes: Mapping[str, tuple[str, ...]]


class PyhankoReader:
    """Validates files against anchors, and their signers against who was expected."""

    def __init__(self, trust: TrustStore, rules: IssuerRules, gatherer: Gatherer) -> None:
        self._rules = rules
        self._gatherer = gatherer
        self._anchors = [asn1_x509.Certificate.load(der) for der in render_der(trust.anchors)]
        self._policy = CertValidationPolicySpec(
            trust_manager=SimpleTrustManager.build(trust_roots=self._anchors),
            revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy.from_legacy("require")),
        )

    async def validate(self, data: bytes, expected: Sequence[ExpectedSigner], now: datetime) -> ValidationReport:
        """Validate a file now; a file that cannot be read is a report that says so.

        Raises:
            UpstreamUnavailable: the file alone does not decide, and what would is down.
        """
        try:
            report = await self._validate(data, expected, now, ())
        except ContreseingError:
            raise
        except Exception as error:  # noqa: BLE001 a hostile file makes the library raise anything
            return _unreadable(data, now, error)
        indications = [*(one.indication for one in report.signatures), *(one.indication for one in report.timestamps)]
        if Indication.INDETERMINATE not in indications:
            return report
        try:
            evidence = await self._evidence_of_last_timestamp(data)
            return report if evidence is None else await self._validate(data, expected, now, (evidence,))
        except ContreseingError:
            raise
        except Exception as error:  # noqa: BLE001 a hostile file makes the library raise anything
            return _unreadable(data, now, error)

    async def _validate(
        self, data: bytes, expected: Sequence[ExpectedSigner], now: datetime, evidence: Sequence[Evidence]
    ) -> ValidationReport:
        reader = PdfFileReader(io.BytesIO(data))
        if reader.encrypted:
            raise ValueError("encrypted")
        specification = self._specification(reader, now, evidence)
        document_timestamps = list(reader.embedded_timestamp_signatures)
        shown = _Shown([_value(one) for one in reader.embedded_signatures], read_material(reader), len(data), _assess_changes(reader))
        assessed = [await self._assess(one, specification, now, document_timestamps, shown) for one in reader.embedded_regular_signatures]
        proven = bool(assessed) and any(one.archive_proven for one in assessed)
        timestamps = [timestamp for one in assessed for timestamp in one.timestamps]
        timestamps += [_document_timestamp(one, shown.changes[one.field_name], proven=proven) for one in document_timestamps]
        reasons = [*self._compare(assessed, expected), *_seal_reasons(reader, document_timestamps, data)]
        level = _lowest(one.finding.level for one in assessed)
        if level is not PadesLevel.B_LTA:
            reasons.append("level: the file is below B-LTA")
        passed = all(one.finding.indication is Indication.TOTAL_PASSED for one in assessed)
        timed = all(one.indication is Indication.TOTAL_PASSED for one in timestamps)
        return ValidationReport(
            reader=READER,
            sha256=hashlib.sha256(data).hexdigest(),
            validated_at=now,
            valid=bool(assessed) and passed and timed and not reasons,
            level=level,
            signatures=tuple(one.finding for one in assessed),
            timestamps=tuple(timestamps),
            data_sha256=_embedded_data_sha256(reader, assessed),
            reasons=tuple(reasons),
        )

    async def _assess(
        self,
        embedded: EmbeddedPdfSignature,
        specification: PdfSignatureValidationSpec,
        now: datetime,
        document_timestamps: Sequence[EmbeddedPdfSignature],
        shown: _Shown,
    ) -> _Assessed:
        timing = ValidationTimingInfo(validation_time=now, best_signature_time=now, point_in_time_validation=False)
        archived = any(one.signed_revision > embedded.signed_revision for one in document_timestamps)
        result: Any
        if archived:
            result = await ades.ades_lta_validation(embedded, specification, timing_info=timing)
        else:
            result = await ades.ades_with_time_validation(
                embedded.signed_data,
                specification.signature_validation_spec,
                timing_info=timing,
                raw_digest=embedded.compute_digest(),
                status_cls=PdfSignatureStatus,
                extra_status_kwargs=embedded.summarise_integrity_info(),
            )
        certificate = load_certificate(embedded.signer_cert.dump())
        indication = INDICATIONS[result.ades_subindic.status]
        passed = indication is Indication.TOTAL_PASSED
        sub_indication = "" if passed else result.ades_subindic.standard_name
        reasons = [str(result.failure_msg)] if result.failure_msg and not passed else []
        if changes := shown.changes[embedded.field_name]:
            indication, sub_indication = Indication.TOTAL_FAILED, "FORMAT_FAILURE"
            reasons += changes
        timestamps, signed_at = _signature_timestamps(embedded, result, archived=archived)
        finding = SignatureFinding(
            field=embedded.field_name,
            signer=subject_text(certificate, NameOID.COMMON_NAME),
            organization_identifier=subject_text(certificate, NameOID.ORGANIZATION_IDENTIFIER),
            signed_at=next(at for at in (signed_at, embedded.self_reported_timestamp, now) if at is not None),
            indication=indication,
            sub_indication=sub_indication,
            level=assess_level(shown.values, embedded.field_name, shown.material, shown.size_bytes),
            reasons=tuple(reasons),
        )
        proven = archived and getattr(result, "oldest_evidence_record_timestamp", None) is not None
        return _Assessed(embedded, certificate, finding, timestamps, proven)

    def _compare(self, assessed: Sequence[_Assessed], expected: Sequence[ExpectedSigner]) -> list[str]:
        found = {one.finding.field: one for one in assessed}
        wanted = {one.field for one in expected}
        reasons = [f"{field}: signature by nobody expected" for field in found if field not in wanted]
        for one in expected:
            signature = found.get(one.field)
            if signature is None:
                reasons.append(f"{one.field}: signature missing")
            else:
                reasons += [f"{one.field}: {reason}" for reason in assess_identity(signature.certificate, one.identity, self._rules)]
        return reasons

    def _specification(self, reader: PdfFileReader, now: datetime, evidence: Sequence[Evidence]) -> PdfSignatureValidationSpec:
        stored = ades._dss_to_local_knowledge(reader)  # noqa: SLF001 the with-time engine does not look at the store by itself
        ocsps = [*stored.known_ocsps, *(one for item in evidence for der in item.ocsp_responses for one in _ocsp_containers(der))]
        crls = [*stored.known_crls, *(CRLContainer(asn1_crl.CertificateList.load(der)) for item in evidence for der in item.crls)]
        certificates = {one.dump(): one for one in (*stored.known_certs, *self._anchors)}
        for container in ocsps:
            certificates.update({one.dump(): one for one in _responder_certificates(container)})
        known = LocalKnowledge(known_ocsps=ocsps, known_crls=crls, known_certs=list(certificates.values()))
        known = dataclasses.replace(known, known_poes=list(known.assert_existence_known_at(now - timedelta(seconds=1))))
        return PdfSignatureValidationSpec(
            SignatureValidationSpec(
                cert_validation_policy=self._policy,
                revinfo_gathering_policy=RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY),
                local_knowledge=known,
            ),
            diff_policy=None,
        )

    async def _evidence_of_last_timestamp(self, data: bytes) -> Evidence | None:
        timestamps = list(PdfFileReader(io.BytesIO(data)).embedded_timestamp_signatures)
        if not timestamps:
            return None
        certificate, others = token_certificates(timestamps[-1].pkcs7_content)
        return await self._gatherer.gather(certificate, others)


def _value(embedded: EmbeddedPdfSignature) -> SignatureValue:
    first, length, rest, rest_length = (int(number) for number in embedded.byte_range)
    sub_filter = str(embedded.sig_object["/SubFilter"]).removeprefix("/")
    return SignatureValue(embedded.field_name, sub_filter, (first, length, rest, rest_length), embedded.pkcs7_content)


def _responder_certificates(container: OCSPContainer) -> list[asn1_x509.Certificate]:
    return list(enumerate_ocsp_certs(container.ocsp_response_data))  # type: ignore[no-untyped-call]


def _ocsp_containers(der: bytes) -> list[OCSPContainer]:
    return list(OCSPContainer.load_multi(asn1_ocsp.OCSPResponse.load(der)))


def _assess_changes(reader: PdfFileReader) -> dict[str, tuple[str, ...]]:
    """Say, by field, what is wrong with the bytes a signature covers and with what came after it.

    pyHanko reviews the whole document for each signature; that is asked only of a file with a revision that is not ours.
    """
    signatures = reader.embedded_signatures
    if not signatures:
        return {}
    filled_at = {one.signed_revision: one.field_name for one in signatures}
    later = range(signatures[0].signed_revision + 1, reader.xrefs.total_revisions)
    ours = all(filled_at.get(revision, "") == explain_revision(reader, revision) for revision in later)
    return {one.field_name: tuple(_change_reasons(one, signatures, ours=ours)) for one in signatures}


def _change_reasons(embedded: EmbeddedPdfSignature, all_of_them: Sequence[EmbeddedPdfSignature], *, ours: bool) -> list[str]:
    embedded.compute_integrity_info(skip_diff=ours)  # type: ignore[no-untyped-call]
    coverage: SignatureCoverageLevel | None = embedded.coverage
    if coverage is None or coverage < SignatureCoverageLevel.ENTIRE_REVISION:
        return ["the signature does not cover its whole revision"]
    if coverage is SignatureCoverageLevel.ENTIRE_FILE:
        return []
    if ours:
        later = [one.field_name for one in all_of_them if one.signed_revision > embedded.signed_revision]
        lock = embedded.fieldmdp
        locked = lock is not None and any(lock.is_locked(name) for name in later)
        allowed = not locked and embedded.docmdp_level is not MDPPerm.NO_CHANGES
        return [] if allowed else ["the document was signed again after this signature, against its lock"]
    reasons = []
    if getattr(embedded.diff_result, "modification_level", ModificationLevel.OTHER) > ModificationLevel.FORM_FILLING:
        reasons.append("the document was changed after this signature, beyond signatures and their maintenance")
    if not embedded.summarise_integrity_info()["docmdp_ok"]:
        reasons.append("the document was changed after this signature, against its lock")
    return reasons


def _signature_timestamps(
    embedded: EmbeddedPdfSignature,
    result: Any,  # noqa: ANN401 one of two result classes
    *,
    archived: bool,
) -> tuple[tuple[TimestampFinding, ...], datetime | None]:
    token = next(iter(extract_tst_data_iter(embedded.signer_info, signed=False)), None)
    if token is None:
        return (), None
    gen_time: datetime = token["encap_content_info"]["content"].parsed["gen_time"].native
    if archived:
        status = result.signature_timestamp_status
        passed = status is not None and status.ades_subindic.status is AdESStatus.PASSED
    else:
        validity = getattr(result.api_status, "timestamp_validity", None)
        passed = validity is not None and validity.valid and validity.trusted
    certificate = _token_signer(token)
    finding = TimestampFinding(
        kind=SIGNATURE_TIMESTAMP,
        field=embedded.field_name,
        authority=subject_text(certificate, NameOID.COMMON_NAME) if certificate else "",
        at=gen_time,
        indication=Indication.TOTAL_PASSED if passed else Indication.INDETERMINATE,
    )
    return (finding,), gen_time


def _document_timestamp(embedded: EmbeddedPdfSignature, reasons: tuple[str, ...], *, proven: bool) -> TimestampFinding:
    indication = Indication.TOTAL_PASSED if proven else Indication.INDETERMINATE
    return TimestampFinding(
        kind=DOCUMENT_TIMESTAMP,
        field=embedded.field_name,
        authority=subject_text(load_certificate(embedded.signer_cert.dump()), NameOID.COMMON_NAME),
        at=embedded.signed_data["encap_content_info"]["content"].parsed["gen_time"].native,
        indication=Indication.TOTAL_FAILED if reasons else indication,
        reasons=reasons,
    )


def _token_signer(signed_data: Any) -> x509.Certificate | None:  # noqa: ANN401 asn1crypto has no types
    serial = signed_data["signer_infos"][0]["sid"].chosen["serial_number"].native
    certificates = (load_certificate(choice.chosen.dump()) for choice in signed_data["certificates"])
    return next((one for one in certificates if one.serial_number == serial), None)


def _seal_reasons(reader: PdfFileReader, timestamps: Sequence[EmbeddedPdfSignature], data: bytes) -> list[str]:
    """Check that no byte follows the last time-stamp: no validator sees what is appended there."""
    if not timestamps:
        return ["sealed: no document time-stamp"]
    last = reader.embedded_signatures[-1]
    first, hole, rest, length = (int(number) for number in last.byte_range)
    if last.sig_object_type != "/DocTimeStamp" or rest + length != len(data):
        return ["sealed: something follows the last time-stamp"]
    written = data[hole + 1 : rest - 1]
    if first != 0 or data[hole : hole + 1] != b"<" or data[rest - 1 : rest] != b">" or written.strip(b"0123456789abcdefABCDEF"):
        return ["sealed: the last time-stamp leaves out more than its own value"]
    padding = last.pkcs7_content[len(strip_padding(last.pkcs7_content)) :]
    return ["sealed: something stands in the room left by the last time-stamp"] if any(padding) else []


def _lowest(levels: Iterable[PadesLevel | None]) -> PadesLevel | None:
    known = [LEVELS.index(level) for level in levels if level is not None]
    return LEVELS[min(known)] if known else None


def _embedded_data_sha256(reader: PdfFileReader, assessed: Sequence[_Assessed]) -> str:
    """Hash ``agreement.json`` as it stood in the first signed revision; empty without one."""
    if not assessed:
        return ""
    root = reader.get_historical_resolver(assessed[0].embedded.signed_revision).root
    for reference in entry(root, "/AF") or ():
        specification = reference.get_object()
        if str(entry(specification, "/UF") or entry(specification, "/F")) == EMBEDDED_DATA:
            return hashlib.sha256(specification["/EF"]["/F"].data).hexdigest()
    return ""


def _unreadable(data: bytes, now: datetime, error: Exception) -> ValidationReport:
    kind = "not a PDF that can be read" if isinstance(error, UNREADABLE) else "the file makes the reader fail"
    return ValidationReport(
        reader=READER,
        sha256=hashlib.sha256(data).hexdigest(),
        validated_at=now,
        valid=False,
        level=None,
        signatures=(),
        timestamps=(),
        data_sha256="",
        reasons=(f"format: {kind} ({type(error).__name__})",),
    )
