"""People at their screens: one browser each, over HTTP, and the mailbox where they read what they are sent."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Self

import httpx

from contreseing.demonstration.pages import Page, parse_page
from conventions.errors import UpstreamUnavailable, VerificationFailed

USER_AGENT = "Contreseing-Demonstration (simulated person)"
HEADERS = {
    "User-Agent": USER_AGENT,
    "Accept-Language": "fr-FR,fr;q=0.9",
    "Sec-Fetch-Site": "same-origin",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-Dest": "document",
}
"""As browsers send them; the portal tells the visits of programs that do not."""
PATIENCE_SECONDS = 60.0
MAIL_WITHIN_SECONDS = 60.0
LOOK_EVERY_SECONDS = 0.3
CODE = re.compile(r"\b([0-9]{3})[\s\u00a0\u202f]?([0-9]{3})\b")


class Browser:
    """One person's browser on one site: follows redirections, keeps cookies, sends forms."""

    def __init__(self, site: str) -> None:
        self._client = httpx.Client(base_url=site, follow_redirects=True, timeout=PATIENCE_SECONDS, headers=HEADERS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def open(self, path: str) -> Page:
        """Open a page.

        Raises:
            UpstreamUnavailable: the site does not answer.
            VerificationFailed: it answers with an error.
        """
        return self._page("GET", path, None)

    def send(
        self, page: Page, action: str, values: Mapping[str, str] | None = None, *, tick: tuple[str, ...] = (), press: str | None = None
    ) -> Page:
        """Fill and send a form of a page; returns the page that follows."""
        form = page.form(action)
        return self._page(form.method.upper(), form.action, form.filled(values or {}, tick, press))

    def look(self, page: Page) -> int:
        """Fetch the pictures that a browser fetches at once (those further down are fetched on scrolling); return how many."""
        for picture in page.pictures:
            self._request("GET", picture, None)
        return len(page.pictures)

    def read_json(self, path: str) -> dict[str, object]:
        """Read an answer meant for programs."""
        read: dict[str, object] = self._request("GET", path, None).json()
        return read

    def _page(self, method: str, path: str, data: Mapping[str, str] | None) -> Page:
        response = self._request(method, path, data)
        return parse_page(response.url.path, response.status_code, response.text)

    def _request(self, method: str, path: str, data: Mapping[str, str] | None) -> httpx.Response:
        try:
            response = self._client.request(method, path, data=data)
        except httpx.HTTPError as error:
            raise UpstreamUnavailable(f"the site does not answer ({type(error).__name__})", code="demonstration.no_answer") from error
        if response.status_code >= 400:  # noqa: PLR2004 RFC 9110, 15.5
            shown = parse_page(response.url.path, response.status_code, response.text)
            raise VerificationFailed(f"{method} {shown.route}: {shown.status} « {shown.title} »", code="demonstration.unexpected")
        return response


class Mailbox:
    """The mailbox of the demonstration, as its owners read it."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=address, timeout=PATIENCE_SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._client.close()

    def wait_for_link(self, address: str, site: str) -> str:
        """Wait for the invitation sent to an address and return its link's path on the site."""
        pattern = re.compile(re.escape(site) + r"(/s/[A-Za-z0-9._~-]+)")
        return self._wait(address, pattern, "invitation").group(1)

    def wait_for_code(self, address: str) -> str:
        """Wait for the code sent to an address and return its six digits."""
        found = self._wait(address, re.compile(r"code de signature\s*:\s*" + CODE.pattern.removeprefix(r"\b")), "code")
        return found.group(1) + found.group(2)

    def _wait(self, address: str, pattern: re.Pattern[str], what: str) -> re.Match[str]:
        limit = time.monotonic() + MAIL_WITHIN_SECONDS
        while time.monotonic() < limit:
            try:
                mails = self._client.get("/api/messages", params={"to": address}).raise_for_status().json()
            except httpx.HTTPError as error:
                raise UpstreamUnavailable(
                    f"the mailbox does not answer ({type(error).__name__})", code="demonstration.no_answer"
                ) from error
            for mail in mails:
                found = pattern.search(mail["text"])
                if found is not None:
                    return found
            time.sleep(LOOK_EVERY_SECONDS)
        raise UpstreamUnavailable(f"no {what} came within {MAIL_WITHIN_SECONDS:.0f} s", code="demonstration.no_mail")
