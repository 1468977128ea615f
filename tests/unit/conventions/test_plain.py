"""Records become plain JSON values and come back the same, or are refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

import pytest

from conventions.agreements import Campaign
from conventions.canonical import Json, render_canonical
from conventions.errors import EvidenceBroken
from conventions.members import Member
from conventions.plain import plain, restored
from conventions.powers import Delegation
from conventions.programmes import Programme
from tests.builders import example_delegation, example_member, example_programme
from tests.contract.storage.records import CAMPAIGN


@pytest.mark.parametrize(
    ("kind", "record"),
    [
        (Member, example_member()),
        (Member, replace(example_member(), power=None, referent=None, population=12)),
        (Programme, example_programme()),
        (Delegation, example_delegation()),
        (Campaign, CAMPAIGN),
    ],
)
def test_a_record_comes_back_the_same(kind: type[object], record: object) -> None:
    value = plain(record)
    render_canonical(value)

    assert restored(kind, value) == record


def test_a_field_that_is_absent_takes_its_default() -> None:
    value = plain(example_member())
    assert isinstance(value, dict)
    bare = {name: item for name, item in value.items() if name != "telephone"}

    assert restored(Member, bare) == replace(example_member(), telephone=None)


def test_what_is_no_such_record_is_refused() -> None:
    value = plain(example_member())
    assert isinstance(value, dict)
    wrong: tuple[Json, ...] = (
        None,
        [],
        {},
        {**value, "stranger": 1},
        {**value, "name": 3},
        {**value, "category": "planet"},
        {**value, "contribution_eur": True},
        {**value, "representative": "somebody"},
    )
    for broken in wrong:
        with pytest.raises(EvidenceBroken):
            restored(Member, broken)
    with pytest.raises(EvidenceBroken):
        restored(Programme, {**plain(example_programme()), "catalogue": "none"})  # type: ignore[dict-item]


def test_a_mapping_is_kept_and_another_object_is_refused() -> None:
    assert plain({"a": (1, date(2026, 1, 2), True, None)}) == {"a": [1, "2026-01-02", True, None]}
    with pytest.raises(TypeError):
        plain(1.5)


@dataclass(frozen=True)
class _Holder:
    anything: object


@dataclass(frozen=True)
class _ListHolder:
    anything: list[int]


@pytest.mark.parametrize("kind", [_Holder, _ListHolder])
def test_a_type_that_no_record_has_is_refused(kind: type[object]) -> None:
    with pytest.raises(EvidenceBroken):
        restored(kind, {"anything": 1})
