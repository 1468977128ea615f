"""The parts of the embedded stack: how each process is started, and how it is known to be ready."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

import httpx

from contreseing.embedded.prefect_server import EmbeddedPrefect
from contreseing.embedded.seaweedfs import PORT_NAMES as SEAWEEDFS_PORT_NAMES
from contreseing.embedded.seaweedfs import STOP_SIGNAL, Seaweedfs
from contreseing.embedded.supervision import MARK, Part
from contreseing.embedded.workspace import LOOPBACK, SITES, Workspace
from contreseing.settings import PREFIX, SETTINGS_FILE_KEY

S3, PKI, MAIL, RECEIVER, PREFECT, FLOWS, PORTAL, WORKER = "s3", "pki", "mail", "receiver", "prefect", "flows", "portal", "worker"
OUTSIDE = (S3, PKI, MAIL, RECEIVER, PREFECT)
"""What a production has elsewhere; the order in which they are started."""
OURS = (PORTAL, WORKER, FLOWS)
ALL = (*OUTSIDE, *OURS)


def prefect_of(workspace: Workspace) -> EmbeddedPrefect:
    """Return the stack's Prefect."""
    return EmbeddedPrefect(workspace.part_folder("prefect"), workspace.addresses.ports["prefect"])


def seaweedfs_of(workspace: Workspace) -> Seaweedfs:
    """Return the stack's SeaweedFS."""
    return Seaweedfs(
        data_dir=workspace.part_folder("s3").absolute(),
        ports={name: workspace.addresses.ports[name] for name in SEAWEEDFS_PORT_NAMES},
        access_key=workspace.key_file("s3_access_key").read_text(encoding="ascii"),
        secret_key=workspace.key_file("s3_secret_key").read_text(encoding="ascii"),
    )


def product_environment(workspace: Workspace, tokens: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the environment of a process of ours: this stack's settings, and the PKI's tokens of its role alone."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX) and name != MARK}
    files = {f"{PREFIX}PKI_{name.upper()}_TOKEN_FILE": str((workspace.pki / f"{name}.token").absolute()) for name in tokens}
    return {**kept, SETTINGS_FILE_KEY: str(workspace.settings_file.absolute()), **files}


def build_part(name: str, workspace: Workspace) -> Part:
    """Describe a part by its name."""
    return {
        S3: _s3,
        PKI: _pki,
        MAIL: _mail,
        RECEIVER: _receiver,
        PREFECT: lambda of: prefect_of(of).server_part(),
        FLOWS: lambda of: prefect_of(of).runner_part(product_environment(of, ("flows", "portal", "proofs"))),
        PORTAL: _portal,
        WORKER: _worker,
    }[name](workspace)


def _s3(workspace: Workspace) -> Part:
    server = seaweedfs_of(workspace)
    server.ensure_files()
    return Part(S3, "archive (SeaweedFS)", server.command(), server.is_ready, server.listens, {}, server.data_dir, stop_signal=STOP_SIGNAL)


def _pki(workspace: Workspace) -> Part:
    port = workspace.addresses.ports["pki"]
    file = workspace.passphrase_file
    protected = ("--passphrase-file", str(file.absolute())) if file is not None else ()
    options = ("--dir", str(workspace.pki.absolute()), "--host", LOOPBACK, "--port", str(port), *protected)
    return _python_part(workspace, PKI, "autorité de certification et d'horodatage", "pki_service", options, (("pki", port),))


def _mail(workspace: Workspace) -> Part:
    smtp, mailbox = workspace.addresses.ports["smtp"], workspace.addresses.ports["mailbox"]
    folder = workspace.part_folder("mails").absolute()
    options = ("--smtp-port", str(smtp), "--http-port", str(mailbox), "--dir", str(folder))
    return _python_part(workspace, MAIL, "messagerie", "mail_catcher", options, (("mailbox", mailbox), ("smtp", smtp)))


def _receiver(workspace: Workspace) -> Part:
    port = workspace.addresses.ports["receiver"]
    secret = workspace.key_file("activation_secret").absolute()
    options = ("--port", str(port), "--dir", str(workspace.part_folder("activations").absolute()), "--secret-file", str(secret))
    return _python_part(workspace, RECEIVER, "récepteur des activations", "receiver", options, (("receiver", port),))


def _python_part(
    workspace: Workspace, name: str, label: str, module: str, options: tuple[str, ...], named_ports: tuple[tuple[str, int], ...]
) -> Part:
    health = workspace.addresses.url(named_ports[0][0]) + "/health"
    return Part(
        name=name,
        label=label,
        command=(sys.executable, "-m", f"contreseing.embedded.{module}", *options),
        is_ready=lambda: _is_healthy(health),
        listens=tuple((LOOPBACK, port) for _, port in named_ports),
        environment=_plain_environment(),
    )


def _portal(workspace: Workspace) -> Part:
    addresses = workspace.addresses
    listens = tuple((addresses.hosts[site], addresses.ports[site]) for site in SITES)
    return Part(
        name=PORTAL,
        label="portail",
        command=(sys.executable, "-m", "contreseing", "portal", *(f"{host}:{port}" for host, port in listens)),
        is_ready=lambda: all(_answers(addresses.url(site)) for site in SITES),
        listens=listens,
        environment=product_environment(workspace, ("portal", "desk", "proofs")),
    )


def _worker(workspace: Workspace) -> Part:
    beat = workspace.folder / "run" / "worker.ready"
    beat.unlink(missing_ok=True)
    return Part(
        name=WORKER,
        label="envoi des courriels et des ordres",
        command=(sys.executable, "-m", "contreseing", "worker", "--ready-file", str(beat.absolute())),
        is_ready=beat.exists,
        environment=product_environment(workspace),
    )


def _plain_environment() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(PREFIX) and name != MARK}


def _is_healthy(address: str) -> bool:
    try:
        return httpx.get(address, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def _answers(address: str) -> bool:
    try:
        httpx.get(address, timeout=5, trust_env=False)
    except httpx.HTTPError:
        return False
    return True
