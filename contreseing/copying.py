"""Copy a whole installation into another one, described by its own settings: the registry, the working bytes and the archive."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from contreseing.clock import SystemClock
from contreseing.settings import Settings
from contreseing.stores import prepare_stores
from contreseing.wiring import s3_settings
from conventions.errors import ConfigurationError
from storage.archive import S3Archive
from storage.copying import CopiedObjects, copy_archive, copy_working
from storage.object_store import S3WorkingStore
from storage.registry.moving import copy_registry

Told = Callable[[str], None]


@dataclass(frozen=True)
class CopiedInstallation:
    """What was copied now: rows of the registry, working bytes, archived objects."""

    rows: int
    working: CopiedObjects
    archive: CopiedObjects


def copy_installation(source: Settings, target: Settings, told: Told) -> CopiedInstallation:
    """Copy everything; objects first, so that the copied registry never names bytes that are not there. Run again, it goes on.

    Nothing may write to either meanwhile.

    Raises:
        ConfigurationError: both are the same, or the target cannot be prepared.
        EvidenceBroken: the target holds something else, or both differ in the end.
        UpstreamUnavailable: what was copied stays; the same call goes on from there.
    """
    if source.registry_url == target.registry_url or _buckets(source) & _buckets(target):
        raise ConfigurationError("source and target share a database or a bucket", code="backup.same")
    prepare_stores(target)
    from_s3, to_s3 = s3_settings(source), s3_settings(target)
    working = copy_working(
        S3WorkingStore(from_s3, source.s3_working_bucket),
        S3WorkingStore(to_s3, target.s3_working_bucket),
        lambda done: told(f"Fichiers de travail : {done.copied} copiés, {done.present} déjà là"),
    )
    archive = copy_archive(
        S3Archive(from_s3, source.s3_archive_bucket, source.lock_mode),
        S3Archive(to_s3, target.s3_archive_bucket, target.lock_mode),
        SystemClock().now(),
        lambda done: told(f"Archive : {done.copied} copiés, {done.present} déjà là"),
    )
    rows = copy_registry(source.registry_url, target.registry_url)
    return CopiedInstallation(sum(rows.values()), working, archive)


def _buckets(settings: Settings) -> set[tuple[str, str]]:
    return {(settings.s3_url, settings.s3_working_bucket), (settings.s3_url, settings.s3_archive_bucket)}
