"""``contreseing worker`` and ``contreseing portal``: the processes of an installation, one command each."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Annotated

import typer
import uvicorn

from contreseing.cli.words import tell
from contreseing.logs import configure_logs
from contreseing.settings import Settings, load_settings
from contreseing.stores import verify_stores
from contreseing.wiring import build_ports, close_ports
from contreseing.worker import run_worker, stop_on_signals
from conventions.errors import ConfigurationError
from portal.application import create_application
from portal.settings import PortalSettings, Publisher

BACKLOG = 512
STOP_SECONDS = 10


def add_to(app: typer.Typer) -> None:
    """Add this group to the command."""
    app.command("worker")(worker)
    app.command("portal")(portal)


def worker(
    ready_file: Annotated[Path | None, typer.Option("--ready-file", help="Fichier créé quand le travail commence.")] = None,
) -> None:
    """Envoie les courriels et les ordres d’activation, et tient le journal en ordre, jusqu’à SIGTERM ou Ctrl-C."""
    settings = load_settings()
    configure_logs("worker", settings.log_level)
    verify_stores(settings)
    ports = build_ports(settings, is_deferring=True, is_staying=True)
    stop = threading.Event()
    stop_on_signals(stop)
    if ready_file is not None:
        ready_file.touch(mode=0o600)
    try:
        run_worker(ports, stop)
    finally:
        close_ports(ports)
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)


def portal(
    listens: Annotated[
        list[str], typer.Argument(metavar="ADRESSE:PORT…", help="Où écouter : une adresse par site, ou une seule derrière un relais.")
    ],
) -> None:
    """Sert les trois sites (signataires, parapheur, gestion) jusqu’à SIGTERM ou Ctrl-C."""
    settings = load_settings()
    configure_logs("portal", settings.log_level)
    verify_stores(settings)
    sockets = [_listen(address) for address in listens]
    ports = build_ports(settings, is_staying=True)
    config = uvicorn.Config(
        create_application(ports, portal_settings(settings)),
        access_log=False,
        log_config=None,
        server_header=False,
        lifespan="off",
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    try:
        tell(f"Portail : {settings.signers_url} (signataires), {settings.desk_url} (parapheur), {settings.office_url} (gestion)")
        uvicorn.Server(config).run(sockets)
    finally:
        close_ports(ports)


def portal_settings(settings: Settings) -> PortalSettings:
    """Return what the portal is told.

    Raises:
        ConfigurationError: an address or a declaration that the portal refuses.
    """
    return PortalSettings(
        signers_origin=settings.signers_url,
        desk_origin=settings.desk_url,
        office_origin=settings.office_url,
        publisher=Publisher(
            name=settings.publisher_name,
            seat=settings.publisher_seat,
            telephone=settings.help_telephone,
            website=settings.publisher_website,
            director=settings.publisher_director,
            hosting=settings.publisher_hosting,
            data_protection_mail=settings.data_protection_mail,
        ),
        demonstration=settings.is_demonstration,
        accessibility_level=settings.accessibility_level,
        accessibility_basis=settings.accessibility_basis,
        accessibility_on=settings.accessibility_on,
        visits_kept_months=settings.visits_kept_months,
        prefect_url=settings.prefect_ui_url,
    )


def _listen(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit():
        raise ConfigurationError(f"not an address to listen on: {address}", code="portal.listen", address=address)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # the protocol is named because asyncio sets TCP_NODELAY on such sockets only
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host.strip("[]"), int(port)))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"cannot listen on {address}", code="portal.listen", address=address) from error
    return listener
