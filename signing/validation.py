"""The first reader: validation by EN 319 102-1 with pyHanko, whose traps are stepped around here and nowhere else.

1. Roots are also given as known certificates, else a past path has no proof of existence (NO_POE).
2. Issuing CAs are anchors too, because an expired one ends every past validation; but second, because a path that starts at
   one turns an old answer into CERTIFICATE_CHAIN_GENERAL_FAILURE, which no past validation mends.
3. What the store holds is given a proof of existence one second old: pyHanko otherwise dates it by the first look, a few
   microseconds after the time it validates at.
4. Long-term validation only where a document time-stamp follows the signature; else validation with time.
5. What came after a signature is assessed once for the file, not once for each signature by each engine.
6. pyHanko dates what nothing else dates by the machine's clock, whatever instant it validates at: so once the certificate that
   guards a signature last has ended, nothing passes here, whatever pyHanko says.
7. The file's own material first. The state of its time-stamp authorities is fetched only if that does not suffice; where nothing
   can be fetched, a sealed file is judged as of its last time-stamp, whose certificate must live still (ADR 0026).
8. A signature by a short-term certificate, or below B-LTA by one that has ended, is judged as of the time that is proved for it
   (``signing.proved_time``).
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import re
from collections.abc import Sequence
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
from pyhanko.sign.validation import ades
from pyhanko.sign.validation.dss import enumerate_ocsp_certs
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import (
    LocalKnowledge,
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko.sign.validation.status import PdfSignatureStatus
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
from pyhanko_certvalidator.revinfo.archival import CRLContainer, OCSPContainer

from conventions.errors import SigningFailed, UpstreamUnavailable, VerificationFailed
from conventions.signatures import Check, ExpectedSigner, Indication, Outcome, PadesLevel, SignatureFinding, ValidationReport
from signing.assessment import AssessedSignature, FileAssessment, read_paths
from signing.chains import CERTIFICATE_ERRORS, TrustStore
from signing.cms_parsing import SIGNATURE_TIMESTAMP_OID, TST_INFO, parse_cms
from signing.der import strip_padding
from signing.ended import refuse_after_ends
from signing.evidence import Evidence
from signing.findings import (
    Changes,
    assess_changes,
    assess_document_timestamp,
    assess_seal,
    assess_signature_timestamps,
    covered_at,
    embedded_data_sha256,
    guarded_until,
    lowest_level,
    read_value,
    signer_certificate,
)
from signing.gathering import Gatherer
from signing.identities import IssuerRules, assess_signer, is_one_shot, subject_text
from signing.levels import StoredMaterial, assess_level, read_material
from signing.maintenance import is_only_maintained
from signing.path_policies import PathPolicies, load_asn1, path_policies
from signing.proved_time import fitting, judge_at, proved_time
from signing.qualifying import Qualifier
from signing.remembered_checks import remember_checks_by_default
from signing.remembered_names import remember_prepared_names
from signing.remembered_reads import remember_reads
from signing.revisions import UNREADABLE
from signing.short_term import needs_no_state
from signing.timestamping import TokenRules
from signing.values import CADES_DETACHED, RFC3161, SignatureValue

remember_prepared_names()
remember_reads()
remember_checks_by_default()

READER = "pyHanko"
LIBRARY_NAMES = re.compile(r"\bAdES[A-Za-z]+\.")
INDICATIONS = {
    AdESStatus.PASSED: Indication.TOTAL_PASSED,
    AdESStatus.FAILED: Indication.TOTAL_FAILED,
    AdESStatus.INDETERMINATE: Indication.INDETERMINATE,
}


class _Encrypted(Exception):
    """A file that only a password opens."""


@dataclass(frozen=True)
class _Shown:
    """What the file shows by itself: what levels are read from, and what changed after each signature."""

    values: list[SignatureValue]
    material: StoredMaterial
    size_bytes: int
    changes: Changes
    archive_until: datetime | None


class PyhankoReader:
    """Validates files against anchors, and their signers against who was expected."""

    def __init__(
        self,
        trust: TrustStore,
        rules: IssuerRules,
        gatherer: Gatherer | None,
        qualifier: Qualifier | None = None,
        stamp_trust: TrustStore | None = None,
    ) -> None:
        """Prepare; without a gatherer, only what files hold is used; without a qualifier, no trusted list is read.

        ``stamp_trust``: the anchors of time-stamp authorities, when they are not those of signers.
        """
        self._qualifier = qualifier or Qualifier()
        stamp_trust = stamp_trust or trust
        self._trust, self._stamp_trust = trust, stamp_trust
        self._known = tuple(dict.fromkeys((*trust.anchors, *stamp_trust.anchors)))
        self._rules = rules
        self._gatherer = gatherer
        self._token_rules = TokenRules(stamp_trust)
        self._anchors = load_asn1(self._known)
        self._policies = path_policies(trust, stamp_trust)

    async def validate(self, data: bytes, expected: Sequence[ExpectedSigner], now: datetime) -> ValidationReport:
        """Validate a file now; a file that cannot be read is a report that says so.

        Raises:
            UpstreamUnavailable: the file alone does not decide, and what would is down.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        try:
            found = await self.assess(data, now)
        except VerificationFailed as error:
            return ValidationReport(READER, sha256, now, False, None, (), (), "", (f"format: {error}",))
        reasons = [*self._compare(found.signatures, expected), *found.seal_reasons]
        if not found.written_as_ours:
            reasons.append("changes: something after the first signature is not of what this system writes")
        if found.level is not PadesLevel.B_LTA:
            reasons.append("level: the file is below B-LTA")
        return ValidationReport(
            reader=READER,
            sha256=sha256,
            validated_at=now,
            valid=found.passed and not reasons,
            level=found.level,
            signatures=self._qualifier.signatures((one.finding for one in found.signatures), found.paths),
            timestamps=self._qualifier.timestamps(found.timestamps, found.paths),
            data_sha256=found.data_sha256,
            reasons=tuple(reasons),
        )

    async def assess(self, data: bytes, now: datetime) -> FileAssessment:
        """Assess a file as of an instant, without knowing who should have signed it.

        Raises:
            VerificationFailed: not a PDF that can be read (``format.unreadable``).
            UpstreamUnavailable: the file alone does not decide, and what would is down.
        """
        found = await self._assess_at(data, now)
        if self._gatherer is None and not found.passed and found.may_pass_later:
            since = found.protected_since(now)
            as_of_stamp = await self._assess_at(data, since) if since is not None else found
            if as_of_stamp.passed:
                return dataclasses.replace(as_of_stamp, state_known_at=since)
        return found

    async def _assess_at(self, data: bytes, now: datetime) -> FileAssessment:
        roots, *others = self._policies
        found = await self._assess_or_refuse(data, now, (), roots)
        evidence: list[Evidence] = []
        if found.may_pass_later and self._gatherer is not None:
            try:
                evidence = [await self._gatherer.gather(*authority) for authority in _authorities_at_work(data, now)]
            except (SigningFailed, *UNREADABLE, *CERTIFICATE_ERRORS):  # revoked, or a token that cannot be read
                return found
            now = max(now, self._gatherer.now())  # an answer is not of the future
            found = await self._assess_or_refuse(data, now, evidence, roots)
        for policy in others:
            if not found.passed:
                other = await self._assess_or_refuse(data, now, evidence, policy)
                found = other if other.passed else found
        return found

    async def _assess_or_refuse(self, data: bytes, now: datetime, evidence: Sequence[Evidence], policy: PathPolicies) -> FileAssessment:
        try:
            return await self._assess(data, now, evidence, policy)
        except UpstreamUnavailable:
            raise
        except _Encrypted as error:
            raise VerificationFailed("an encrypted file", code="format.encrypted") from error
        except Exception as error:  # a hostile file makes the library raise anything
            kind = "not a PDF that can be read" if isinstance(error, UNREADABLE) else "the file makes the reader fail"
            raise VerificationFailed(f"{kind} ({type(error).__name__})", code="format.unreadable") from error

    async def _assess(self, data: bytes, now: datetime, evidence: Sequence[Evidence], policy: PathPolicies) -> FileAssessment:
        reader = PdfFileReader(io.BytesIO(data))
        if reader.encrypted:
            raise _Encrypted
        specification = self._specification(reader, now, evidence, policy)
        archive_stamps = list(reader.embedded_timestamp_signatures)
        values = [read_value(one) for one in reader.embedded_signatures]
        shown = _Shown(values, read_material(reader), len(data), assess_changes(reader), _end_of_last(archive_stamps))
        rules = self._token_rules
        signers = [(one, fitting(specification, signer_certificate(one), policy)) for one in reader.embedded_regular_signatures]
        signatures = tuple([await _assess_signature(one, fit, now, shown, rules) for one, fit in signers])
        proven = any(one.archive_proven for one in signatures)
        timestamps = [timestamp for one in signatures for timestamp in one.timestamps]
        timestamps += [assess_document_timestamp(one, shown.changes.reasons[one.field_name], proven=proven) for one in archive_stamps]
        seal_reasons = tuple(assess_seal(reader, archive_stamps, data))
        may_follow = self._gatherer is None and archive_stamps and seal_reasons
        found = FileAssessment(
            signatures=signatures,
            timestamps=tuple(timestamps),
            level=lowest_level(one.finding.level for one in signatures),
            seal_reasons=seal_reasons,
            maintained=bool(may_follow) and is_only_maintained(reader, archive_stamps, data),
            written_as_ours=shown.changes.ours,
            data_sha256=embedded_data_sha256(reader),
            archive_certificate=signer_certificate(archive_stamps[-1]) if archive_stamps else None,
            paths=read_paths(reader.embedded_regular_signatures, archive_stamps, (*shown.material.certificates, *self._known)),
        )
        return refuse_after_ends(found, self._trust, self._stamp_trust)

    def _compare(self, assessed: Sequence[AssessedSignature], expected: Sequence[ExpectedSigner]) -> list[str]:
        found = {one.finding.field: one for one in assessed}
        wanted = {one.field for one in expected}
        reasons = [f"{field}: signature by nobody expected" for field in found if field not in wanted]
        for one in expected:
            signature = found.get(one.field)
            if signature is None:
                reasons.append(f"{one.field}: signature missing")
            else:
                reasons += [f"{one.field}: {reason}" for reason in assess_signer(signature.certificate, one, self._rules)]
        return reasons

    def _specification(
        self, reader: PdfFileReader, now: datetime, evidence: Sequence[Evidence], policy: PathPolicies
    ) -> PdfSignatureValidationSpec:
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
                cert_validation_policy=policy.signers,
                ts_cert_validation_policy=policy.authorities,
                revinfo_gathering_policy=RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY),
                local_knowledge=known,
            ),
            diff_policy=None,
        )


async def _assess_signature(
    embedded: EmbeddedPdfSignature,
    specification: PdfSignatureValidationSpec,
    now: datetime,
    shown: _Shown,
    rules: TokenRules,
) -> AssessedSignature:
    timing = ValidationTimingInfo(validation_time=now, best_signature_time=now, point_in_time_validation=False)
    value = next(one for one in shown.values if one.field == embedded.field_name)
    archived = any(one.sub_filter == RFC3161 and one.end > value.end for one in shown.values)
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
    certificate = signer_certificate(embedded)
    lapsed = now > guarded_until(value, certificate, shown.archive_until if archived else None)
    proven = archived and not lapsed and getattr(result, "oldest_evidence_record_timestamp", None) is not None
    stamped = not lapsed and _timestamp_passed(result, archived=archived)
    timestamps = assess_signature_timestamps(value, passed=stamped, archive_proven=proven, rules=rules)
    covered = covered_at(value, shown.values)
    is_short_term = needs_no_state(certificate)
    proven_at = proved_time(timestamps, covered if proven else None, now)
    has_ended = not archived and now > certificate.not_valid_after_utc and result.ades_subindic.status is AdESStatus.PASSED
    if is_short_term or has_ended:
        result = await judge_at(embedded, specification, proven_at)
    indication = INDICATIONS[result.ades_subindic.status]
    passed = indication is Indication.TOTAL_PASSED
    sub_indication = "" if passed else result.ades_subindic.standard_name
    reasons = [] if passed else [_told(indication, sub_indication, str(result.failure_msg or ""))]
    if passed and lapsed:
        indication, sub_indication = Indication.INDETERMINATE, "OUT_OF_BOUNDS_NO_POE"
        reasons = ["the certificate that guards this signature last has ended"]
    if changes := shown.changes.reasons[embedded.field_name]:
        indication, sub_indication = Indication.TOTAL_FAILED, "FORMAT_FAILURE"
        reasons += changes
    held = next((one for one in timestamps if one.indication is Indication.TOTAL_PASSED), timestamps[0] if timestamps else None)
    signed_at = held.at if held is not None else covered or embedded.self_reported_timestamp
    finding = SignatureFinding(
        field=str(embedded.field_name),  # not pyHanko's string, which holds the whole reader
        signer=subject_text(certificate, NameOID.COMMON_NAME),
        organization_identifier=subject_text(certificate, NameOID.ORGANIZATION_IDENTIFIER),
        signed_at=signed_at or now,
        indication=indication,
        sub_indication=sub_indication,
        level=_level(embedded.field_name, shown),
        reasons=tuple(reasons),
        is_one_shot=is_one_shot(certificate),
        is_short_term=is_short_term,
        told=() if indication is Indication.TOTAL_PASSED else _checks(result, has_changed=bool(changes)),
    )
    return AssessedSignature(finding, certificate, timestamps, proven, proven_at)


def _checks(result: Any, *, has_changed: bool) -> tuple[tuple[Check, Outcome], ...]:  # noqa: ANN401 one of two result classes
    """Return what pyHanko tells of the checks that its indication does not name; of acceptance and time it tells nothing apart."""
    status = result.api_status
    if status is None:
        return ()
    intact = Outcome.PASSED if status.intact and status.valid else Outcome.FAILED
    path = ((Check.CERTIFICATE_PATH, Outcome.PASSED),) if status.trusted else ()
    return (
        (Check.FORMAT, Outcome.FAILED if has_changed else Outcome.PASSED),
        (Check.SIGNING_CERTIFICATE, Outcome.PASSED),
        (Check.CRYPTOGRAPHY, intact),
        *path,
    )


def _told(indication: Indication, sub_indication: str, detail: str) -> str:
    """Say that a signature did not pass, with what the library adds, without the names of its classes."""
    said = LIBRARY_NAMES.sub("", detail)
    return f"the signature is {indication.value} ({sub_indication})" + (f": {said}" if said else "")


def _end_of_last(stamps: Sequence[EmbeddedPdfSignature]) -> datetime | None:
    return signer_certificate(stamps[-1]).not_valid_after_utc if stamps else None


def _timestamp_passed(result: Any, *, archived: bool) -> bool:  # noqa: ANN401 one of two result classes
    if archived:
        status = result.signature_timestamp_status
        return status is not None and status.ades_subindic.status is AdESStatus.PASSED
    validity = getattr(result.api_status, "timestamp_validity", None)
    return validity is not None and bool(validity.valid and validity.trusted)


def _level(field: str, shown: _Shown) -> PadesLevel | None:
    """Return the level, or None for a signature that is not PAdES."""
    if not any(value.field == field and value.sub_filter == CADES_DETACHED for value in shown.values):
        return None
    try:
        return assess_level(shown.values, field, shown.material, shown.size_bytes)
    except SigningFailed:
        return None


def _authorities_at_work(data: bytes, now: datetime) -> list[tuple[x509.Certificate, tuple[x509.Certificate, ...]]]:
    """Return the time-stamp authorities of a file whose certificates have not ended: their state today can still be asked."""
    found = {}
    for value in (read_value(one) for one in PdfFileReader(io.BytesIO(data)).embedded_signatures):
        cms = parse_cms(strip_padding(value.contents))
        tokens = (
            [cms] if cms.content_type == TST_INFO else [parse_cms(der) for der in cms.unsigned_attributes.get(SIGNATURE_TIMESTAMP_OID, ())]
        )
        for token in tokens:
            if token.signer.not_valid_before_utc <= now <= token.signer.not_valid_after_utc:
                found[token.signer] = token.certificates
    return list(found.items())


def _responder_certificates(container: OCSPContainer) -> list[asn1_x509.Certificate]:
    return list(enumerate_ocsp_certs(container.ocsp_response_data))  # type: ignore[no-untyped-call]


def _ocsp_containers(der: bytes) -> list[OCSPContainer]:
    return list(OCSPContainer.load_multi(asn1_ocsp.OCSPResponse.load(der)))
