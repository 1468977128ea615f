"""One client of an S3: its settings, its patience, and the only place where its errors become ours."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import certifi
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError
from urllib3 import BaseHTTPResponse, PoolManager, Timeout
from urllib3.exceptions import HTTPError

from conventions.errors import ConfigurationError, ContreseingError, EvidenceBroken, NotFound, UpstreamUnavailable

T = TypeVar("T")

CONNECTIONS = 16
CONNECT_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 10.0
TRIES = 4
PATIENCE_S = 15.0
BODY_TIMEOUT_S = 60.0
"""How long a whole answer may take, however steadily it drips: the other timeouts are between two packets."""
MOST_BYTES = 512 * 1024 * 1024
"""No object of ours comes near: a proof bundle has some megabytes, a day of 50,000 events some tens."""
CHUNK_BYTES = 256 * 1024
FIRST_PAUSE_S = 0.1

RETRIED_STATUSES = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
RETRIED_CODES = frozenset({"ConditionalRequestConflict", "OperationAborted"})
"""Another request is at the same key now (409): what will stand there is not known yet."""
ABSENT_CODES = frozenset({"NoSuchKey", "NoSuchVersion", "NoSuchObject"})
CODE_OF = {
    "AccessDenied": "store.access_denied",
    "InvalidAccessKeyId": "store.access_denied",
    "SignatureDoesNotMatch": "store.access_denied",
    "RequestTimeTooSkewed": "store.clock_skew",
    "NoSuchBucket": "store.no_bucket",
    "QuotaExceeded": "store.full",
    "XMinioStorageFull": "store.full",
    "InsufficientStorage": "store.full",
}
"""What an operator must be told apart; anything else is ``store.unavailable``."""


@dataclass(frozen=True)
class S3Settings:
    """Where an S3 is and how it is reached.

    ``ca_path`` is a PEM file of authorities (certifi's by default). A request is tried ``tries`` times at most, and not again
    once ``patience_s`` went by: somebody may be waiting for a page. A body is given up after ``body_timeout_s`` and beyond ``most_bytes``.
    """

    url: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    region: str = "us-east-1"
    ca_path: Path | None = None
    connect_timeout_s: float = CONNECT_TIMEOUT_S
    read_timeout_s: float = READ_TIMEOUT_S
    tries: int = TRIES
    patience_s: float = PATIENCE_S
    body_timeout_s: float = BODY_TIMEOUT_S
    most_bytes: int = MOST_BYTES


class ObjectTooLarge(MinioException):
    """An answer longer than any object of ours."""


class _Pool(PoolManager):
    """A pool whose ``CONNECTIONS`` are waited for no longer than a connection itself would be, each time."""

    def __init__(self, pool_timeout_s: float, **options: Any) -> None:  # noqa: ANN401 the library's own
        super().__init__(**options)
        self._pool_timeout_s = pool_timeout_s

    def urlopen(self, method: str, url: str, redirect: bool = True, **options: Any) -> BaseHTTPResponse:  # type: ignore[override]  # noqa: ANN401, FBT001, FBT002 the library's own
        options.setdefault("pool_timeout", self._pool_timeout_s)
        return super().urlopen(method, url, redirect, **options)


class S3Client:
    """A minio client with at most ``CONNECTIONS`` requests at once, and retries that are bounded and spread."""

    def __init__(self, settings: S3Settings) -> None:
        """Prepare the client; nothing is connected yet.

        Raises:
            ConfigurationError: the address cannot be read.
        """
        parts = urlsplit(settings.url)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path not in {"", "/"}:
            raise ConfigurationError("the S3 address is http(s)://host[:port]", code="store.url")
        self._settings = settings
        self._pool = _Pool(
            settings.patience_s,
            timeout=Timeout(connect=settings.connect_timeout_s, read=settings.read_timeout_s),
            maxsize=CONNECTIONS,
            block=True,
            retries=False,
            cert_reqs="CERT_REQUIRED",
            ca_certs=str(settings.ca_path) if settings.ca_path else certifi.where(),
        )
        try:
            self.minio = Minio(
                parts.netloc,
                settings.access_key,
                settings.secret_key,
                secure=parts.scheme == "https",
                region=settings.region,
                http_client=self._pool,
            )
        except ValueError as error:
            raise ConfigurationError("the S3 address is http(s)://host[:port]", code="store.url") from error

    def call(self, what: str, request: Callable[[Minio], T]) -> T:
        """Run a request that may safely be repeated; ``what`` names it for operators.

        Raises:
            NotFound: no such object.
            EvidenceBroken: an answer longer than any object of ours.
            UpstreamUnavailable: refused, or no answer after the last try; ``code`` tells which.
        """
        began, tried = time.monotonic(), 0
        while True:
            tried += 1
            try:
                return request(self.minio)
            except (MinioException, HTTPError, OSError, ParseError) as error:
                is_last = tried >= self._settings.tries or time.monotonic() - began > self._settings.patience_s
                if is_last or not _is_worth_retrying(error):
                    raise converted(error, what) from error
            time.sleep(FIRST_PAUSE_S * 2 ** (tried - 1) * random.uniform(0.5, 1.5))  # noqa: S311 it only spreads the retries

    def body(self, response: BaseHTTPResponse) -> bytes:
        """Read the body of an answer, as much and as long as the settings allow; for use within ``call``.

        What is raised is the library's, for ``call`` to convert: an answer cut short, or one that drips, is asked for again.
        """
        began, parts, size = time.monotonic(), list[bytes](), 0
        while part := response.read1(CHUNK_BYTES):
            parts.append(part)
            size += len(part)
            if size > self._settings.most_bytes:
                msg = f"more than {self._settings.most_bytes} bytes"
                raise ObjectTooLarge(msg)
            if time.monotonic() - began > self._settings.body_timeout_s:
                msg = f"only {size} bytes within {self._settings.body_timeout_s} s"
                raise TimeoutError(msg)
        return b"".join(parts)

    def close(self) -> None:
        """Close every idle connection; the client may be used again."""
        self._pool.clear()


def converted(error: Exception, what: str) -> ContreseingError:
    """Return our error for one of the client's; ``what`` names the request."""
    if isinstance(error, S3Error):
        code = error.code or ""
        if code in ABSENT_CODES:
            return NotFound(f"{what}: no such object", code="store.not_found")
        return UpstreamUnavailable(f"{what}: {code}", code=CODE_OF.get(code, "store.unavailable"))
    if isinstance(error, ObjectTooLarge):
        return EvidenceBroken(f"{what}: {error}", code="store.too_large")
    status = _status(error)
    if status == HTTPStatus.INSUFFICIENT_STORAGE:
        return UpstreamUnavailable(f"{what}: the store is full", code="store.full")
    return UpstreamUnavailable(f"{what}: {f'HTTP {status}' if status else type(error).__name__}", code="store.unavailable")


def _is_worth_retrying(error: Exception) -> bool:
    if isinstance(error, ObjectTooLarge):
        return False
    status = _status(error)
    return status is None or status in RETRIED_STATUSES or (isinstance(error, S3Error) and error.code in RETRIED_CODES)


def _status(error: Exception) -> int | None:
    if isinstance(error, S3Error):
        return int(error.response.status)
    if isinstance(error, ServerError):
        return int(error.status_code)
    if isinstance(error, InvalidResponseError):
        return int(error._code)  # noqa: SLF001 the library keeps it nowhere else
    return None
