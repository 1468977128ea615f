"""Telling a segment's events from those now found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conventions.canonical import render_canonical, sha256_hex
from conventions.errors import EvidenceBroken
from conventions.events import Salted
from conventions.journal.heads import parse_segment, render_segment
from conventions.journal.verification import Tampering, compare_with_segment


def event(name: str, **data: str) -> bytes:
    return render_canonical({"id": name, "data": data})


A, B, C, D = (event(name) for name in "abcd")


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([A, B, C, D], []),
        ([A, event("b", forged="yes"), C, D], [(Tampering.CHANGED, 11, "b")]),
        ([A, C, D], [(Tampering.REMOVED, 11, "b")]),
        ([A, B, event("x"), C, D], [(Tampering.INSERTED, 12, "x")]),
        ([A, C, B, D], [(Tampering.MOVED, 11, "b"), (Tampering.MOVED, 12, "c")]),
        ([], [(Tampering.REMOVED, 10 + place, name) for place, name in enumerate("abcd")]),
        ([B, event("a", forged="yes"), event("y")], None),
    ],
)
def test_differences_from_the_segment_are_named(found: list[bytes], expected: list[tuple[Tampering, int, str]] | None) -> None:
    findings = [(f.tampering, f.index, f.event_id) for f in compare_with_segment(render_segment([A, B, C, D]), 10, found)]

    if expected is None:
        assert {f[0] for f in findings} == {Tampering.CHANGED, Tampering.REMOVED, Tampering.INSERTED, Tampering.MOVED}
    else:
        assert findings == expected


def test_a_segment_is_read_back() -> None:
    assert parse_segment(render_segment([A, B])) == [A, B]
    assert parse_segment(b"") == []
    with pytest.raises(EvidenceBroken):
        parse_segment(render_segment([A])[:-1])


@given(st.text(st.characters(codec="utf-8")), st.text(st.characters(codec="utf-8")))
def test_a_commitment_is_over_the_canonical_form(name: str, value: str) -> None:
    assert Salted(name, value, "00ff").commitment == sha256_hex(render_canonical(["00ff", name, value]))
