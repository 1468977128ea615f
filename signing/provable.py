"""Can the state of an uploaded file's certificates be proved at all? What can be told of it without asking anybody."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import datetime

from conventions.errors import VerificationFailed
from signing.chains import build_chain
from signing.evidence import OfferedState, crl_address, ocsp_address, offered_proof
from signing.short_term import needs_no_state
from signing.trust_files import NO_ENDS, Ends, store_of
from signing.upload_process import CheckedUpload


def verify_provable(checked: CheckedUpload, trust_pem: Sequence[bytes], now: datetime, ends: Ends = NO_ENDS) -> None:
    """Check that each certificate below the anchor says whom to ask, or has ended and is proved by what the file brings.

    A signer's short-term certificate needs neither: that it lived at the time of the signature is enough.

    Raises:
        VerificationFailed: ``upload.no_address``, ``upload.state``, ``upload.revoked``; ``upload.untrusted``: there is no path.
    """
    signer, *others = checked.certificates
    at, trust = checked.stamped_at or now, store_of(b"\n".join(trust_pem), ends)
    offered = OfferedState(checked.ocsp_responses, checked.crls)
    try:
        chain = build_chain(signer, others, trust, at)
    except VerificationFailed as error:
        raise VerificationFailed("the certificate leads to no anchor at that time", code="upload.untrusted") from error
    for certificate, issuer in itertools.pairwise(chain):
        if certificate is signer and needs_no_state(certificate):
            continue
        if certificate.not_valid_after_utc < now:
            try:
                offered_proof(offered, certificate, issuer, at, now)
            except VerificationFailed as error:
                code = "upload.revoked" if error.code == "revocation.revoked" else "upload.state"
                raise VerificationFailed("nothing proves the state of a certificate that has ended", code=code) from error
        elif ocsp_address(certificate) is None and crl_address(certificate) is None:
            raise VerificationFailed("a certificate names neither OCSP responder nor CRL", code="upload.no_address")
