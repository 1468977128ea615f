"""The one change that is made to a library here: asn1crypto prepares a name's text for comparison once, not each time.

RFC 4518 preparation is a pure function of the text, called some 240 times for the dozen distinct texts of one file. The result is
asn1crypto's own; only the repetition goes.
"""

from __future__ import annotations

from functools import lru_cache

from asn1crypto.x509 import NameTypeAndValue

REMEMBERED = 4096
NAME = "_ldap_string_prep"


def remember_prepared_names() -> bool:
    """Have asn1crypto remember what it prepared; False, and nothing is changed, when this version prepares otherwise."""
    prepare = getattr(NameTypeAndValue, NAME, None)
    if prepare is None:
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
    return True
