"""The time-stamp that a signature made elsewhere brings of its own."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from conventions.errors import VerificationFailed
from signing.chains import TrustStore
from signing.cms_parsing import SIGNATURE_TIMESTAMP_OID, ParsedCms
from signing.timestamping import TimestampToken, TokenRules, verify_token


def own_tokens(cms: ParsedCms) -> Sequence[bytes]:
    """Return the time-stamp of a signature, DER, or nothing.

    Raises:
        VerificationFailed: ``upload.timestamp``: there are several.
    """
    tokens: Sequence[bytes] = cms.unsigned_attributes.get(SIGNATURE_TIMESTAMP_OID, ())
    if len(tokens) > 1:
        raise VerificationFailed("several time-stamps of one signature", code="upload.timestamp")
    return tokens


def verify_own_token(der: bytes, cms: ParsedCms, trust: TrustStore) -> TimestampToken:
    """Check that a time-stamp is of this signature, by an authority that is trusted.

    Raises:
        VerificationFailed: ``upload.timestamp``.
    """
    try:
        return verify_token(der, hashlib.sha256(cms.signature).digest(), TokenRules(trust))
    except VerificationFailed as error:
        raise VerificationFailed(f"the signature's time-stamp: {error.code}", code="upload.timestamp") from error
