"""The stores at start-up: schema and buckets, made where that is ours to do, checked everywhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

from contreseing.clock import SystemClock
from contreseing.settings import Settings
from contreseing.wiring import s3_settings, second_s3_settings
from conventions.errors import ConfigurationError, RuleRefused
from conventions.french import paris_date
from conventions.guards import check_levels
from conventions.signatures import SignatureLevels
from storage.buckets import ensure_archive_bucket, ensure_buckets
from storage.migrations import ensure_schema, verify_schema
from storage.registry import SqlRegistry


def prepare_stores(settings: Settings) -> None:
    """Bring the database to this version's schema and make sure that the buckets stand; run at each start.

    Raises:
        ConfigurationError: the database is of a later version, or a bucket has no object lock.
        UpstreamUnavailable: the database or the object store does not answer.
    """
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    ensure_schema(settings.registry_url)
    ensure_buckets(s3_settings(settings), settings.s3_working_bucket, settings.s3_archive_bucket)
    second = second_s3_settings(settings)
    if second is not None:
        ensure_archive_bucket(second, settings.s3_second_archive_bucket)


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
