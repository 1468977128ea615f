"""Three sites in one process, told apart by the whole ``Host`` header, port included."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from portal.settings import PortalSettings, Site

MISDIRECTED_REQUEST = 421


class SiteDispatch:
    """Hand each request to the site that its ``Host`` names; any other host is a misdirected request (RFC 9110, 15.5.20)."""

    def __init__(self, app: ASGIApp, settings: PortalSettings, sites: Mapping[Site, ASGIApp]) -> None:
        self._app = app
        self._sites = {settings.netloc(site): (site, sites[site]) for site in Site}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Dispatch one request; the lifespan stays with the outer application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "").lower()
        site = self._sites.get(host)
        if site is None:
            await PlainTextResponse("Aucun site à cette adresse.\n", status_code=MISDIRECTED_REQUEST)(scope, receive, send)
            return
        name, answer = site
        scope["site"] = name
        await answer(scope, receive, send)
