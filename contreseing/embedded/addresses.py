"""Ports and loopback addresses: chosen once, then checked at each start, because certificates and mailed links carry them."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Iterable
from pathlib import Path

from conventions.errors import ConfigurationError

FIRST_PORT, LAST_PORT = 8410, 8999
"""Below the range from which the system draws ports of outgoing connections, which could take one of ours meanwhile."""

LOOPBACK_HOSTS = ("127.0.0.1", "127.0.0.2", "127.0.0.3")
"""One host for each site: cookies ignore ports."""


def is_free(host: str, port: int) -> bool:
    """Tell whether a server could listen there now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError:
            return False
    return True


def is_answering(host: str, port: int) -> bool:
    """Tell whether something accepts connections there."""
    try:
        with socket.create_connection((host, port), timeout=1):
            return True
    except OSError:
        return False


def choose_hosts() -> tuple[str, str, str]:
    """Return a loopback host for each of the three sites; the first for all where the machine has only one."""
    if all(is_free(host, 0) for host in LOOPBACK_HOSTS):
        return LOOPBACK_HOSTS
    return (LOOPBACK_HOSTS[0],) * 3


def choose_ports(names: Iterable[str]) -> dict[str, int]:
    """Choose a free port for each name.

    Raises:
        ConfigurationError: the range holds too few free ports.
    """
    # two stacks of one machine rarely meet, even when one was not running while the other chose
    start = FIRST_PORT + secrets.randbelow(LAST_PORT - FIRST_PORT)
    candidates = iter([*range(start, LAST_PORT + 1), *range(FIRST_PORT, start)])
    hosts = sorted(set(choose_hosts()))
    chosen: dict[str, int] = {}
    for name in names:
        port = next((port for port in candidates if all(is_free(host, port) for host in hosts)), None)
        if port is None:
            raise ConfigurationError(f"no free port from {FIRST_PORT} to {LAST_PORT}", code="stack.no_port")
        chosen[name] = port
    return chosen


def holder_of(port: int) -> str | None:
    """Name the process that listens on a port (its number and program), where the system tells; else None."""
    inode = _listening_inode(port)
    if inode is None:
        return None
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(link.readlink() == Path(f"socket:[{inode}]") for link in (process / "fd").iterdir()):
                program = (process / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace").rpartition("/")[2]
                return f"{program} (n° {process.name})"
        except OSError:
            continue
    return None


def _listening_inode(port: int) -> str | None:
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        try:
            lines = table.read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for columns in map(str.split, lines):
            if columns[1].endswith(f":{port:04X}") and columns[3] == "0A":  # 0A: LISTEN, proc(5)
                return columns[9]
    return None
