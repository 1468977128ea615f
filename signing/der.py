"""DER by hand, for the few structures built thousands of times: the values never change shape, so they are joined, not modelled.

Lengths and tags follow ITU-T X.690, 8.1.3 and 10.1. Everything that comes from outside is parsed by a library instead.
"""

from __future__ import annotations

BOOLEAN, INTEGER, OCTET_STRING, NULL, OID = 0x01, 0x02, 0x04, 0x05, 0x06
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


def read_elements(der: bytes) -> list[bytes]:
    """Return the elements inside a constructed value, each with its tag and length, byte for byte.

    A parser that re-encodes what it read is no witness: asn1crypto writes a default or a missing NULL anew, and slowly.

    Raises:
        ValueError: lengths that do not add up, indefinite, or of more than four octets; a tag of several octets.
    """
    _, start, end = _read_head(der, 0)
    if end != len(der):
        raise ValueError("bytes after the value")
    elements = []
    while start < end:
        _, _, stop = _read_head(der, start)
        if stop > end:
            raise ValueError("an element ends after what holds it")
        elements.append(der[start:stop])
        start = stop
    return elements


def read_value(der: bytes, tag: int) -> bytes:
    """Return the contents of one primitive value of that tag.

    Raises:
        ValueError: another tag, or not exactly one value.
    """
    found, start, end = _read_head(der, 0)
    if found != tag or end != len(der):
        raise ValueError("another value than expected")
    return der[start:end]


def strip_padding(der: bytes) -> bytes:
    """Return the first value without the bytes that follow it, such as the zeros that fill a reserved space.

    Raises:
        ValueError: not a whole value.
    """
    _, _, end = _read_head(der, 0)
    return der[:end]


def _read_head(der: bytes, at: int) -> tuple[int, int, int]:
    """Return the tag, where the contents start and where they end."""
    if len(der) < at + 2 or der[at] & 0x1F == 0x1F:  # noqa: PLR2004 a tag and a length take two octets
        raise ValueError("not DER")
    length, start = der[at + 1], at + 2
    if length >= SHORT_FORM_LIMIT:
        count = length & 0x7F
        start += count
        if not 1 <= count <= 4 or len(der) < start:  # noqa: PLR2004 four octets reach 4 GB
            raise ValueError("not DER")
        length = int.from_bytes(der[at + 2 : start], "big")
    if start + length > len(der):
        raise ValueError("a value shorter than its length")
    return der[at], start, start + length
