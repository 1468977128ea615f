"""The only place that builds adapters: settings in, ports out."""

from __future__ import annotations

import dataclasses
import gc
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from multiprocessing.util import Finalize
from typing import TypeVar

import structlog

from contreseing.clock import SystemClock
from contreseing.credentials import LocalCredentials
from contreseing.deferring import build_now, deferred, is_built
from contreseing.guarding import guarded
from contreseing.logs import configure_logs
from contreseing.secrets import KeyedSecrets
from contreseing.settings import Mode, Settings, load_settings, text_of
from conventions.errors import UpstreamUnavailable
from conventions.ports.documents import Documents, StampText
from conventions.ports.journal import Timestamps
from conventions.ports.lists import Lists
from conventions.ports.signing import Signing
from conventions.ports.stores import Archive
from conventions.ports.system import Ports, Rules
from conventions.signatures import SignatureLevels
from delivery.mail import MailSecurity, SmtpMailer
from delivery.waker import PrefectWaker
from delivery.webhooks import WebhookActivation
from storage.archive import S3Archive
from storage.buckets import verify_archive_bucket, verify_buckets
from storage.object_store import S3WorkingStore
from storage.proof.verifier import PackagedVerifier
from storage.registry import SqlRegistry
from storage.s3_client import S3Settings
from storage.two_archives import TwoArchives

Port = TypeVar("Port")
log = structlog.get_logger("contreseing.wiring")
RenderStamp = Callable[[StampText, float, float], bytes]

WAKE_TIMEOUT_SECONDS = 3.0
"""A server that hangs costs the request that long, and no more: the sweep finds what was not asked for."""


def build_ports(settings: Settings, *, is_deferring: bool = False, is_staying: bool = False) -> Ports:
    """Build every port; nothing is asked of anything outside yet, except files of the settings.

    ``is_deferring`` leaves the heaviest (documents, signing, time-stamps) until their first use: for short processes, and those that
    mostly do without; a setting of theirs that cannot be used is then known at that moment only.
    ``is_staying`` is for processes that work alone, flows, worker and commands: what each port loads is set apart from what the garbage
    collector looks through, half a million objects that took a fifth of a batch's time.

    Raises:
        ConfigurationError: a setting cannot be used.
    """
    clock = SystemClock()
    secrets = KeyedSecrets(settings.master_key.get_secret_value())
    registry = SqlRegistry(settings.registry_url)
    is_guarded = settings.mode is not Mode.PRODUCTION
    _refuse_plain_keys(settings)
    _refuse_former_without_end(settings, clock)

    def outside(port: Port) -> Port:
        return guarded(port, registry) if is_guarded else port

    def loaded(port: Port) -> Port:
        if is_staying:
            gc.freeze()
        return port

    documents = deferred(lambda: loaded(outside(_documents(settings))))
    timestamps = deferred(lambda: loaded(outside(_timestamps(settings, clock))))
    signing = deferred(lambda: loaded(outside(_signing(settings, clock, documents.render_stamp))))
    if not is_deferring:
        build_now(documents)
        build_now(signing)
        build_now(timestamps)
    s3 = s3_settings(settings)
    ports = Ports(
        clock=clock,
        secrets=secrets,
        registry=registry,
        working=outside(S3WorkingStore(s3, settings.s3_working_bucket)),
        archive=outside(_archive(settings)),
        documents=documents,
        signing=signing,
        timestamps=timestamps,
        mailer=outside(_mailer(settings, clock)),
        activation=outside(_activation(settings, clock)),
        credentials=LocalCredentials(secrets.derived_key("totp")),
        waker=outside(PrefectWaker(settings.prefect_api_url, text_of(settings.prefect_auth), WAKE_TIMEOUT_SECONDS)),
        verifier=PackagedVerifier(),
        rules=Rules(
            lock_years=settings.lock_years,
            sites=settings.sites,
            help_telephone=settings.help_telephone,
            agents_mail=settings.agents_mail,
            demonstration=settings.is_demonstration,
            accepts_uploads=settings.upload_anchors_dir is not None,
            confirms_certificates=settings.upload_without_siren == "confirm",
            restamp_after=timedelta(days=settings.restamp_days),
            visits_kept_months=settings.visits_kept_months,
            folders_checked=settings.archive_folders_checked,
            administrative_years=settings.administrative_years,
            final_fate=settings.final_fate,
            archiving_service=settings.archiving_service,
            levels=SignatureLevels(settings.member_level, settings.signatory_level),
            asks_third_reader=settings.dss_url is not None,
        ),
        lists=deferred(lambda: _lists(settings, clock)) if settings.trusted_lists_dir is not None else None,
    )
    return loaded(ports)


def log_timestamps(ports: Ports) -> None:
    """Log what this process asked of each time-stamp authority, and what it was given: a paid one bills that.

    In the processes that log: a command says what it did in its own words.
    """
    if not structlog.is_configured():
        return
    for use, port in (("signing", ports.signing), ("journal", ports.timestamps)):
        counters = getattr(port, "timestamp_counters", None) if is_built(port) else None
        for authority, found in counters().items() if counters is not None else ():
            if found.requests:
                counts = {name: count for name, count in dataclasses.asdict(found).items() if isinstance(count, int)}
                log.info("timestamps.counted", service=authority, part=use, **counts)


def _log_at_the_end(ports: Ports) -> None:
    """Log the same of a flow's process, which Prefect starts, and which ends without closing its ports."""
    if not structlog.is_configured():
        configure_logs("flows", stream=sys.__stderr__)
    log_timestamps(ports)


def close_ports(ports: Ports) -> None:
    """Give back connections and threads; the ports are not used after that."""
    log_timestamps(ports)
    for port in (ports.signing, ports.timestamps, ports.activation, ports.waker, ports.working, ports.archive, ports.registry):
        close = getattr(port, "close", None) if is_built(port) else None
        if close is not None:
            close()


class _Current:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.ports: Ports | None = None
        self.settings: Settings | None = None


_current = _Current()


def current_settings() -> Settings:
    """Return this process's settings, read when first asked for.

    Raises:
        ConfigurationError: see ``load_settings``.
    """
    with _current.lock:
        if _current.settings is None:
            _current.settings = load_settings()
        return _current.settings


def current_ports() -> Ports:
    """Return this process's ports, built from its settings when first asked for; flows get theirs here, each run in its process.

    The buckets are looked at first, as portal and worker do at their start. A store that does not answer is no reason to refuse:
    each step says so, and what is written is read back with its lock.

    Raises:
        ConfigurationError: see ``build_ports`` and ``verify_object_stores``.
    """
    settings = current_settings() if _current.ports is None else None
    with _current.lock:
        if _current.ports is None and settings is not None:
            with suppress(UpstreamUnavailable):
                verify_object_stores(settings)
            _current.ports = build_ports(settings, is_deferring=True, is_staying=True)
            Finalize(None, _log_at_the_end, (_current.ports,), exitpriority=0)  # a forked process runs none of atexit's
        if _current.ports is None:
            msg = "the ports were taken away while they were being asked for"
            raise RuntimeError(msg)
        return _current.ports


@contextmanager
def use_ports(ports: Ports) -> Iterator[Ports]:
    """Have ``current_ports`` return these inside the block, on every thread; blocks may nest, and serve tests."""
    with _current.lock:
        before, _current.ports = _current.ports, ports
    try:
        yield ports
    finally:
        with _current.lock:
            _current.ports = before


def verify_object_stores(settings: Settings) -> None:
    """Check the working bucket and those of each archive: they stand, with versions, lock and encryption, and nobody else's.

    Raises:
        ConfigurationError: ``store.buckets``, with each reason.
        UpstreamUnavailable: an object store does not answer.
    """
    verify_buckets(s3_settings(settings), settings.s3_working_bucket, settings.s3_archive_bucket, settings.s3_encryption)
    second = second_s3_settings(settings)
    if second is not None:
        verify_archive_bucket(second, settings.s3_second_archive_bucket, settings.s3_encryption)


def s3_settings(settings: Settings) -> S3Settings:
    """Return where the object store is and how it is reached."""
    return S3Settings(
        settings.s3_url,
        settings.s3_access_key.get_secret_value(),
        settings.s3_secret_key.get_secret_value(),
        settings.s3_region,
        settings.ca_file,
    )


def second_s3_settings(settings: Settings) -> S3Settings | None:
    """Return where the second archive is, or None where there is one alone."""
    access, secret = settings.s3_second_access_key, settings.s3_second_secret_key
    if settings.s3_second_url is None or access is None or secret is None:
        return None
    return S3Settings(
        settings.s3_second_url, access.get_secret_value(), secret.get_secret_value(), settings.s3_second_region, settings.ca_file
    )


def _archive(settings: Settings) -> Archive:
    first, elsewhere = S3Archive(s3_settings(settings), settings.s3_archive_bucket, settings.lock_mode), second_s3_settings(settings)
    if elsewhere is None:
        return first
    return TwoArchives(first, S3Archive(elsewhere, settings.s3_second_archive_bucket, settings.lock_mode))


def _refuse_plain_keys(settings: Settings) -> None:
    if settings.pki_passphrase_file is not None:
        from signing.pki.key_files import refuse_plain_keys  # noqa: PLC0415 for those who set it

        refuse_plain_keys(settings.pki_anchors_dir)


def _refuse_former_without_end(settings: Settings, clock: SystemClock) -> None:
    if settings.pki_former_dir is not None:
        from contreseing.stamping import former_pkis  # noqa: PLC0415 as above

        former_pkis(settings, clock)


def _documents(settings: Settings) -> Documents:
    from contreseing.documenting import build_documents  # noqa: PLC0415 half a second of imports, for those who render

    return build_documents(settings)


def _signing(settings: Settings, clock: SystemClock, render_stamp: RenderStamp) -> Signing:
    from contreseing.signatures import build_signing  # noqa: PLC0415 as above, for those who sign

    return build_signing(settings, clock, render_stamp)


def _timestamps(settings: Settings, clock: SystemClock) -> Timestamps:
    from contreseing.stamping import build_timestamps  # noqa: PLC0415 as above, for those who stamp the journal

    return build_timestamps(settings, clock)


def _lists(settings: Settings, clock: SystemClock) -> Lists:
    from contreseing.judging import build_list_folder  # noqa: PLC0415 as above, for those who refresh the lists

    return build_list_folder(settings, clock)


def _mailer(settings: Settings, clock: SystemClock) -> SmtpMailer:
    return SmtpMailer(
        settings.smtp_host,
        settings.smtp_port,
        sender=settings.mail_from,
        reply_to=settings.mail_reply_to,
        help_telephone=settings.help_telephone,
        site_name=settings.publisher_name,
        clock=clock,
        security=MailSecurity(settings.smtp_security),
        username=settings.smtp_login,
        password=text_of(settings.smtp_password),
        ca_file=settings.ca_file,
    )


def _activation(settings: Settings, clock: SystemClock) -> WebhookActivation:
    secrets = [settings.activation_secret, settings.activation_secret_next]
    return WebhookActivation(
        settings.activation_url, [secret.get_secret_value() for secret in secrets if secret], clock=clock, ca_file=settings.ca_file
    )
