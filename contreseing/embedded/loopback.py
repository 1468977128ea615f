"""A small HTTP part of the embedded stack: bound to loopback, quiet, gone cleanly when asked to stop."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import signal
import socket
from collections.abc import Generator

import uvicorn
from starlette.types import ASGIApp

from conventions.errors import ConfigurationError

BACKLOG = 256


def listen(host: str, port: int) -> socket.socket:
    """Bind a listening socket on a loopback address.

    Raises:
        ConfigurationError: not a loopback address, or another program listens on the port; ``str`` names it.
    """
    if not ipaddress.ip_address(host).is_loopback:
        raise ConfigurationError(f"{host} is not a loopback address", code="configuration.not_loopback")
    # the protocol is named because asyncio sets TCP_NODELAY on such sockets only: without it each answer waits 40 ms for an ACK
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(f"port {port} of {host} is taken by another program", code="stack.port_taken", port=port) from error
    return listener


async def serve_until_stopped(app: ASGIApp, listener: socket.socket) -> None:
    """Serve the application until SIGINT or SIGTERM, then let what was begun end (5 s at most) and return."""
    config = uvicorn.Config(
        app, lifespan="off", log_level="warning", access_log=False, server_header=False, proxy_headers=False, timeout_graceful_shutdown=5
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    await server.serve(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn without its own signals: it would raise them again and end the process before the other parts are closed."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    def stop(self) -> None:
        """Ask the server to end; asked twice, at once."""
        self.force_exit = self.should_exit
        self.should_exit = True
