"""Working bytes on S3: ``work/<sha256>`` for what is named by its digest, ``derived/<name>`` for what can be made again."""

from __future__ import annotations

import io
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from minio import Minio

from conventions.canonical import sha256_hex
from conventions.errors import AlreadyRecorded, EvidenceBroken, InputRefused, NotFound
from storage.recent_bytes import RecentBytes
from storage.s3_client import S3Client, S3Settings
from storage.write_once import put_once, verify_client_version

WORK_PREFIX = "work/"
DERIVED_PREFIX = "derived/"
DERIVED_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*\Z")
DIGEST = re.compile(r"[0-9a-f]{64}\Z")


LATELY_S = 60.0
"""How long bytes that this process has put, or read whole when putting them again, are taken to stand without being asked for:
a ceremony's sealed list, its seal and its stamp enter the folder of each of its hundreds of agreements."""
MOST_LATELY = 1_024


class S3WorkingStore:
    """``conventions.ports.stores.WorkingStore`` on a versioned bucket (see ``storage.buckets.ensure_buckets``)."""

    def __init__(self, settings: S3Settings, bucket: str, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Prepare the store; nothing is connected yet. ``monotonic`` counts seconds.

        Raises:
            ConfigurationError: the address cannot be read, or the client is not the version that was proved.
        """
        verify_client_version()
        self._client, self._bucket = S3Client(settings), bucket
        self._recent = RecentBytes()
        self._lately = _Lately(monotonic)

    def put(self, data: bytes) -> str:
        digest = sha256_hex(data)
        if self._lately.stood(digest):
            return digest
        try:
            put_once(self._client, self._bucket, WORK_PREFIX + digest, data)
        except AlreadyRecorded:
            self._read(digest)  # these bytes are relied upon from now on: they must be there, whole
        self._lately.note(digest)
        return digest

    def get(self, sha256: str) -> bytes:
        if not DIGEST.match(sha256):
            raise NotFound("not a digest", code="store.not_found")
        data = self._recent.get(sha256)
        if data is None:
            data = self._read(sha256)
            self._recent.keep(sha256, data)
        return data

    def _read(self, sha256: str) -> bytes:
        data = read_object(self._client, self._bucket, WORK_PREFIX + sha256)
        if sha256_hex(data) != sha256:
            raise EvidenceBroken(f"working bytes {sha256} were changed", code="store.digest", key=sha256)
        return data

    def put_named(self, name: str, data: bytes) -> None:
        key = _derived_key(name)
        self._client.call(f"put {key}", lambda minio: minio.put_object(self._bucket, key, io.BytesIO(data), len(data)))

    def get_named(self, name: str) -> bytes:
        return read_object(self._client, self._bucket, _derived_key(name))

    def digests(self) -> list[str]:
        """List the digests of all the bytes kept, sorted.

        Raises:
            UpstreamUnavailable.
        """

        def listed(minio: Minio) -> list[str]:
            found = minio.list_objects(self._bucket, prefix=WORK_PREFIX, recursive=True)
            return [(item.object_name or "").removeprefix(WORK_PREFIX) for item in found]

        return sorted(self._client.call(f"list {WORK_PREFIX}", listed))

    def close(self) -> None:
        """Close every idle connection; the store may be used again."""
        self._client.close()


class _Lately:
    """Digests of what was seen to stand a moment ago; safe from several threads."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._seen: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, digest: str) -> None:
        with self._lock:
            self._seen[digest] = self._monotonic()
            self._seen.move_to_end(digest)
            while len(self._seen) > MOST_LATELY:
                self._seen.popitem(last=False)

    def stood(self, digest: str) -> bool:
        with self._lock:
            seen = self._seen.get(digest)
            return seen is not None and self._monotonic() - seen < LATELY_S


@dataclass(frozen=True)
class StoredObject:
    """An object as it was read: its bytes, and the headers of the answer."""

    data: bytes
    headers: Mapping[str, str]


def fetch_object(client: S3Client, bucket: str, key: str) -> StoredObject:
    """Read a whole object with what the store says of it; an answer cut short, or one that drips, is asked for again.

    Raises:
        EvidenceBroken: it is longer than any object of ours.
        NotFound, UpstreamUnavailable.
    """

    def fetch(minio: Minio) -> StoredObject:
        response = minio.get_object(bucket, key)
        try:
            return StoredObject(client.body(response), response.headers)
        except BaseException:
            response.close()  # what is left of it must not be taken for the next answer's
            raise
        finally:
            response.release_conn()

    return client.call(f"get {bucket}/{key}", fetch)


def read_object(client: S3Client, bucket: str, key: str) -> bytes:
    """Read a whole object's bytes.

    Raises:
        NotFound, UpstreamUnavailable.
    """
    return fetch_object(client, bucket, key).data


def _derived_key(name: str) -> str:
    if not DERIVED_NAME.match(name):
        raise InputRefused("the name of derived bytes is made of letters, digits, dots, hyphens and slashes", code="store.name")
    return DERIVED_PREFIX + name
