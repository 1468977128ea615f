"""The archive on S3: objects written once, under lock, read back and compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from minio import Minio
from minio.datatypes import Object
from minio.retention import Retention

from conventions.errors import AlreadyRecorded, ConfigurationError, EvidenceBroken, UpstreamUnavailable
from conventions.ports.stores import Archive, LockedObject, StoredVersion
from storage.object_store import fetch_object, read_object
from storage.s3_client import S3Client, S3Settings
from storage.write_once import LOCK_MODES, Lock, put_once, verify_client_version, whole_second

UNLOCKED = datetime.min.replace(tzinfo=UTC)
"""What stands for the end of a lock that there is not."""


class S3Archive:
    """``conventions.ports.stores.Archive`` on a bucket created with object lock (see ``storage.buckets``)."""

    def __init__(self, settings: S3Settings, bucket: str, lock_mode: str) -> None:
        """Prepare the archive; nothing is connected yet. ``lock_mode``: ``COMPLIANCE``, or ``GOVERNANCE`` outside production.

        Raises:
            ConfigurationError: no such mode, the address cannot be read, or the client is not the version that was proved.
        """
        verify_client_version()
        if lock_mode not in LOCK_MODES:
            raise ConfigurationError(f"no such lock mode: {lock_mode}", code="archive.lock_mode")
        self._client, self._bucket, self._mode = S3Client(settings), bucket, lock_mode

    @property
    def lock_mode(self) -> str:
        return self._mode

    def write(self, key: str, data: bytes, retain_until: datetime) -> LockedObject:
        lock = Lock(self._mode, whole_second(retain_until))
        with suppress(AlreadyRecorded):  # by whom it was written does not matter: what stands there does
            put_once(self._client, self._bucket, key, data, lock)
        stored = fetch_object(self._client, self._bucket, key)
        if stored.data != data:
            raise EvidenceBroken(f"{key} holds other bytes", code="archive.other_bytes", key=key)
        found = _locked_object(key, len(stored.data), stored.headers)
        return found if _holds(found, lock) else self._locked_at_least(found, lock)

    def read(self, key: str) -> bytes:
        return read_object(self._client, self._bucket, key)

    def state(self, key: str) -> LockedObject:
        found = self._client.call(f"head {key}", lambda minio: minio.stat_object(self._bucket, key))
        return _locked_object(key, found.size or 0, found.metadata or {})

    def keys(self, prefix: str) -> Sequence[str]:
        def listed(minio: Minio) -> list[str]:
            return [item.object_name or "" for item in minio.list_objects(self._bucket, prefix=prefix, recursive=True)]

        return sorted(self._client.call(f"list {prefix}", listed))

    def versions(self, prefix: str) -> Sequence[StoredVersion]:
        def listed(minio: Minio) -> list[StoredVersion]:
            found = minio.list_objects(self._bucket, prefix=prefix, recursive=True, include_version=True)
            return [
                StoredVersion(
                    v.object_name or "", v.version_id or "", v.size or 0, is_latest=_is_latest(v), is_delete_marker=v.is_delete_marker
                )
                for v in found
            ]

        return sorted(self._client.call(f"versions of {prefix}", listed), key=lambda v: (v.key, not v.is_latest))

    def extend_lock(self, key: str, retain_until: datetime) -> LockedObject:
        lock, found = Lock(self._mode, whole_second(retain_until)), self.state(key)
        return found if _holds(found, lock) else self._locked_at_least(found, lock)

    def set_legal_hold(self, key: str, *, held: bool) -> None:
        def hold(minio: Minio) -> None:
            change = minio.enable_object_legal_hold if held else minio.disable_object_legal_hold
            change(self._bucket, key)

        self._client.call(f"hold {key}", hold)
        if self.has_legal_hold(key) is not held:
            raise UpstreamUnavailable(f"hold {key}: the store answered, and did nothing", code="store.unavailable")

    def has_legal_hold(self, key: str) -> bool:
        found = self._client.call(f"hold of {key}", lambda minio: minio.stat_object(self._bucket, key))
        return (found.metadata or {}).get("x-amz-object-lock-legal-hold", "") == "ON"

    def stores(self) -> Sequence[Archive]:
        return (self,)

    def close(self) -> None:
        """Close every idle connection; the archive may be used again."""
        self._client.close()

    def _locked_at_least(self, found: LockedObject, lock: Lock) -> LockedObject:
        """Lock an object that stands with a lesser lock than asked; a lock is only ever made longer."""
        mode = "COMPLIANCE" if "COMPLIANCE" in {found.lock_mode, lock.mode} else lock.mode
        retention = Retention(mode, max(found.retain_until, lock.retain_until))
        self._client.call(f"lock {found.key}", lambda minio: minio.set_object_retention(self._bucket, found.key, retention))
        locked = self.state(found.key)
        if not _holds(locked, lock):
            raise EvidenceBroken(f"the store does not lock {found.key}", code="archive.unlocked", key=found.key)
        return locked


def _is_latest(listed: Object) -> bool:
    return str(listed.is_latest).lower() == "true"  # the client gives the XML's text


def _holds(found: LockedObject, lock: Lock) -> bool:
    return found.lock_mode in {lock.mode, "COMPLIANCE"} and found.retain_until >= lock.retain_until


def _locked_object(key: str, size_bytes: int, headers: Mapping[str, str]) -> LockedObject:
    until = headers.get("x-amz-object-lock-retain-until-date")
    return LockedObject(
        key=key,
        size_bytes=size_bytes,
        version_id=headers.get("x-amz-version-id", ""),
        lock_mode=headers.get("x-amz-object-lock-mode", ""),
        retain_until=datetime.fromisoformat(until).astimezone(UTC) if until else UNLOCKED,
    )
