"""One line a request, without what must not be kept: the route's pattern stands for the path, so no link's token appears.

The server's own access log writes whole paths: it must be off (``uvicorn --no-access-log``).
"""

from __future__ import annotations

import time
import uuid

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = structlog.stdlib.get_logger("portal.access")


class AccessLog:
    """Log method, site's host, route, status and duration; give each request a correlation id."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        began = time.monotonic()

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        with structlog.contextvars.bound_contextvars(correlation_id=uuid.uuid4().hex):
            try:
                await self._app(scope, receive, send_and_note)
            finally:
                route = scope.get("route")
                _log.info(
                    "request",
                    method=scope["method"],
                    site=str(scope.get("site", "")),
                    route=getattr(route, "path", "unknown"),
                    http_status=int(status),
                    duration_ms=round((time.monotonic() - began) * 1000),
                )
