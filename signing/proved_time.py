"""The first reader's judgement of a signature as of the time that is proved for it, where pyHanko does not look at that time.

1. A short-term certificate: pyHanko lacks the extension. EN 319 102-1, 5.6.2.2 slides back to a time at which the certificate's state
   is known; pyHanko knows no state that need not be known, so once the certificate has ended it never passes one.
2. A certificate that has ended, below B-LTA: pyHanko's validation with time passes it on any time-stamp, also of after its end, and
   asks nothing about its state.

pyHanko proves the time as it does for any other signature, then validates the signature at that time, when the certificate must live; the
state of each certificate that needs one must be in the file, by a list or an answer that is still current at that time, or given later.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime

from cryptography import x509
from pyhanko.sign.validation import ades
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.policy_decl import PdfSignatureValidationSpec
from pyhanko.sign.validation.status import StandardCMSSignatureStatus
from pyhanko_certvalidator.ltv.types import ValidationTimingInfo

from conventions.signatures import Indication, TimestampFinding
from signing.path_policies import PathPolicies
from signing.short_term import needs_no_state


def fitting(specification: PdfSignatureValidationSpec, certificate: x509.Certificate, policy: PathPolicies) -> PdfSignatureValidationSpec:
    """Return the rules by which a signer's certificate is judged: of a short-term one, the state is not asked."""
    if not needs_no_state(certificate):
        return specification
    rules = dataclasses.replace(specification.signature_validation_spec, cert_validation_policy=policy.short_term)
    return dataclasses.replace(specification, signature_validation_spec=rules)


def proved_time(timestamps: Iterable[TimestampFinding], covered_at: datetime | None, now: datetime) -> datetime:
    """Return the latest of what dates a signature: time-stamps of its own that hold, else the archive time-stamp over it, else now."""
    passed = [one.at for one in timestamps if one.indication is Indication.TOTAL_PASSED]
    return min(max(passed, default=covered_at or now), now)


async def judge_at(
    embedded: EmbeddedPdfSignature, specification: PdfSignatureValidationSpec, at: datetime
) -> ades.AdESBasicValidationResult[StandardCMSSignatureStatus]:
    """Validate a signature as of the time that is proved for it; what was said later of a certificate counts too."""
    rules = specification.signature_validation_spec
    paths = rules.cert_validation_policy
    later_too = dataclasses.replace(paths, revinfo_policy=dataclasses.replace(paths.revinfo_policy, retroactive_revinfo=True))
    return await ades.ades_basic_validation(
        embedded.signed_data,
        dataclasses.replace(rules, cert_validation_policy=later_too),
        timing_info=ValidationTimingInfo(validation_time=at, best_signature_time=at, point_in_time_validation=True),
        raw_digest=embedded.compute_digest(),
    )
