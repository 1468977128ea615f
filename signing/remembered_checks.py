"""Signature values that were verified once are not verified again: one file's chains, answers and lists are asked of many times.

A validation by EN 319 102-1 walks the same chains for each signature and each time-stamp of a file (some 70 checks, of which a
dozen are distinct), and the files of a batch share their authorities. Only successes are remembered, under a digest of all that
the check depends on; a failure is computed each time.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

from asn1crypto.algos import SignedDigestAlgorithm
from asn1crypto.keys import PublicKeyInfo
from pyhanko_certvalidator import context as contexts
from pyhanko_certvalidator.sig_validate import (
    DEFAULT_VALIDATION_CONTEXT,
    DefaultSignatureValidator,
    SignatureValidationContext,
)

REMEMBERED = 4096
"""Checks kept: 32 bytes each, the last used longest."""


class RememberingValidator(DefaultSignatureValidator):
    """Verifies as pyHanko does, and remembers what held. Safe to share between threads and files."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._held: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()

    def validate_signature(
        self,
        signature: bytes,
        signed_data: bytes,
        public_key_info: PublicKeyInfo,
        signature_algorithm: SignedDigestAlgorithm,
        context: SignatureValidationContext = DEFAULT_VALIDATION_CONTEXT,
    ) -> None:
        """Verify a signature value, or remember that it was.

        Raises:
            cryptography.exceptions.InvalidSignature: it does not hold.
        """
        key = _digest(signature, signed_data, public_key_info.dump(), signature_algorithm.dump(), repr(context).encode())
        with self._lock:
            if key in self._held:
                self._held.move_to_end(key)
                return
        super().validate_signature(signature, signed_data, public_key_info, signature_algorithm, context)
        with self._lock:
            self._held[key] = None
            if len(self._held) > self._size:
                self._held.popitem(last=False)


OF_CONTEXTS = "DefaultSignatureValidator"
"""Name by which pyHanko's contexts make the validator that they were not given."""


def remember_checks_by_default() -> None:
    """Have contexts that are given no validator share one that remembers, where this version makes it by that name."""
    if vars(contexts).get(OF_CONTEXTS) is DefaultSignatureValidator:
        shared = RememberingValidator()
        vars(contexts)[OF_CONTEXTS] = lambda: shared


def _digest(*parts: bytes) -> bytes:
    """Hash parts, each under its own digest, so that no two lists of parts share one."""
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()
