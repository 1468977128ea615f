"""DER by hand, for the few structures built thousands of times: the values never change shape, so they are joined, not modelled.

Lengths and tags follow ITU-T X.690, 8.1.3 and 10.1. Everything that comes from outside is parsed by a library instead.
"""

from __future__ import annotations

INTEGER, BIT_STRING, OCTET_STRING, NULL, OID = 0x02, 0x03, 0x04, 0x05, 0x06
GENERALIZED_TIME, SEQUENCE, SET = 0x18, 0x30, 0x31
SHORT_FORM_LIMIT = 0x80


def render_tlv(tag: int, *parts: bytes) -> bytes:
    """Join the parts under one tag with a definite length."""
    body = b"".join(parts)
    length = len(body)
    if length < SHORT_FORM_LIMIT:
        return bytes((tag, length)) + body
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes((tag, SHORT_FORM_LIMIT | len(octets))) + octets + body


def render_sequence(*parts: bytes) -> bytes:
    """Encode a SEQUENCE."""
    return render_tlv(SEQUENCE, *parts)


def render_set_of(*parts: bytes) -> bytes:
    """Encode a SET OF: the elements in ascending order of their encodings (X.690, 11.6)."""
    return render_tlv(SET, *sorted(parts))


def render_explicit(number: int, *parts: bytes) -> bytes:
    """Encode a constructed context-specific tag."""
    return render_tlv(0xA0 | number, *parts)


def render_octets(value: bytes) -> bytes:
    """Encode an OCTET STRING."""
    return render_tlv(OCTET_STRING, value)


def render_integer(value: int) -> bytes:
    """Encode an INTEGER that is not negative."""
    return render_tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def render_oid(dotted: str) -> bytes:
    """Encode an OBJECT IDENTIFIER."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return render_tlv(OID, *(_base128(arc) for arc in (first * 40 + second, *rest)))


def _base128(arc: int) -> bytes:
    octets = [arc & 0x7F]
    while arc := arc >> 7:
        octets.append(0x80 | arc & 0x7F)
    return bytes(reversed(octets))
