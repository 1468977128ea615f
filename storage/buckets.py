"""The two buckets: made where that is ours to do, checked at every start."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minio import Minio
from minio.commonconfig import ENABLED
from minio.error import S3Error
from minio.sseconfig import Rule, SSEConfig
from minio.versioningconfig import VersioningConfig

from conventions.errors import ConfigurationError
from conventions.fault_labels import BUCKET_LABELS
from conventions.french import NO_BREAK
from conventions.ports.stores import BucketFault
from storage.s3_client import S3Client, S3Settings

BUCKET_STANDS = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})
NO_LOCK_CODES = frozenset({"ObjectLockConfigurationNotFoundError", "ObjectLockConfigurationNotFound", "InvalidRequest"})
NO_POLICY_CODES = frozenset({"NoSuchBucketPolicy", "NotImplemented"})


@dataclass(frozen=True)
class _Found:
    bucket: str
    fault: BucketFault
    told: str


def ensure_buckets(settings: S3Settings, working_bucket: str, archive_bucket: str, encryption: str | None = None) -> Sequence[str]:
    """Make the working bucket (versions kept) and the archive bucket (object lock), where they are not yet; then check them.

    Those that are made are given the encryption asked for; one that stands is left as it is. Return the names of those made.

    Raises:
        ConfigurationError: see ``verify_buckets``.
        UpstreamUnavailable.
    """
    client = S3Client(settings)
    made = [
        bucket
        for bucket, is_locked in ((working_bucket, False), (archive_bucket, True))
        if client.call(f"make {bucket}", lambda minio: _make(minio, bucket, object_lock=is_locked))  # noqa: B023 called at once
    ]
    versioned = VersioningConfig(ENABLED)
    client.call(f"version {working_bucket}", lambda minio: minio.set_bucket_versioning(working_bucket, versioned))
    _encrypt(client, made, encryption)
    verify_buckets(settings, working_bucket, archive_bucket, encryption)
    return made


def ensure_archive_bucket(settings: S3Settings, bucket: str, encryption: str | None = None) -> Sequence[str]:
    """Make the bucket of a second archive (object lock) where it is not yet, and check it; return its name if it was made.

    Raises:
        ConfigurationError: see ``verify_buckets``.
        UpstreamUnavailable.
    """
    client = S3Client(settings)
    made = [bucket] if client.call(f"make {bucket}", lambda minio: _make(minio, bucket, object_lock=True)) else []
    _encrypt(client, made, encryption)
    verify_archive_bucket(settings, bucket, encryption)
    return made


def verify_archive_bucket(settings: S3Settings, bucket: str, encryption: str | None = None) -> None:
    """Check the bucket of a second archive, as ``verify_buckets`` does the first.

    Raises:
        ConfigurationError, UpstreamUnavailable.
    """
    _refuse(_faults(S3Client(settings), bucket, encryption, locked=True))


def verify_buckets(settings: S3Settings, working_bucket: str, archive_bucket: str, encryption: str | None = None) -> None:
    """Check what the archive rests on: both buckets stand, versions are kept, the archive's is under object lock, nothing is public.

    ``encryption`` is the algorithm that both must have by default (``AES256`` or ``aws:kms``); None asks for nothing.

    Raises:
        ConfigurationError: with every reason.
        UpstreamUnavailable.
    """
    client = S3Client(settings)
    reasons = [*_faults(client, working_bucket, encryption, locked=False), *_faults(client, archive_bucket, encryption, locked=True)]
    _refuse(reasons)


def _refuse(found: Sequence[_Found]) -> None:
    if found:
        reasons = f"{NO_BREAK}; ".join(f"seau {one.bucket}, {BUCKET_LABELS[one.fault]}" for one in found)
        raise ConfigurationError("; ".join(f"bucket {one.bucket} {one.told}" for one in found), code="store.buckets", reasons=reasons)


def _make(minio: Minio, bucket: str, *, object_lock: bool) -> bool:
    if minio.bucket_exists(bucket):
        return False
    try:
        minio.make_bucket(bucket, object_lock=object_lock)
    except S3Error as error:
        if error.code not in BUCKET_STANDS:
            raise
        return False
    return True


def _encrypt(client: S3Client, buckets: Sequence[str], encryption: str | None) -> None:
    if encryption is None:
        return
    rule = Rule.new_sse_s3_rule() if encryption == "AES256" else Rule.new_sse_kms_rule()
    for bucket in buckets:
        client.call(f"encrypt {bucket}", lambda minio: minio.set_bucket_encryption(bucket, SSEConfig(rule)))  # noqa: B023 called at once


def _faults(client: S3Client, bucket: str, encryption: str | None, *, locked: bool) -> Sequence[_Found]:
    if not client.call(f"look for {bucket}", lambda minio: minio.bucket_exists(bucket)):
        return [_Found(bucket, BucketFault.ABSENT, "does not exist")]
    faults = []
    if client.call(f"versions of {bucket}", lambda minio: minio.get_bucket_versioning(bucket)).status != ENABLED:
        faults.append(_Found(bucket, BucketFault.NO_VERSIONS, "does not keep versions"))
    if locked and not client.call(f"lock of {bucket}", lambda minio: _is_locked(minio, bucket)):
        faults.append(_Found(bucket, BucketFault.NO_LOCK, "was made without object lock"))
    if client.call(f"policy of {bucket}", lambda minio: _is_public(minio, bucket)):
        faults.append(_Found(bucket, BucketFault.PUBLIC, "is open to everybody by its policy"))
    if encryption is not None:
        found = client.call(f"encryption of {bucket}", lambda minio: _encryption(minio, bucket))
        if found != encryption:
            told = f"is encrypted by {found or 'nothing'}, not by {encryption}"
            faults.append(_Found(bucket, BucketFault.OTHER_ENCRYPTION, told))
    return faults


def _is_locked(minio: Minio, bucket: str) -> bool:
    try:
        # an absent default rule is fine (each object carries its own lock): the call fails where locking is off
        minio.get_object_lock_config(bucket)
    except S3Error as error:
        if error.code in NO_LOCK_CODES:
            return False
        raise
    return True


def _is_public(minio: Minio, bucket: str) -> bool:
    try:
        return is_open_policy(minio.get_bucket_policy(bucket))
    except S3Error as error:
        if error.code in NO_POLICY_CODES:
            return False
        raise


def is_open_policy(text: str) -> bool:
    """Tell whether a bucket policy allows anything to anybody; one that cannot be understood counts as open."""
    try:
        policy = json.loads(text)
    except ValueError:
        return True
    if not isinstance(policy, dict):
        return True
    statements = policy.get("Statement", [])
    statements = statements if isinstance(statements, list) else [statements]
    return any(not isinstance(item, dict) or (item.get("Effect") == "Allow" and _is_for_anybody(item)) for item in statements)


def _is_for_anybody(statement: Mapping[str, object]) -> bool:
    return "NotPrincipal" in statement or _is_anybody(statement.get("Principal"))


def _encryption(minio: Minio, bucket: str) -> str | None:
    config = minio.get_bucket_encryption(bucket)
    return config.rule.sse_algorithm if config is not None and config.rule is not None else None


def _is_anybody(principal: object) -> bool:
    if isinstance(principal, dict):
        return any(_is_anybody(value) for value in principal.values())
    if isinstance(principal, list):
        return any(_is_anybody(value) for value in principal)
    return principal == "*"
