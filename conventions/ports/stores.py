"""Ports of the object stores: working bytes, and the locked archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class WorkingStore(Protocol):
    """Immutable bytes under their own digest; orphans are allowed, changes are not."""

    def put(self, data: bytes) -> str:
        """Keep the bytes and return their SHA-256 (hexadecimal); the same bytes twice is one object.

        Raises:
            UpstreamUnavailable: the store does not answer; nothing can be assumed kept.
        """
        ...

    def get(self, sha256: str) -> bytes:
        """Return the bytes, their digest checked.

        Raises:
            NotFound: no such object.
            EvidenceBroken: the bytes no longer have that digest.
            UpstreamUnavailable.
        """
        ...

    def put_named(self, name: str, data: bytes) -> None:
        """Keep derived bytes (a page picture) under a name that holds what they derive from."""
        ...

    def get_named(self, name: str) -> bytes:
        """Return derived bytes.

        Raises:
            NotFound, UpstreamUnavailable.
        """
        ...


@dataclass(frozen=True)
class LockedObject:
    """What the archive says of an object: lock mode is ``COMPLIANCE`` or ``GOVERNANCE``."""

    key: str
    size_bytes: int
    version_id: str
    lock_mode: str
    retain_until: datetime


class Archive(Protocol):
    """Write-once objects under lock."""

    def write(self, key: str, data: bytes, retain_until: datetime) -> LockedObject:
        """Write an object that must not exist, lock it, read it back and compare. The same bytes again is not an error.

        Raises:
            EvidenceBroken: the key holds other bytes, or what is read back differs.
            UpstreamUnavailable.
        """
        ...

    def read(self, key: str) -> bytes:
        """Return an object's bytes.

        Raises:
            NotFound, UpstreamUnavailable.
        """
        ...

    def state(self, key: str) -> LockedObject:
        """Return what the store says of an object, its lock included.

        Raises:
            NotFound, UpstreamUnavailable.
        """
        ...

    def keys(self, prefix: str) -> Sequence[str]:
        """List the keys under a prefix, sorted."""
        ...
