"""What is changed in asn1crypto: what it works out of a name's bytes, it works out once, and a certificate is written as it was read.

Preparation by RFC 4518, the form used as a key, and the comparison of RFC 5280, 7.1 are pure functions of the text or of the
bytes; one validation asks for them some thousand times, about a dozen names. The results are asn1crypto's own; only the
repetition goes. What fails is not remembered, and a name that was changed after it was read is compared each time.

``dump`` takes a certificate whose length ends in 0x80 for one of indefinite length, and encodes it anew with all it holds: 5 ms,
some hundred times a validation, for one CA in 256 (and for ours when its name is as long as it is).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from asn1crypto.x509 import Certificate, NameTypeAndValue, RDNSequence

REMEMBERED = 4096
NAME = "_ldap_string_prep"
INDEFINITE = b"\x80"


def remember_prepared_names() -> bool:
    """Change asn1crypto as told above; False, and nothing is changed, when this version prepares otherwise."""
    prepare = getattr(NameTypeAndValue, NAME, None)
    if prepare is None or not hasattr(RDNSequence, "_is_mutated"):
        return False
    if not hasattr(prepare, "__wrapped__"):
        blank = NameTypeAndValue()

        @lru_cache(REMEMBERED)
        def prepared(text: str) -> str:
            return str(prepare(blank, text))

        def remembering(self: NameTypeAndValue, string: str) -> str:
            del self
            return prepared(string)

        remembering.__wrapped__ = prepare  # type: ignore[attr-defined]
        setattr(NameTypeAndValue, NAME, remembering)
        _remember_comparisons()
        _write_as_read()
    return True


def _remember_comparisons() -> None:
    equal, hashable = RDNSequence.__eq__, RDNSequence.hashable.fget

    @lru_cache(REMEMBERED)
    def equal_bytes(one: bytes, other: bytes) -> bool:
        return bool(equal(RDNSequence(contents=one), RDNSequence(contents=other)))

    @lru_cache(REMEMBERED)
    def hashable_bytes(name: bytes) -> str:
        return str(hashable(RDNSequence(contents=name)))

    def remembering_equal(self: RDNSequence, other: object) -> Any:  # noqa: ANN401 what the library returns
        if not isinstance(other, RDNSequence) or self._is_mutated() or other._is_mutated():  # noqa: SLF001 no public way to ask
            return equal(self, other)
        return equal_bytes(self.contents, other.contents)

    def remembering_hashable(self: RDNSequence) -> str:
        return str(hashable(self)) if self._is_mutated() else hashable_bytes(self.contents)

    remembering_equal.__wrapped__ = equal  # type: ignore[attr-defined]
    remembering_hashable.__wrapped__ = hashable  # type: ignore[attr-defined]
    RDNSequence.__eq__ = remembering_equal
    RDNSequence.hashable = property(remembering_hashable)


def _write_as_read() -> None:
    dump = Certificate.dump

    def dump_as_read(self: Certificate, force: bool = False) -> bytes:  # noqa: FBT001, FBT002 the library's signature
        header = self._header
        if force or header is None or header[1:2] == INDEFINITE or self._is_mutated():
            return bytes(dump(self, force))
        return bytes(header + self._contents + self._trailer)

    dump_as_read.__wrapped__ = dump  # type: ignore[attr-defined]
    Certificate.dump = dump_as_read
