"""What a route is given: the ports, the settings and its site; and what it reads of a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from starlette.responses import Response

from conventions.ports.system import Ports
from conventions.visitors import Visitor
from portal.settings import PortalSettings, Site

SESSION_COOKIES = {Site.SIGNERS: "visite", Site.DESK: "parapheur", Site.OFFICE: "gestion"}
"""Names differ, because a demonstration may put three sites on one host."""

FORM_COOKIE = "formulaire"

_USER_AGENT_MAX_CHARACTERS = 300


@dataclass(frozen=True)
class Context:
    """One site of the portal."""

    ports: Ports
    settings: PortalSettings
    site: Site

    @property
    def origin(self) -> str:
        """The site's origin."""
        return self.settings.origin(self.site)

    def cookie_name(self, plain: str) -> str:
        """Name a cookie: ``__Host-`` ties it to this host over https (RFC 6265bis, 4.1.3.2)."""
        return f"__Host-{plain}" if self.settings.has_secure_cookies else plain

    @property
    def session_cookie_name(self) -> str:
        """Name of the cookie of a visit (signers) or of a session (desk, office)."""
        return self.cookie_name(SESSION_COOKIES[self.site])

    @property
    def form_cookie_name(self) -> str:
        """Name of the cookie to which forms are bound before any session."""
        return self.cookie_name(f"{FORM_COOKIE}-{self.site.value}")

    def set_cookie(self, response: Response, name: str, value: str, lifetime_s: int | None = None) -> None:
        """Set a cookie of this host: not readable by scripts, not sent by other sites' forms."""
        response.set_cookie(
            name, value, max_age=lifetime_s, path="/", secure=self.settings.has_secure_cookies, httponly=True, samesite="lax"
        )

    def drop_cookie(self, response: Response, name: str) -> None:
        """Have the browser forget a cookie."""
        response.delete_cookie(name, path="/", secure=self.settings.has_secure_cookies, httponly=True, samesite="lax")


def context_of(request: Request) -> Context:
    """Return the context of the application that answers."""
    context = request.app.state.context
    if not isinstance(context, Context):
        raise TypeError("the application holds no context")
    return context


def session_cookie_of(request: Request) -> str:
    """Return the value of the session's cookie; empty, which no step accepts, where there is none."""
    return request.cookies.get(context_of(request).session_cookie_name, "")


def visitor_of(request: Request, answered_after_s: float | None = None) -> Visitor:
    """Say who seems to be asking; behind a proxy, the server must be told to trust its ``X-Forwarded-For``."""
    headers = request.headers
    purposes = " ".join(headers.get(name, "") for name in ("sec-purpose", "purpose", "x-moz", "x-purpose")).lower()
    return Visitor(
        request.client.host if request.client else "",
        headers.get("user-agent", "")[:_USER_AGENT_MAX_CHARACTERS],
        has_language="accept-language" in headers,
        has_fetch_metadata=any(name in headers for name in ("sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest")),
        is_prefetch="prefetch" in purposes or "prerender" in purposes or "preview" in purposes,
        answered_after_s=answered_after_s,
    )


async def _here(request: Request) -> Context:
    return context_of(request)


async def _cookie(request: Request) -> str:
    return session_cookie_of(request)


Here = Annotated[Context, Depends(_here)]
Cookie = Annotated[str, Depends(_cookie)]
"""Asynchronous, so that FastAPI does not go through a thread for what waits for nothing."""
