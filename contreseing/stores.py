"""The stores at start-up: schema and buckets, made where that is ours to do, checked everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from contreseing.clock import SystemClock
from contreseing.settings import Settings
from contreseing.wiring import s3_settings, second_s3_settings, verify_object_stores
from conventions.errors import ConfigurationError, RuleRefused
from conventions.french import paris_date
from conventions.guards import check_levels
from conventions.signatures import SignatureLevels
from storage.buckets import ensure_archive_bucket, ensure_buckets
from storage.migrations import ensure_schema, verify_schema
from storage.registry import SqlRegistry


@dataclass(frozen=True)
class PreparedStores:
    """What was done: the schema's revision before (None in an empty database) and now, the names of the buckets made."""

    schema_before: str | None
    schema: str | None
    buckets: tuple[str, ...]


def prepare_stores(settings: Settings) -> PreparedStores:
    """Bring the database to this version's schema and make the buckets that lack; run again, it finds nothing to do.

    Raises:
        ConfigurationError: the database is of a later version; ``store.buckets``: a bucket is not as it must be, with each reason.
        UpstreamUnavailable: the database or the object store does not answer.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    before, now = ensure_schema(settings.registry_url)
    made = [*ensure_buckets(s3_settings(settings), settings.s3_working_bucket, settings.s3_archive_bucket, settings.s3_encryption)]
    second = second_s3_settings(settings)
    if second is not None:
        made += ensure_archive_bucket(second, settings.s3_second_archive_bucket, settings.s3_encryption)
    return PreparedStores(before, now, tuple(made))


@contextmanager
def opened_registry(url: str) -> Iterator[SqlRegistry]:
    """Open a registry by its address, made or brought to this version's schema first.

    Raises:
        ConfigurationError: the address cannot be read, or the database is of a later version.
        UpstreamUnavailable: the database does not answer.
    """
    ensure_schema(url)
    registry = SqlRegistry(url)
    try:
        yield registry
    finally:
        registry.close()


def verify_stores(settings: Settings) -> None:
    """Check everything that a process rests on before it starts: the registry, and every bucket.

    Raises:
        ConfigurationError: see ``verify_registry``; ``store.buckets``: a bucket is not as it must be, with each reason.
        UpstreamUnavailable: the database or an object store does not answer.
    """
    verify_registry(settings)
    verify_object_stores(settings)


def verify_registry(settings: Settings) -> None:
    """Check that the database has this version's schema, and that the keys give what each programme still open asks for.

    Raises:
        ConfigurationError: the schema is older, later, or empty; ``programme.level_<role>``: a level of signature is not given.
        UpstreamUnavailable: the database does not answer.
    """
    verify_schema(settings.registry_url)
    given, today = SignatureLevels(settings.member_level, settings.signatory_level), paris_date(SystemClock().now())
    with closing(SqlRegistry(settings.registry_url)) as registry, registry.read() as tx:
        programmes = [programme for programme in tx.programmes() if programme.is_open_on(today)]
    for programme in programmes:
        try:
            check_levels(programme, given)
        except RuleRefused as error:
            raise ConfigurationError(str(error), code=error.code, **error.details) from error
