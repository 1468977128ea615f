"""The receiver's file: whole lines survive a cut at any byte, and nothing else passes for a line."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contreseing.embedded.received_orders import FILENAME, ReceivedOrder, ReceivedOrders, parse_order
from conventions.canonical import render_canonical
from conventions.errors import AlreadyRecorded, ConfigurationError, EvidenceBroken


def order(key: str, member: str = "Abers", condition: str | None = None) -> ReceivedOrder:
    body = render_canonical({"type": "service.activation", "order": {"key": key, "member": member, "condition": condition}})
    return parse_order({"webhook-id": key, "webhook-timestamp": "1795446482", "webhook-signature": "v1,AAAA"}, body)


def ids_in(folder: Path) -> list[str]:
    with ReceivedOrders(folder) as orders:
        return [kept.id for kept in orders.kept()]


@given(st.lists(st.text(max_size=8), min_size=1, max_size=4), st.data())
def test_a_cut_anywhere_leaves_the_whole_lines_before_it(members: list[str], data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / FILENAME
        ends = [0]
        with ReceivedOrders(folder) as orders:
            for rank, member in enumerate(members):
                orders.ensure_kept(order(f"k-{rank}", member))
                ends.append(path.stat().st_size)
        whole = path.read_bytes()
        cut = data.draw(st.integers(0, len(whole)))
        path.write_bytes(whole[:cut])
        left = sum(end <= cut for end in ends) - 1
        assert ids_in(folder) == [f"k-{rank}" for rank in range(left)]
        assert path.read_bytes() == whole[: ends[left]]
        with ReceivedOrders(folder) as orders:
            for rank, member in enumerate(members):
                orders.ensure_kept(order(f"k-{rank}", member))
        assert path.read_bytes() == whole


def test_the_same_order_is_kept_once_and_another_under_its_id_is_refused(tmp_path: Path) -> None:
    with ReceivedOrders(tmp_path) as orders:
        orders.ensure_kept(order("k-1"))
        orders.ensure_kept(order("k-1"))
        with pytest.raises(AlreadyRecorded):
            orders.ensure_kept(order("k-1", "Aulne"))
    assert ids_in(tmp_path) == ["k-1"]


def test_the_condition_is_read_back(tmp_path: Path) -> None:
    with ReceivedOrders(tmp_path) as orders:
        orders.ensure_kept(order("k-1", condition="deux documents"))
    with ReceivedOrders(tmp_path) as orders:
        assert [(kept.condition, kept.timestamp) for kept in orders.kept()] == [("deux documents", "1795446482")]


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with ReceivedOrders(tmp_path), pytest.raises(ConfigurationError):
        ReceivedOrders(tmp_path)


@pytest.mark.parametrize("change", [(b'{"headers"', b'{ "headers"'), (b'"body":', b'"body": '), (b"k-1", b"k-2"), (b"}\n", b"\n")])
def test_a_line_altered_since_is_broken_evidence(tmp_path: Path, change: tuple[bytes, bytes]) -> None:
    with ReceivedOrders(tmp_path) as orders:
        orders.ensure_kept(order("k-1"))
    path = tmp_path / FILENAME
    path.write_bytes(path.read_bytes().replace(*change, 1))
    with pytest.raises(EvidenceBroken, match="line 1"):
        ReceivedOrders(tmp_path)
