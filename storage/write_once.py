"""Write an object that must not exist: the one function that goes under the minio client's public surface.

``Minio.put_object`` of 7.2.20 turns every header that it is given into object metadata, ``If-None-Match`` included, so a
conditional put has to go through ``Minio._execute``. That is a private method: the version is pinned, and another one is
refused at start-up. The contract suite proves on every S3 that other bytes on a taken key get 412.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from importlib.metadata import version

from minio import Minio
from minio.error import MinioException, S3Error

from conventions.errors import AlreadyRecorded, ConfigurationError
from storage.s3_client import S3Client

PROVEN_CLIENT_VERSION = "7.2.20"
LOCK_MODES = frozenset({"GOVERNANCE", "COMPLIANCE"})


@dataclass(frozen=True)
class Lock:
    """Object lock asked for in the same request: mode ``GOVERNANCE`` or ``COMPLIANCE``, until a whole second."""

    mode: str
    retain_until: datetime

    @property
    def headers(self) -> dict[str, str]:
        """The two headers of the S3 API."""
        return {
            "x-amz-object-lock-mode": self.mode,
            "x-amz-object-lock-retain-until-date": self.retain_until.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }


def whole_second(instant: datetime) -> datetime:
    """Round an instant up to the second, in UTC: stores keep no fraction, and a lock is never shorter than asked."""
    whole = instant.astimezone(UTC).replace(microsecond=0)
    return whole + timedelta(seconds=1) if instant.microsecond else whole


def verify_client_version(proved: str = PROVEN_CLIENT_VERSION) -> None:
    """Refuse to start on a version of the client whose private method was not proved.

    Raises:
        ConfigurationError: another version is installed.
    """
    found = version("minio")
    if found != proved:
        raise ConfigurationError(f"minio {found} is installed, {proved} is proved", code="store.client_version")


def put_once(client: S3Client, bucket: str, key: str, data: bytes, lock: Lock | None = None) -> None:
    """Put an object with ``If-None-Match: *``, its SHA-256 and MD5 for the store to check, and its lock if any.

    412 says that the key is taken. 409 (AWS, ``ConditionalRequestConflict``) says only that another request is at that key now,
    and may yet leave nothing there: it is tried again, as is a success that names no object (a page in the way of the store).

    Raises:
        AlreadyRecorded: an object stands under that key, perhaps by an earlier try of this call: compare it.
        UpstreamUnavailable: nothing can be assumed written.
    """
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode("ascii")
    md5 = base64.b64encode(hashlib.md5(data, usedforsecurity=False).digest()).decode("ascii")

    def put(minio: Minio) -> bool:
        headers: dict[str, str | list[str] | tuple[str]] = {
            "If-None-Match": "*",
            "Content-Type": "application/octet-stream",
            "Content-MD5": md5,  # AWS asks for it, or a checksum, with every lock
            "x-amz-sdk-checksum-algorithm": "SHA256",
            "x-amz-checksum-sha256": digest,
            **(lock.headers if lock else {}),
        }
        try:
            answer = minio._execute("PUT", bucket, key, body=data, headers=headers, no_body_trace=True)  # noqa: SLF001 see the module's head
        except S3Error as error:
            if error.response.status == HTTPStatus.PRECONDITION_FAILED:
                return False
            raise
        if "etag" not in answer.headers or answer.headers.get("x-amz-checksum-sha256", digest) != digest:
            msg = "a put that was answered by something else than the store, or for other bytes"
            raise MinioException(msg)
        return True

    if not client.call(f"put {bucket}/{key}", put):
        raise AlreadyRecorded(f"{bucket}/{key} stands already", code="store.taken")
