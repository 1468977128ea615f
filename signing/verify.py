"""Verification of any PAdES file by hand: no settings, no database, no opinion on who should have signed."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime

from asn1crypto import core
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from conventions.canonical import Json
from conventions.errors import VerificationFailed
from conventions.signatures import Indication, PadesLevel
from signing.chains import CERTIFICATE_ERRORS, TrustStore, parse_certificates
from signing.validation import FileAssessment, PyhankoReader

QC_STATEMENTS = ObjectIdentifier("1.3.6.1.5.5.7.1.3")  # RFC 3739, 3.2.6
QC_COMPLIANCE = "0.4.0.1862.1.1"  # ETSI EN 319 412-5, 4.2.1


def verify_file(data: bytes, trust: Iterable[bytes], at: datetime) -> dict[str, Json]:
    """Report on a file as of an instant, from the file's own material and the anchors given (PEM, one or several each).

    The keys are those of ``contreseing verify --json`` but ``file``: ``valid`` (every signature and time-stamp passed, at the
    level stated), ``level``, ``signatures``, ``timestamps``, ``verifiable_until``, ``reasons``. ``qualified`` is false when the
    certificate does not claim it, and null when it does: only a trusted list could tell.

    Raises:
        ConfigurationError: an anchor that is not a PEM certificate, or none.
    """
    anchors = TrustStore(anchor for pem in trust for anchor in parse_certificates(pem))
    reader = PyhankoReader(anchors, {}, None)
    try:
        found = asyncio.run(reader.assess(data, at))
    except VerificationFailed as error:
        return _render(None, [str(error)])
    return _render(found, _reasons(found))


def verifiable_until(found: FileAssessment) -> datetime | None:
    """Return when the file needs a new archive time-stamp at the latest: the end of the certificate that guards it last.

    For B-LTA that is the last time-stamp's; below, the first of the signers' certificates to end. None without a signature.
    """
    if found.archive_certificate is not None and found.level is PadesLevel.B_LTA:
        return found.archive_certificate.not_valid_after_utc
    return min((one.certificate.not_valid_after_utc for one in found.signatures), default=None)


def _reasons(found: FileAssessment) -> list[str]:
    if not found.signatures:
        return ["no signature"]
    reasons = [f"{one.finding.field}: {reason}" for one in found.signatures for reason in one.finding.reasons]
    reasons += [f"{one.field}: {reason}" for one in found.timestamps for reason in one.reasons]
    undecided = (one for one in found.timestamps if one.indication is not Indication.TOTAL_PASSED and not one.reasons)
    reasons += [f"{one.field}: the {one.kind} is {one.indication.value}" for one in undecided]
    if found.level is PadesLevel.B_LTA:
        reasons += found.seal_reasons
    return reasons


def _render(found: FileAssessment | None, reasons: list[str]) -> dict[str, Json]:
    if found is None:
        nothing: dict[str, Json] = {"valid": False, "level": None, "signatures": [], "timestamps": [], "verifiable_until": None}
        return {**nothing, "reasons": reasons}
    until = verifiable_until(found)
    sealed = found.level is not PadesLevel.B_LTA or not found.seal_reasons
    return {
        "valid": found.passed and sealed,
        "level": None if found.level is None else found.level.value,
        "signatures": [
            {
                "field": one.finding.field,
                "signer": one.finding.signer,
                "signed_at": one.finding.signed_at.isoformat(),
                "indication": one.finding.indication.value,
                "sub_indication": one.finding.sub_indication,
                "level": None if one.finding.level is None else one.finding.level.value,
                "qualified": _qualified(one.certificate),
            }
            for one in found.signatures
        ],
        "timestamps": [
            {"kind": one.kind, "authority": one.authority, "at": one.at.isoformat(), "indication": one.indication.value}
            for one in found.timestamps
        ],
        "verifiable_until": None if until is None else until.isoformat(),
        "reasons": reasons,
    }


def _qualified(certificate: x509.Certificate) -> bool | None:
    """Return False when the certificate does not even claim to be qualified, None when it does."""
    try:
        extension = certificate.extensions.get_extension_for_oid(QC_STATEMENTS).value
        der = extension.value if isinstance(extension, x509.UnrecognizedExtension) else b""
        statements = core.SequenceOf.load(der, spec=core.Sequence)
        claimed = any(statement[0].dotted == QC_COMPLIANCE for statement in statements)
    except (*CERTIFICATE_ERRORS, KeyError, AttributeError):
        return False
    return None if claimed else False
