"""What a certificate claims of itself by its QCStatements (RFC 3739, 3.2.6; ETSI EN 319 412-5); whether it is true, lists tell."""

from __future__ import annotations

from collections.abc import Mapping

from asn1crypto import core
from cryptography import x509
from cryptography.x509.oid import ObjectIdentifier

from signing.chains import CERTIFICATE_ERRORS

QC_STATEMENTS = ObjectIdentifier("1.3.6.1.5.5.7.1.3")
QC_COMPLIANCE, QC_DEVICE, QC_TYPE = "0.4.0.1862.1.1", "0.4.0.1862.1.4", "0.4.0.1862.1.6"  # EN 319 412-5, 4.2.1 to 4.2.3
QC_TYPE_ESIGN = "0.4.0.1862.1.6.1"
UNREADABLE = (*CERTIFICATE_ERRORS, KeyError, AttributeError)


def claims_to_be_qualified(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate says that it is qualified (EN 319 412-5, 4.2.1)."""
    return QC_COMPLIANCE in _statements(certificate)


def claims_qualified_signature(certificate: x509.Certificate) -> bool:
    """Tell whether a certificate states that it is qualified, for signatures, its key in a qualified device."""
    statements = _statements(certificate)
    try:
        kinds = [one.dotted for one in core.SequenceOf.load(statements[QC_TYPE][1].dump(), spec=core.ObjectIdentifier)]
    except UNREADABLE:
        return False
    return QC_COMPLIANCE in statements and QC_DEVICE in statements and QC_TYPE_ESIGN in kinds


def _statements(certificate: x509.Certificate) -> Mapping[str, core.Sequence]:
    """Return the statements by their dotted identifier; none where there are none, or none that can be read."""
    try:
        extension = certificate.extensions.get_extension_for_oid(QC_STATEMENTS).value
        der = extension.value if isinstance(extension, x509.UnrecognizedExtension) else b""
        return {one[0].dotted: one for one in core.SequenceOf.load(der, spec=core.Sequence)}
    except UNREADABLE:
        return {}
