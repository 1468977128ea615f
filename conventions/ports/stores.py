"""Ports of the object stores: working bytes, and the locked archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
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


class BucketFault(StrEnum):
    """Why a bucket cannot be worked with."""

    ABSENT = "absent"
    NO_VERSIONS = "no_versions"
    NO_LOCK = "no_lock"
    PUBLIC = "public"
    OTHER_ENCRYPTION = "other_encryption"


@dataclass(frozen=True)
class LockedObject:
    """What the archive says of an object: lock mode is ``COMPLIANCE`` or ``GOVERNANCE``."""

    key: str
    size_bytes: int
    version_id: str
    lock_mode: str
    retain_until: datetime


@dataclass(frozen=True)
class StoredVersion:
    """One version of a key as the store lists it; a delete marker hides the versions under it."""

    key: str
    version_id: str
    size_bytes: int
    is_latest: bool
    is_delete_marker: bool


class Archive(Protocol):
    """Write-once objects under lock."""

    @property
    def lock_mode(self) -> str:
        """The mode in which this archive locks what it writes: ``COMPLIANCE`` or ``GOVERNANCE``."""
        ...

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

    def versions(self, prefix: str) -> Sequence[StoredVersion]:
        """List every version and delete marker under a prefix, the hidden ones included, by key, latest first.

        Raises:
            UpstreamUnavailable.
        """
        ...

    def extend_lock(self, key: str, retain_until: datetime) -> LockedObject:
        """Make a lock last until an instant; a longer one is left as it is.

        Raises:
            NotFound, EvidenceBroken, UpstreamUnavailable.
        """
        ...

    def set_legal_hold(self, key: str, *, held: bool) -> None:
        """Hold an object beyond any date, or let go of it.

        Raises:
            NotFound, UpstreamUnavailable.
        """
        ...

    def has_legal_hold(self, key: str) -> bool:
        """Tell whether an object is held.

        Raises:
            NotFound, UpstreamUnavailable.
        """
        ...

    def stores(self) -> Sequence[Archive]:
        """List the stores that must each hold everything: this one alone, or both of two."""
        ...
