"""The only place that builds adapters: settings in, ports out."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import SecretStr

from contreseing.clock import SystemClock
from contreseing.credentials import LocalCredentials
from contreseing.guarding import guarded
from contreseing.secrets import KeyedSecrets
from contreseing.settings import Mode, Settings, load_settings
from conventions.ports.system import Ports, Rules
from delivery.mail import MailSecurity, SmtpMailer
from delivery.waker import PrefectWaker
from delivery.webhooks import WebhookActivation
from documents.adapter import ReportlabDocuments
from documents.wording_files import BUNDLED
from signing.adapter import PadesSigning
from signing.pki.directory import read_anchors
from signing.pki_client import PkiTokens
from storage.archive import S3Archive
from storage.object_store import S3WorkingStore
from storage.registry import SqlRegistry
from storage.s3_client import S3Settings

WAKE_TIMEOUT_SECONDS = 3.0
"""A server that hangs costs the request that long, and no more: the sweep finds what was not asked for."""


def build_ports(settings: Settings) -> Ports:
    """Build every port; nothing is asked of anything outside yet, except files of the settings.

    Raises:
        ConfigurationError: a setting cannot be used.
    """
    clock = SystemClock()
    secrets = KeyedSecrets(settings.master_key.get_secret_value())
    registry = SqlRegistry(settings.registry_url)
    documents = ReportlabDocuments((settings.wordings_dir, BUNDLED) if settings.wordings_dir else (BUNDLED,))
    s3 = s3_settings(settings)
    ports = Ports(
        clock=clock,
        secrets=secrets,
        registry=registry,
        working=S3WorkingStore(s3, settings.s3_working_bucket),
        archive=S3Archive(s3, settings.s3_archive_bucket, settings.lock_mode),
        documents=documents,
        signing=_signing(settings, clock, documents),
        mailer=_mailer(settings, clock),
        activation=_activation(settings, clock),
        credentials=LocalCredentials(secrets.derived_key("totp")),
        waker=PrefectWaker(settings.prefect_api_url, _text(settings.prefect_auth), WAKE_TIMEOUT_SECONDS),
        rules=Rules(settings.lock_years, settings.sites, settings.help_telephone, settings.agents_mail, settings.is_demonstration),
    )
    return ports if settings.mode is Mode.PRODUCTION else _guarded(ports, registry)


def close_ports(ports: Ports) -> None:
    """Give back connections and threads; the ports are not used after that."""
    for port in (ports.signing, ports.activation, ports.waker, ports.registry):
        close = getattr(port, "close", None)
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
    """Return this process's ports, built from its settings when first asked for; flows get theirs here.

    Raises:
        ConfigurationError: see ``build_ports``.
    """
    settings = current_settings() if _current.ports is None else None
    with _current.lock:
        if _current.ports is None and settings is not None:
            _current.ports = build_ports(settings)
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


def s3_settings(settings: Settings) -> S3Settings:
    """Return where the object store is and how it is reached."""
    return S3Settings(
        settings.s3_url,
        settings.s3_access_key.get_secret_value(),
        settings.s3_secret_key.get_secret_value(),
        settings.s3_region,
        settings.ca_file,
    )


def _signing(settings: Settings, clock: SystemClock, documents: ReportlabDocuments) -> PadesSigning:
    return PadesSigning(
        pki_url=settings.pki_url,
        tokens=PkiTokens(
            portal=_text(settings.pki_portal_token) or "",
            flows=_text(settings.pki_flows_token) or "",
            desk=_text(settings.pki_desk_token) or "",
        ),
        anchors_pem=read_anchors(settings.pki_anchors_dir),
        tsa_urls=settings.timestamp_urls,
        tsa_policies=frozenset(settings.tsa_policies.split()),
        render_stamp=documents.render_stamp,
        clock=clock,
    )


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
        password=_text(settings.smtp_password),
        ca_file=settings.ca_file,
    )


def _activation(settings: Settings, clock: SystemClock) -> WebhookActivation:
    secrets = [settings.activation_secret, settings.activation_secret_next]
    return WebhookActivation(
        settings.activation_url, [secret.get_secret_value() for secret in secrets if secret], clock=clock, ca_file=settings.ca_file
    )


def _guarded(ports: Ports, registry: SqlRegistry) -> Ports:
    return Ports(
        clock=ports.clock,
        secrets=ports.secrets,
        registry=ports.registry,
        working=guarded(ports.working, registry),
        archive=guarded(ports.archive, registry),
        documents=guarded(ports.documents, registry),
        signing=guarded(ports.signing, registry),
        mailer=guarded(ports.mailer, registry),
        activation=guarded(ports.activation, registry),
        credentials=ports.credentials,
        waker=guarded(ports.waker, registry),
        rules=ports.rules,
    )


def _text(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret is not None else None
