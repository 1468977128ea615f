"""What was read lately is kept, within bounds."""

from __future__ import annotations

from storage.recent_bytes import RecentBytes


def test_the_longest_unused_make_room() -> None:
    recent = RecentBytes(most_bytes=10, largest_bytes=6)
    recent.keep("a", b"aaaaa")
    recent.keep("b", b"bbbb")
    assert recent.get("a") == b"aaaaa"
    recent.keep("c", b"cc")
    assert [recent.get(name) for name in "abc"] == [b"aaaaa", None, b"cc"]


def test_what_is_kept_twice_counts_once() -> None:
    recent = RecentBytes(most_bytes=10)
    for _ in range(5):
        recent.keep("a", b"aaaa")
    recent.keep("b", b"bbbb")
    assert (recent.get("a"), recent.get("b")) == (b"aaaa", b"bbbb")


def test_what_is_too_large_is_not_kept() -> None:
    recent = RecentBytes(most_bytes=10, largest_bytes=4)
    recent.keep("a", b"aaaaa")
    assert recent.get("a") is None
