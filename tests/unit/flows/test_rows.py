"""What the registry notes of a tracker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conventions.status import Status
from flows.chunks import chunks
from flows.rows import RowReader, Shown, Trackers
from tests.fakes.world import CAMPAIGN, World

NOTES = st.builds(
    Shown,
    st.sampled_from([*(status.value for status in Status), ""]),
    st.sampled_from(["", "prepare:power.missing", "archive:upstream.unavailable"]),
    st.integers(0, 500),
    st.booleans(),
)


@given(NOTES)
def test_note_is_read_as_it_was_written(note: Shown) -> None:
    assert Shown.parse(note.render()) == note


@pytest.mark.parametrize("text", ["", "?", "active", "a|b", "a|b|c", "||-1", "a|b|1|2"])
def test_unreadable_note_shows_nothing_for_sure(text: str) -> None:
    assert Shown.parse(text) == Shown(is_sure=False)


def test_no_note_is_no_doubt() -> None:
    assert Shown.parse(None) == Shown()


@given(st.lists(st.integers(), max_size=30), st.integers(1, 7))
def test_chunks_hold_everything_in_order(items: list[int], size: int) -> None:
    parts = list(chunks(items, size))
    assert [item for part in parts for item in part] == items
    assert all(0 < len(part) <= size for part in parts)


def test_reader_gives_what_differs_and_nothing_after_it_was_noted() -> None:
    world = World()
    reference = world.invited()
    (row,) = RowReader(world.ports, Trackers.AUTO, None, 10).next_rows() or []
    assert (row.reference, row.status, row.run_id) == (reference, Status.AWAITING_MEMBER, None)
    with world.registry.write() as tx:
        state = tx.shown_state(reference)
        tx.set_shown_state(type(state)(reference, row.wanted.render(), "run-1"))
    reader = RowReader(world.ports, Trackers.AUTO, None, 10)
    assert reader.next_rows() == []
    assert reader.next_rows() is None
    assert reader.known_runs == {"run-1": reference}


def test_reader_of_references_passes_over_the_unknown_and_the_hidden() -> None:
    world = World()
    reference = world.invited()
    assert RowReader(world.ports, Trackers.OFF, [reference], 10).next_rows() == []
    assert RowReader(world.ports, Trackers.AUTO, [reference], 0).next_rows() == []
    assert RowReader(world.ports, Trackers.ON, ["nobody"], 0).next_rows() == []
    with world.registry.read() as tx:
        assert tx.agreement(reference).campaign_id == CAMPAIGN
