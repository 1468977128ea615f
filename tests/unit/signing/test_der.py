"""DER by hand, against a library's."""

from __future__ import annotations

import pytest
from asn1crypto import core
from hypothesis import given
from hypothesis import strategies as st

from signing.der import (
    read_elements,
    render_explicit,
    render_integer,
    render_octets,
    render_oid,
    render_sequence,
    render_set_of,
    strip_padding,
)

ARCS = st.lists(st.integers(0, 2**130), min_size=1, max_size=6)


@given(st.integers(0, 2**200))
def test_integers(value: int) -> None:
    assert render_integer(value) == core.Integer(value).dump()


@given(st.integers(0, 2), st.integers(0, 39), ARCS)
def test_object_identifiers(first: int, second: int, rest: list[int]) -> None:
    dotted = ".".join(str(arc) for arc in (first, second, *rest))
    assert render_oid(dotted) == core.ObjectIdentifier(dotted).dump()


@given(st.binary(max_size=70_000))
def test_octet_strings_of_any_length(value: bytes) -> None:
    assert render_octets(value) == core.OctetString(value).dump()


@given(st.lists(st.binary(max_size=300), max_size=8))
def test_elements_come_back_byte_for_byte(values: list[bytes]) -> None:
    elements = [render_octets(value) for value in values]
    assert read_elements(render_sequence(*elements)) == elements
    assert read_elements(render_explicit(3, *elements)) == elements
    assert read_elements(render_set_of(*elements)) == sorted(elements)


@given(st.binary(max_size=300), st.integers(0, 50))
def test_padding_is_taken_off(value: bytes, zeros: int) -> None:
    assert strip_padding(render_octets(value) + bytes(zeros)) == render_octets(value)


@given(st.binary(max_size=60))
def test_noise_is_a_value_error_or_consistent(noise: bytes) -> None:
    try:
        elements = read_elements(noise)
    except ValueError:
        return
    assert noise.endswith(b"".join(elements))


@pytest.mark.parametrize(
    "der",
    [
        b"",
        b"\x30",
        b"\x30\x05\x00",
        b"\x30\x80\x00\x00",
        b"\x30\x85\x00\x00\x00\x00\x01\x00",
        b"\x1f\x22\x00",
        b"\x30\x02\x04\x05",
        b"\x30\x00\x00",
    ],
    ids=["empty", "no length", "cut", "indefinite", "five octets", "long tag", "inner too long", "bytes after"],
)
def test_what_is_not_der_is_refused(der: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_elements(der)
