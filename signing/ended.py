"""The first reader's look at former authorities: pyHanko knows no anchor that vouches up to an instant, so our paths are asked."""

from __future__ import annotations

import dataclasses
from datetime import datetime

from conventions.errors import VerificationFailed
from conventions.signatures import Check, Indication, Outcome
from signing.assessment import AssessedSignature, FileAssessment
from signing.chains import TrustStore, build_chain
from signing.qualifying import Path

SUB_INDICATION = "CHAIN_CONSTRAINTS_FAILURE"
"""EN 319 102-1, 5.2.6.4: the path is not what the rules of validation ask for."""


def refuse_after_ends(found: FileAssessment, trust: TrustStore, stamp_trust: TrustStore) -> FileAssessment:
    """Refuse what passed and is of a later time than a former authority vouches for; nothing is looked at where there is none.

    A signature is of the time that a time-stamp proves, of the instant of validation without one; a time-stamp of its own.
    """
    if not trust.ends and not stamp_trust.ends:
        return found
    signatures = tuple(_signature(one, path, trust) for one, path in zip(found.signatures, found.paths.signers, strict=True))
    timestamps = list(found.timestamps)
    for rank, (one, path) in enumerate(zip(found.timestamps, found.paths.stampers, strict=True)):
        if one.indication is Indication.TOTAL_PASSED and (reasons := _reasons(path, stamp_trust, one.at)):
            timestamps[rank] = dataclasses.replace(one, indication=Indication.INDETERMINATE, reasons=reasons)
    return dataclasses.replace(found, signatures=signatures, timestamps=tuple(timestamps))


def _signature(one: AssessedSignature, path: Path, trust: TrustStore) -> AssessedSignature:
    finding = one.finding
    if finding.indication is not Indication.TOTAL_PASSED or not (reasons := _reasons(path, trust, one.proven_at)):
        return one
    told = tuple((check, Outcome.PASSED) for check in (Check.FORMAT, Check.SIGNING_CERTIFICATE, Check.CRYPTOGRAPHY))
    refused = dataclasses.replace(
        finding, indication=Indication.INDETERMINATE, sub_indication=SUB_INDICATION, reasons=(*finding.reasons, *reasons), told=told
    )
    return dataclasses.replace(one, finding=refused)


def _reasons(path: Path, trust: TrustStore, at: datetime) -> tuple[str, ...]:
    try:
        build_chain(path[0], path[1:], trust, at)
    except VerificationFailed as error:
        return (f"{error.code}: {error}",)
    return ()
