"""The checks that a validation is made of, in the words of ETSI EN 319 102-1, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from conventions.signatures import Indication, SignatureFinding


class Check(StrEnum):
    """The building blocks of EN 319 102-1, 5.2 that a reader goes through, then the two that bring time in (5.5, 5.6)."""

    FORMAT = "format"
    SIGNING_CERTIFICATE = "signing_certificate"
    CERTIFICATE_PATH = "certificate_path"
    CRYPTOGRAPHY = "cryptography"
    ACCEPTANCE = "acceptance"
    TIME = "time"


class Outcome(StrEnum):
    """What became of a check; ``undecided``: another one decided before anything was said of this one."""

    PASSED = "passed"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"
    UNDECIDED = "undecided"


CHECK_OF: Mapping[str, Check] = MappingProxyType(
    {
        "FORMAT_FAILURE": Check.FORMAT,
        "NO_SIGNING_CERTIFICATE_FOUND": Check.SIGNING_CERTIFICATE,
        "HASH_FAILURE": Check.CRYPTOGRAPHY,
        "SIG_CRYPTO_FAILURE": Check.CRYPTOGRAPHY,
        "SIGNED_DATA_NOT_FOUND": Check.CRYPTOGRAPHY,
        "SIG_CONSTRAINTS_FAILURE": Check.ACCEPTANCE,
        "CRYPTO_CONSTRAINTS_FAILURE": Check.ACCEPTANCE,
        "CRYPTO_CONSTRAINTS_FAILURE_NO_POE": Check.ACCEPTANCE,
        "TIMESTAMP_ORDER_FAILURE": Check.TIME,
        "NO_POE": Check.TIME,
        "OUT_OF_BOUNDS_NO_POE": Check.TIME,
        "OUT_OF_BOUNDS_NOT_REVOKED": Check.TIME,
    }
)
"""Sub-indications by the block that gives them; all others come from the certificate's path (5.2.6)."""


def checks_of(finding: SignatureFinding) -> Mapping[Check, Outcome]:
    """Return the outcome of each check, as the indication and sub-indication tell it; a reader without sub-indications decides none."""
    if finding.indication is Indication.TOTAL_PASSED:
        return dict.fromkeys(Check, Outcome.PASSED)
    decided = CHECK_OF.get(finding.sub_indication, Check.CERTIFICATE_PATH) if finding.sub_indication else None
    became = Outcome.FAILED if finding.indication is Indication.TOTAL_FAILED else Outcome.INDETERMINATE
    return {check: became if check is decided else Outcome.UNDECIDED for check in Check}
