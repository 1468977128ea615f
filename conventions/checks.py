"""The checks that a validation is made of, in the words of ETSI EN 319 102-1, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from conventions.signatures import Check, Indication, Outcome, SignatureFinding

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


CHECK_LABELS: Mapping[Check, str] = MappingProxyType(
    {
        Check.FORMAT: "Fichier écrit comme il se doit, rien n’y a été changé ensuite",
        Check.SIGNING_CERTIFICATE: "Certificat du signataire trouvé",
        Check.CRYPTOGRAPHY: "Signature et empreinte du document exactes",
        Check.CERTIFICATE_PATH: "Certificat remontant à une autorité de confiance, non révoqué",
        Check.ACCEPTANCE: "Procédés encore jugés sûrs",
        Check.TIME: "Heure prouvée par un horodatage",
    }
)
OUTCOME_LABELS: Mapping[Outcome, str] = MappingProxyType(
    {
        Outcome.PASSED: "vérifié",
        Outcome.FAILED: "non conforme",
        Outcome.INDETERMINATE: "ne peut pas être vérifié",
        Outcome.UNDECIDED: "sans avis du lecteur",
    }
)


def label_of(check: Check, finding: SignatureFinding) -> str:
    """Say what a check looked at; of a short-term certificate's own state nobody was asked."""
    if check is Check.CERTIFICATE_PATH and finding.is_short_term:
        return "Certificat de courte durée, jamais révoqué, remontant à une autorité de confiance dont aucun certificat n’est révoqué"
    return CHECK_LABELS[check]


def checks_of(finding: SignatureFinding) -> Mapping[Check, Outcome]:
    """Return the outcome of each check: the one that decided, by the sub-indication; the others, as far as the reader told them.

    A reader without sub-indications decides none.
    """
    if finding.indication is Indication.TOTAL_PASSED:
        return dict.fromkeys(Check, Outcome.PASSED)
    decided = CHECK_OF.get(finding.sub_indication, Check.CERTIFICATE_PATH) if finding.sub_indication else None
    became = Outcome.FAILED if finding.indication is Indication.TOTAL_FAILED else Outcome.INDETERMINATE
    told = dict(finding.told)
    return {check: became if check is decided else told.get(check, Outcome.UNDECIDED) for check in Check}
