"""The web mailbox of the demonstration: its pages (French, no script) and the JSON that the demonstration's signers read."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from contreseing.embedded.kept_mails import KeptMail, KeptMails, OpenedMail
from conventions.errors import NotFound

PAGES_FOLDER = Path(__file__).parent / "mailbox_pages"
MAILS_ON_A_PAGE = 50
PARIS = ZoneInfo("Europe/Paris")

_POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
_HEADERS = {"referrer-policy": "no-referrer", "x-content-type-options": "nosniff", "cache-control": "no-store"}
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)»]")

Answer = Callable[[Request], Awaitable[Response]]


def mailbox_site(mails: KeptMails, host: str) -> Starlette:
    """Build the site over kept mails; it answers to that host's name alone, so that no other site can read it through a browser."""
    pages = _Pages(mails)
    return Starlette(
        routes=[
            Route("/", pages.mail_list),
            Route("/courriels/{id}", pages.mail),
            Route("/courriels/{id}/html", pages.mail_html),
            Route("/courriels/{id}/pieces/{rank:int}", pages.attachment),
            Route("/mailbox.css", pages.stylesheet),
            Route("/api/messages", pages.api_list),
            Route("/api/messages/{id}", pages.api_mail),
            Route("/health", pages.health),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[host, "localhost"])],
        exception_handlers={HTTPException: pages.absent, NotFound: pages.absent},
    )


class _Pages:
    def __init__(self, mails: KeptMails) -> None:
        self._mails = mails
        self._templates = Environment(loader=FileSystemLoader(PAGES_FOLDER), autoescape=True, undefined=StrictUndefined)
        self._templates.filters |= {"paris": _paris, "with_links": with_links, "size": _size}

    async def mail_list(self, request: Request) -> Response:
        """Show the list, newest first; ``?to=`` keeps the addresses that hold that text, ``?before=`` goes on from a mail."""
        to, before = request.query_params.get("to", "").strip(), request.query_params.get("before", "")
        found = [mail for mail in self._mails.newest_first() if mail.is_to_like(to)]
        shown = [mail for mail in found if not before or mail.id < before][: MAILS_ON_A_PAGE + 1]
        more = shown[MAILS_ON_A_PAGE - 1].id if len(shown) > MAILS_ON_A_PAGE else None
        return self._page("list.html", to=to, before=before, count=len(found), mails=shown[:MAILS_ON_A_PAGE], more=more)

    async def mail(self, request: Request) -> Response:
        """Show one mail."""
        return self._page("mail.html", mail=self._opened(request))

    async def mail_html(self, request: Request) -> Response:
        """Give the HTML part by itself, for the sandboxed frame; its links open in the whole window."""
        html = self._opened(request).html
        if html is None:
            raise HTTPException(404)
        return HTMLResponse(
            re.sub(r"(<head[^>]*>)", r'\1<base target="_top">', html, count=1), headers=_HEADERS | {"content-security-policy": _MAIL_POLICY}
        )

    async def attachment(self, request: Request) -> Response:
        """Give one joined file, to be saved."""
        attachments, rank = self._opened(request).attachments, request.path_params["rank"]
        if not 1 <= rank <= len(attachments):
            raise HTTPException(404)
        part = attachments[rank - 1]
        disposition = f"attachment; filename*=UTF-8''{quote(part.filename, safe='')}"
        return Response(
            part.data,
            media_type=part.media_type,
            headers=_HEADERS | {"content-disposition": disposition, "content-security-policy": "sandbox"},
        )

    async def stylesheet(self, request: Request) -> Response:
        """Give the one stylesheet."""
        del request
        return FileResponse(PAGES_FOLDER / "mailbox.css", media_type="text/css", headers=_HEADERS)

    async def api_list(self, request: Request) -> Response:
        """List ``{id, to, subject, at, text}``, newest first; ``?to=`` keeps one address exactly."""
        to = request.query_params.get("to")
        found = [mail for mail in self._mails.newest_first() if to is None or mail.is_to(to)]
        return JSONResponse([_told(mail, self._mails.text_of(mail.id)) for mail in found], headers=_HEADERS)

    async def api_mail(self, request: Request) -> Response:
        """Give one mail: as in the list, with ``from``, ``message_id``, ``html`` and ``attachments``."""
        mail = self._opened(request)
        attachments = [
            {
                "filename": part.filename,
                "media_type": part.media_type,
                "size_bytes": len(part.data),
                "href": f"/courriels/{mail.kept.id}/pieces/{rank}",
            }
            for rank, part in enumerate(mail.attachments, 1)
        ]
        more = {"from": mail.kept.sender, "message_id": mail.message_id, "html": mail.html, "attachments": attachments}
        return JSONResponse(_told(mail.kept, mail.text) | more, headers=_HEADERS)

    async def health(self, request: Request) -> Response:
        """Say that mails are taken, and how many are kept."""
        del request
        return JSONResponse({"status": "ok", "messages": len(self._mails)}, headers=_HEADERS)

    async def absent(self, request: Request, error: Exception) -> Response:
        """Answer an unknown address."""
        status = error.status_code if isinstance(error, HTTPException) else 404
        if request.url.path.startswith("/api/"):
            return JSONResponse({"error": "not found" if status == 404 else "refused"}, status, headers=_HEADERS)  # noqa: PLR2004
        return self._page("absent.html", status=status)

    def _opened(self, request: Request) -> OpenedMail:
        return self._mails.open(request.path_params["id"])

    def _page(self, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:  # noqa: ANN401 what a template shows
        text = self._templates.get_template(name).render(values)
        return HTMLResponse(text, status, headers=_HEADERS | {"content-security-policy": _POLICY})


def with_links(text: str) -> Markup:
    """Escape a text for HTML, its http(s) addresses made into links."""
    parts, end = [], 0
    for found in _LINK.finditer(text):
        parts += [escape(text[end : found.start()]), Markup('<a href="{0}">{0}</a>').format(found[0])]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def _told(mail: KeptMail, text: str) -> dict[str, Any]:
    return {"id": mail.id, "to": ", ".join(mail.recipients), "subject": mail.subject, "at": mail.at.isoformat(), "text": text}


def _paris(mail: KeptMail) -> str:
    return mail.at.astimezone(PARIS).strftime("%d/%m/%Y à %H:%M:%S")


def _size(data: bytes) -> str:
    return f"{max(1, round(len(data) / 1000))}\u00a0ko"
