"""The object stores in memory; given a registry, they refuse to be called inside a transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from conventions.canonical import sha256_hex
from conventions.errors import EvidenceBroken, NotFound, UpstreamUnavailable
from conventions.ports.stores import Archive, LockedObject, StoredVersion
from tests.fakes.registry import FakeRegistry, refuse_inside_transaction


class FakeWorkingStore:
    """Working bytes by digest, derived bytes by name. ``down`` makes every call fail as an S3 that does not answer."""

    def __init__(self, registry: FakeRegistry | None = None) -> None:
        self.objects: dict[str, bytes] = {}
        self.named: dict[str, bytes] = {}
        self.down = False
        self._registry = registry

    def _call(self) -> None:
        refuse_inside_transaction(self._registry)
        if self.down:
            raise UpstreamUnavailable("the working store does not answer", code="store.unavailable")

    def put(self, data: bytes) -> str:
        self._call()
        digest = sha256_hex(data)
        self.objects.setdefault(digest, data)
        return digest

    def get(self, sha256: str) -> bytes:
        self._call()
        if sha256 not in self.objects:
            raise NotFound(f"no working bytes {sha256}", code="store.not_found")
        data = self.objects[sha256]
        if sha256_hex(data) != sha256:
            raise EvidenceBroken(f"working bytes {sha256} were changed", code="store.digest", key=sha256)
        return data

    def put_named(self, name: str, data: bytes) -> None:
        self._call()
        self.named[name] = data

    def get_named(self, name: str) -> bytes:
        self._call()
        if name not in self.named:
            raise NotFound(f"no derived bytes {name}", code="store.not_found")
        return self.named[name]


class FakeArchive:
    """Write-once objects with their locks. ``down`` makes every call fail as an S3 that does not answer, ``rotten`` the reads of some keys.

    ``calls`` counts what was asked.
    """

    def __init__(self, registry: FakeRegistry | None = None, lock_mode: str = "GOVERNANCE") -> None:
        self.objects: dict[str, bytes] = {}
        self.states: dict[str, LockedObject] = {}
        self.held: set[str] = set()
        self.lock_mode = lock_mode
        self.down = False
        self.rotten: set[str] = set()
        self.calls = 0
        self._registry = registry

    def _call(self) -> None:
        refuse_inside_transaction(self._registry)
        self.calls += 1
        if self.down:
            raise UpstreamUnavailable("the archive does not answer", code="archive.unavailable")

    def write(self, key: str, data: bytes, retain_until: datetime) -> LockedObject:
        self._call()
        if key not in self.objects:
            self.objects[key] = data
            self.states[key] = LockedObject(key, len(data), f"v{len(self.objects)}", self.lock_mode, retain_until)
        elif self.objects[key] != data:
            raise EvidenceBroken(f"{key} holds other bytes", code="archive.other_bytes", key=key)
        elif self.states[key].retain_until < retain_until:
            self.states[key] = replace(self.states[key], retain_until=retain_until)
        return self.states[key]

    def read(self, key: str) -> bytes:
        self._call()
        if key in self.rotten:
            raise UpstreamUnavailable(f"no answer for {key}", code="archive.unavailable")
        if key not in self.objects:
            raise NotFound(f"no archived object {key}", code="archive.not_found")
        return self.objects[key]

    def state(self, key: str) -> LockedObject:
        self._call()
        if key not in self.states:
            raise NotFound(f"no archived object {key}", code="archive.not_found")
        return self.states[key]

    def keys(self, prefix: str) -> Sequence[str]:
        self._call()
        return sorted(key for key in self.objects if key.startswith(prefix))

    def versions(self, prefix: str) -> Sequence[StoredVersion]:
        listed = [(key, self.states[key]) for key in self.keys(prefix)]
        return [StoredVersion(key, state.version_id, state.size_bytes, is_latest=True, is_delete_marker=False) for key, state in listed]

    def extend_lock(self, key: str, retain_until: datetime) -> LockedObject:
        state = self.state(key)
        self.states[key] = replace(state, retain_until=max(state.retain_until, retain_until))
        return self.states[key]

    def set_legal_hold(self, key: str, *, held: bool) -> None:
        self.state(key)
        if held:
            self.held.add(key)
        else:
            self.held.discard(key)

    def has_legal_hold(self, key: str) -> bool:
        self.state(key)
        return key in self.held

    def stores(self) -> Sequence[Archive]:
        return (self,)
