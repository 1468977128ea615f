"""Two archives kept alike: every object is written and compared in both, and either one is enough to read."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from conventions.canonical import sha256_hex
from conventions.errors import NotFound, UpstreamUnavailable
from conventions.ports.stores import Archive, LockedObject, StoredVersion

T = TypeVar("T")

REST_S = 30.0
"""A store that did not answer is asked last for that long: else each read would wait for it again."""
KEY_DIGEST = re.compile(r"-([0-9a-f]{64})\Z")


class TwoArchives:
    """``conventions.ports.stores.Archive`` over a first and a second archive, on two S3 far from one another."""

    def __init__(self, first: Archive, second: Archive, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Put both together; ``monotonic`` gives seconds that only grow."""
        self._first, self._second, self._monotonic = first, second, monotonic
        self._rests_until = {id(first): float("-inf"), id(second): float("-inf")}

    @property
    def lock_mode(self) -> str:
        return self._first.lock_mode

    def write(self, key: str, data: bytes, retain_until: datetime) -> LockedObject:
        """Write in the first, then in the second: an object counts as archived once it stands in both."""
        written = self._first.write(key, data, retain_until)
        self._second.write(key, data, retain_until)
        return written

    def read(self, key: str) -> bytes:
        """Return the bytes from the store that gives those whose digest the key holds.

        Where neither does, the bytes that there are: the caller compares them with what was recorded, and says so.
        """
        digest = KEY_DIGEST.search(key)
        return self._from_either(lambda archive: archive.read(key), lambda data: digest is None or sha256_hex(data) == digest[1])

    def state(self, key: str) -> LockedObject:
        return self._from_either(lambda archive: archive.state(key))

    def keys(self, prefix: str) -> Sequence[str]:
        """List the keys that stand in either, sorted."""
        return sorted({key for listed in self._from_each(lambda archive: archive.keys(prefix)) for key in listed})

    def versions(self, prefix: str) -> Sequence[StoredVersion]:
        """List every version of a key in the first store that has the key; the other's have other identifiers."""
        merged = dict[str, list[StoredVersion]]()
        for listed in self._from_each(lambda archive: archive.versions(prefix)):
            found = dict[str, list[StoredVersion]]()
            for version in listed:
                found.setdefault(version.key, []).append(version)
            merged = {**found, **merged}
        return [version for key in sorted(merged) for version in merged[key]]

    def extend_lock(self, key: str, retain_until: datetime) -> LockedObject:
        return self._in_both(key, lambda archive: archive.extend_lock(key, retain_until))

    def set_legal_hold(self, key: str, *, held: bool) -> None:
        self._in_both(key, lambda archive: archive.set_legal_hold(key, held=held))

    def has_legal_hold(self, key: str) -> bool:
        return self._first.has_legal_hold(key) and self._second.has_legal_hold(key)

    def stores(self) -> Sequence[Archive]:
        return (self._first, self._second)

    def close(self) -> None:
        """Close the idle connections of both."""
        for archive in self.stores():
            close = getattr(archive, "close", None)
            if close is not None:
                close()

    def _from_either(self, ask: Callable[[Archive], T], is_good: Callable[[T], bool] = lambda _: True) -> T:
        """Ask one store, then the other where the first gives nothing, or nothing good; what is not good where neither has better.

        Raises:
            UpstreamUnavailable: what one lacks, or has no longer whole, may stand in the other, which does not answer.
            NotFound: both lack it.
        """
        given, lacking, away = list[T](), list[NotFound](), list[UpstreamUnavailable]()
        for archive in self._by_turn():
            try:
                answer = self._asked(archive, ask)
            except NotFound as error:
                lacking.append(error)
            except UpstreamUnavailable as error:
                away.append(error)
            else:
                if is_good(answer):
                    return answer
                given.append(answer)
        if away or not given:
            raise (*away, *lacking)[0]
        return given[0]

    def _in_both(self, key: str, change: Callable[[Archive], T]) -> T:
        """Change an object in each store that has it, and return what the first said.

        Raises:
            NotFound: one lacks it (``archive.not_copied``), or both do.
            UpstreamUnavailable: it may be changed in one alone; do it again.
        """
        done, lacking = list[T](), list[NotFound]()
        for archive in self.stores():
            try:
                done.append(change(archive))
            except NotFound as error:
                lacking.append(error)
        if lacking and done:
            raise NotFound(f"{key} stands in one store alone", code="archive.not_copied", key=key) from lacking[0]
        if lacking:
            raise lacking[0]
        return done[0]

    def _from_each(self, ask: Callable[[Archive], T]) -> Sequence[T]:
        """Ask both; one that does not answer, or did not lately, is left out, unless the other does not answer either."""
        answers, away = list[T](), list[UpstreamUnavailable]()
        for archive in self._by_turn():
            if answers and self._rests(archive):
                continue
            try:
                answers.append(self._asked(archive, ask))
            except UpstreamUnavailable as error:
                away.append(error)
        if not answers:
            raise away[0]
        return answers

    def _by_turn(self) -> Sequence[Archive]:
        return sorted(self.stores(), key=self._rests)

    def _rests(self, archive: Archive) -> bool:
        return self._rests_until[id(archive)] > self._monotonic()

    def _asked(self, archive: Archive, ask: Callable[[Archive], T]) -> T:
        try:
            return ask(archive)
        except UpstreamUnavailable:
            self._rests_until[id(archive)] = self._monotonic() + REST_S
            raise
