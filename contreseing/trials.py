"""One real use of each thing outside: what ``contreseing doctor`` runs. Each returns what was done, in French."""

from __future__ import annotations

import hashlib
import io
import secrets
import smtplib
import ssl
import time
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

import httpx

from contreseing.clock import SystemClock
from contreseing.settings import Settings
from contreseing.stores import verify_registry
from contreseing.wiring import s3_settings, second_s3_settings, verify_object_stores
from conventions.errors import ConfigurationError, UpstreamUnavailable, VerificationFailed
from conventions.steps.refresh_lists import assess
from storage.archive import S3Archive
from storage.registry import SqlRegistry
from storage.s3_client import S3Settings

PATIENCE_SECONDS = 10.0
FLOW_RUN_SECONDS = 90.0
BUSY_TRIES, BUSY_SECONDS = 4, 1.0
TRIAL_PREFIX = "doctor"
LOCKED_FOR = timedelta(minutes=1)
TRIAL_FLOW = "sweep/run"
"""A run that anybody may ask for at any time: it only finishes what stands still."""


def try_database(settings: Settings) -> str:
    """Check the schema, then take and release a claim: a committed write, twice.

    Raises:
        ConfigurationError, UpstreamUnavailable.
    """
    verify_registry(settings)
    registry, now = SqlRegistry(settings.registry_url), SystemClock().now()
    try:
        with registry.write() as tx:
            fence = tx.claim(f"{TRIAL_PREFIX}-{secrets.token_hex(4)}", TRIAL_PREFIX, now, now + LOCKED_FOR)
        with registry.read() as tx:
            count = len(tx.members())
    finally:
        registry.close()
    return f"écriture n° {fence} validée ; {count} membres enregistrés"


def try_archive(settings: Settings) -> str:
    """Check every bucket, then in each archive write an object locked for a minute, under a prefix of its own, and read it back.

    Raises:
        ConfigurationError, UpstreamUnavailable, EvidenceBroken.
        VerificationFailed: a store says that the object is not locked.
    """
    verify_object_stores(settings)
    told = _try_lock(s3_settings(settings), settings.s3_archive_bucket, settings.lock_mode)
    second = second_s3_settings(settings)
    if second is None:
        return told
    return f"{told} ; second dépôt : {_try_lock(second, settings.s3_second_archive_bucket, settings.lock_mode)}"


def _try_lock(s3: S3Settings, bucket: str, lock_mode: str) -> str:
    archive = S3Archive(s3, bucket, lock_mode)
    now = SystemClock().now()
    data = f"Essai de contreseing doctor, {now.isoformat()}\n".encode()
    written = archive.write(f"{TRIAL_PREFIX}/{hashlib.sha256(data).hexdigest()}", data, now + LOCKED_FOR)
    state = archive.state(written.key)
    if state.lock_mode not in {lock_mode, "COMPLIANCE"} or state.retain_until <= now:
        raise VerificationFailed(f"{written.key}: the store says it is not locked", code="archive.unlocked", key=written.key)
    return f"{state.size_bytes} octets relus, verrou {state.lock_mode} d’une minute"


def try_mail(settings: Settings) -> str:
    """Send a mail to the agents' mailbox.

    Raises:
        ConfigurationError, UpstreamUnavailable.
    """
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = settings.mail_from, settings.agents_mail, "Essai de contreseing doctor"
    message["Date"], message["Message-ID"] = format_datetime(SystemClock().now()), make_msgid(domain=settings.mail_from.rpartition("@")[2])
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no automatic answer
    message.set_content("Ce message montre que l’application peut envoyer des courriels. Il n’y a rien à faire.\n")
    try:
        with _mail_server(settings) as server:
            server.send_message(message)
    except smtplib.SMTPResponseException as error:
        raise UpstreamUnavailable(f"the mail server refuses ({error.smtp_code})", code="mail.unavailable") from error
    except (smtplib.SMTPException, OSError) as error:
        raise UpstreamUnavailable(f"the mail server does not answer ({type(error).__name__})", code="mail.unavailable") from error
    return "un courriel remis au serveur, pour la boîte des agents"


def _mail_server(settings: Settings) -> smtplib.SMTP:
    name, tls = settings.mail_from.rpartition("@")[2], _tls_context(settings)
    if settings.smtp_security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(settings.smtp_host, settings.smtp_port, name, timeout=PATIENCE_SECONDS, context=tls)
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, name, timeout=PATIENCE_SECONDS)
    try:
        if settings.smtp_security == "starttls":
            server.starttls(context=tls)
        if settings.smtp_login is not None and settings.smtp_password is not None:
            server.login(settings.smtp_login, settings.smtp_password.get_secret_value())
    except BaseException:
        server.close()
        raise
    return server


def _tls_context(settings: Settings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.ca_file)
    except OSError as error:
        raise ConfigurationError("the file of authorities cannot be read", code="configuration.mail_ca_file") from error


def try_lists(settings: Settings) -> str:
    """Look at the trusted lists that are kept, and say whether each is fresh; nothing is fetched.

    Raises:
        EvidenceBroken, ConfigurationError.
        VerificationFailed: ``lists.stale``: a list is out of date, lacks, or soon will be.
    """
    if settings.trusted_lists_dir is None:
        return "aucune n’est demandée : rien n’est dit qualifié"
    from contreseing.judging import build_list_folder  # noqa: PLC0415 half a second of imports, for those who have lists

    found = assess(build_list_folder(settings, SystemClock()).state(), SystemClock().now())
    if not found.is_well:
        told = " ; ".join(f"{territory} {what}".strip() for territory, what in found.ageing)
        raise VerificationFailed(told, code="lists.stale", count=len(found.ageing))
    return f"{found.count} listes à jour"


def try_third_reader(settings: Settings) -> str:
    """Have the DSS service judge a blank page, in which there is no signature to find.

    Raises:
        UpstreamUnavailable: it does not answer, or not as it should.
        VerificationFailed: it finds a signature there.
    """
    if settings.dss_url is None:
        return "aucun n’est réglé : deux lecteurs relisent chaque fichier"
    from pypdf import PdfWriter  # noqa: PLC0415 as above, for those who have a third reader

    from contreseing.judging import build_third_reader  # noqa: PLC0415 as above

    reader = build_third_reader(settings.dss_url, settings, SystemClock())
    page, writer = io.BytesIO(), PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(page)
    try:
        if reader.count_signatures(page.getvalue()):
            raise VerificationFailed("the third reader finds a signature in a blank page", code="dss.wrong")
    finally:
        reader.close()
    return "une page blanche lue, sans signature"


def try_flow_run(settings: Settings) -> str:
    """Have Prefect run a flow of ours to its end.

    Raises:
        UpstreamUnavailable: no server, no such deployment, no runner, or the run failed.
    """
    user, _, password = (settings.prefect_auth.get_secret_value() if settings.prefect_auth else "").partition(":")
    auth = (user, password) if settings.prefect_auth else None
    try:
        with httpx.Client(base_url=settings.prefect_api_url, auth=auth, timeout=PATIENCE_SECONDS, trust_env=False) as prefect:
            deployment = ask_prefect(prefect, "GET", f"/deployments/name/{TRIAL_FLOW}")
            body: dict[str, object] = {
                "state": {"type": "SCHEDULED"},
                "idempotency_key": f"{TRIAL_PREFIX}-{secrets.token_hex(8)}",
                "tags": [TRIAL_PREFIX],
            }
            run = ask_prefect(prefect, "POST", f"/deployments/{deployment['id']}/create_flow_run", body)
            state = _final_state(prefect, str(run["id"]))
    except httpx.HTTPError as error:
        told = f"HTTP {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else type(error).__name__
        raise UpstreamUnavailable(f"Prefect does not answer as it should ({told})", code="prefect.unavailable") from error
    if state not in {"COMPLETED", "CANCELLED"}:  # cancelled: another sweep was running at that moment, which proves as much
        raise UpstreamUnavailable(f"the run ended as {state}", code="prefect.run_failed", state=state)
    return f"un passage de « {TRIAL_FLOW} » mené à son terme"


def _final_state(prefect: httpx.Client, run_id: str) -> str:
    limit = time.monotonic() + FLOW_RUN_SECONDS
    state = "SCHEDULED"
    while time.monotonic() < limit:
        state = str(ask_prefect(prefect, "GET", f"/flow_runs/{run_id}")["state_type"])
        if state in {"COMPLETED", "CANCELLED", "FAILED", "CRASHED"}:
            return state
        time.sleep(0.5)
    return state


def ask_prefect(
    prefect: httpx.Client, method: str, path: str, body: dict[str, object] | None = None, *, wait_seconds: float = BUSY_SECONDS
) -> dict[str, object]:
    """Ask Prefect one thing, again a little later while it says that it is too busy (5xx); what is posted must bear it twice.

    Raises:
        httpx.HTTPError: no answer, a refusal, or still too busy.
    """
    response = prefect.request(method, path, json=body)
    for _ in range(BUSY_TRIES):
        if not response.is_server_error:
            break
        time.sleep(wait_seconds)
        response = prefect.request(method, path, json=body)
    response.raise_for_status()
    read: dict[str, object] = response.json()
    return read
