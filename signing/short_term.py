"""Short-term certificates: those that say that they are never revoked, and name nobody to ask (ETSI EN 319 412-1, 5.2.2).

The extension alone proves nothing: whoever has a CA could put it on a certificate of years. It counts on a signer's certificate that
lives so briefly that no revocation would be told before its end. EN 319 412-1 defines that as shorter than the longest time to
process a request for revocation, and EN 319 411-1, 6.2.4, as eIDAS, 24.3, gives 24 hours for that. The seven days that the
CA/Browser Forum lets a server's certificate live are another rule, and not taken here.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID, ObjectIdentifier

from signing.chains import CERTIFICATE_ERRORS
from signing.pki.policies import VALIDITY_ASSURED_SHORT_TERM

LONGEST = timedelta(hours=24)
DER_NULL = b"\x05\x00"
NOT_FOR_SIGNERS = frozenset({ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.OCSP_SIGNING})
ADDRESSES = (ExtensionOID.CRL_DISTRIBUTION_POINTS, ExtensionOID.FRESHEST_CRL)


@lru_cache(maxsize=512)
def needs_no_state(certificate: x509.Certificate) -> bool:
    """Tell whether nothing has to prove that a certificate was not revoked, at any time within its life.

    One that names a responder or a list is asked about there, whatever it says of itself; a CA, a time-stamping unit or a responder
    is never taken at its word.
    """
    if certificate.not_valid_after_utc - certificate.not_valid_before_utc > LONGEST:
        return False
    try:
        extensions = certificate.extensions
        stated = extensions.get_extension_for_oid(ObjectIdentifier(VALIDITY_ASSURED_SHORT_TERM)).value
        if not isinstance(stated, x509.UnrecognizedExtension) or stated.value != DER_NULL:
            return False
        return not any(one.oid in ADDRESSES for one in extensions) and not any(map(_is_against, extensions))
    except CERTIFICATE_ERRORS:
        return False


def _is_against(extension: x509.Extension[x509.ExtensionType]) -> bool:
    """Tell whether an extension names a responder, or makes the certificate one of a service."""
    match extension.value:
        case x509.BasicConstraints(ca=is_authority):
            return is_authority
        case x509.KeyUsage(key_cert_sign=certifies, crl_sign=lists):
            return certifies or lists
        case x509.ExtendedKeyUsage() as purposes:
            return not NOT_FOR_SIGNERS.isdisjoint(purposes)
        case x509.AuthorityInformationAccess() as access:
            return any(one.access_method == AuthorityInformationAccessOID.OCSP for one in access)
    return False
