"""The folder of an embedded stack: its identity, addresses, keys and settings, made once and private.

``stack.json`` (identity, hosts, ports) survives a fresh start, because mailed links and certificates carry the addresses;
everything else can be made anew.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from contreseing.embedded.addresses import choose_hosts, choose_ports
from contreseing.embedded.seaweedfs import PORT_NAMES as SEAWEEDFS_PORT_NAMES
from contreseing.settings import DEMO_SECRET_PREFIX, FILE_SUFFIX, PASSPHRASE_FILE_VARIABLE, Mode, read_settings_file
from conventions.errors import ConfigurationError

SCHEMA = "contreseing/stack/1"
SITES = ("signers", "desk", "office")
PORT_NAMES = (*SITES, "mailbox", "smtp", "receiver", "pki", "prefect", *SEAWEEDFS_PORT_NAMES)
SECRETS = ("master_key", "s3_access_key", "s3_secret_key", "activation_secret")
STACK_FILE, SETTINGS_FILE, ACCOUNTS_FILE = "stack.json", "settings.toml", "accounts.json"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Addresses:
    """Identity and addresses of a stack: hosts of the three sites, ports of every part."""

    id: str
    hosts: Mapping[str, str]
    ports: Mapping[str, int]

    def url(self, name: str) -> str:
        """Return the address of a part or site, without a final slash."""
        return f"http://{self.hosts.get(name, LOOPBACK)}:{self.ports[name]}"


def read_accounts(folder: Path) -> list[dict[str, str]]:
    """Read the accounts of the demonstration that a folder holds, passwords and TOTP secrets included; none where there is none."""
    path = folder / ACCOUNTS_FILE
    if not path.exists():
        return []
    accounts: list[dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return accounts


class Workspace:
    """A stack's folder, opened or made."""

    def __init__(self, folder: Path, addresses: Addresses) -> None:
        self.folder, self.addresses = folder, addresses

    @property
    def settings_file(self) -> Path:
        """The settings of the product on this stack."""
        return self.folder / SETTINGS_FILE

    @property
    def pki(self) -> Path:
        """Folder of the embedded PKI."""
        return self.folder / "pki"

    @property
    def passphrase_file(self) -> Path | None:
        """File of what the keys of the embedded PKI are encrypted under; None where they stand in plain."""
        return _kept_passphrase_file(self.settings_file)

    @property
    def out(self) -> Path:
        """Folder of what a demonstration leaves to be looked at."""
        return self.folder / "out"

    def key_file(self, name: str) -> Path:
        """Return the file of a secret."""
        return self.folder / "keys" / name

    def part_folder(self, name: str) -> Path:
        """Return the folder of a part's own data, made if it lacks."""
        folder = self.folder / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def read_accounts(self) -> list[dict[str, str]]:
        """Read the demonstration's accounts, passwords and TOTP secrets included; none before they are made."""
        return read_accounts(self.folder)

    def write_accounts(self, accounts: list[dict[str, str]]) -> None:
        """Keep the demonstration's accounts."""
        write_private(self.folder / ACCOUNTS_FILE, json.dumps(accounts, ensure_ascii=False, indent=1))

    def wipe(self) -> None:
        """Remove everything but the addresses and the locks of the stack; its parts must be stopped."""
        for path in self.folder.iterdir():
            if path.name in {STACK_FILE, "run"}:
                continue
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def is_workspace(folder: Path) -> bool:
    """Tell whether a stack was made in that folder."""
    return (folder / STACK_FILE).is_file()


def ensure_workspace(folder: Path) -> Workspace:
    """Open a stack's folder, making whatever lacks: addresses, keys, settings.

    ``CONTRESEING_PKI_PASSPHRASE_FILE`` names the file that protects the PKI's keys; once given, its place is kept in the settings.

    Raises:
        ConfigurationError: no free port, or a file there that is not ours.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    if not is_workspace(folder):
        hosts = dict(zip(SITES, choose_hosts(), strict=True))
        chosen = Addresses(secrets.token_hex(8), hosts, choose_ports(PORT_NAMES))
        write_private(folder / STACK_FILE, json.dumps({"schema": SCHEMA, **asdict(chosen)}, indent=1))
    workspace = Workspace(folder, _read_addresses(folder / STACK_FILE))
    for name in SECRETS:
        if not workspace.key_file(name).exists():
            workspace.part_folder("keys")
            write_private(workspace.key_file(name), _new_secret(name))
    settings = _render_settings(workspace.addresses, _passphrase_file(workspace.settings_file))
    if not workspace.settings_file.exists() or workspace.settings_file.read_text(encoding="utf-8") != settings:
        write_private(workspace.settings_file, settings)
    return workspace


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner reads, whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _read_addresses(path: Path) -> Addresses:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
        if read["schema"] != SCHEMA or set(read["ports"]) != set(PORT_NAMES) or set(read["hosts"]) != set(SITES):
            raise ConfigurationError(f"{path.name} is of another version", code="stack.other_version", folder=path.parent.name)
        return Addresses(str(read["id"]), dict(read["hosts"]), {name: int(port) for name, port in read["ports"].items()})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path.name} cannot be read", code="stack.other_version", folder=path.parent.name) from error


def _new_secret(name: str) -> str:
    secret = DEMO_SECRET_PREFIX + secrets.token_hex(20)
    return "whsec_" + base64.b64encode(secret.encode()).decode() if name == "activation_secret" else secret


def _passphrase_file(settings_file: Path) -> Path | None:
    named = os.environ.get(PASSPHRASE_FILE_VARIABLE)
    return Path(named).absolute() if named else _kept_passphrase_file(settings_file)


def _kept_passphrase_file(settings_file: Path) -> Path | None:
    if not settings_file.exists():
        return None
    kept = read_settings_file(settings_file).get("pki_passphrase_file")
    return Path(kept) if kept else None


def _render_settings(addresses: Addresses, passphrase_file: Path | None) -> str:
    syndicate = "Syndicat mixte de coopération territoriale Mégalis Bretagne"
    values: dict[str, str | int] = {
        "mode": Mode.DEMONSTRATION.value,
        "data_dir": "data",
        "signers_url": addresses.url("signers"),
        "desk_url": addresses.url("desk"),
        "office_url": addresses.url("office"),
        "help_telephone": "02 61 91 20 26",
        "agents_mail": "conventions@megalis-demonstration.invalid",
        "lock_years": 10,
        "s3_url": addresses.url("s3"),
        "pki_url": addresses.url("pki"),
        "pki_anchors_dir": "pki",
        "tsa_urls": f"{addresses.url('pki')}/tsa {addresses.url('pki')}/tsa2",
        "smtp_host": LOOPBACK,
        "smtp_port": addresses.ports["smtp"],
        "smtp_security": "none",
        "mail_from": "conventions@megalis-demonstration.invalid",
        "mail_reply_to": "conventions@megalis-demonstration.invalid",
        "activation_url": addresses.url("receiver") + "/activations",
        "prefect_api_url": addresses.url("prefect") + "/api",
        "prefect_ui_url": addresses.url("prefect"),
        "publisher_name": syndicate,
        "publisher_seat": "ZAC des Champs Blancs, 15 rue Claude Chappe, bâtiment B, 35510 Cesson-Sévigné",
        "publisher_website": "https://megalis-demonstration.invalid",
        "publisher_director": "Goulven Kerdemoñs (personne fictive)",
        "publisher_hosting": "cette machine, le temps de la démonstration",
        "data_protection_mail": "dpo@megalis-demonstration.invalid",
        **{name + FILE_SUFFIX: f"keys/{name}" for name in SECRETS},
        **({"pki_passphrase_file": str(passphrase_file)} if passphrase_file is not None else {}),
    }
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    return "\n".join(["# Made by contreseing; written again at each start.", *lines, ""])
