"""HTTP to the CA, the responders and the time-stamp authorities, on one private event loop.

The port is synchronous because steps are; the loop lives in its own thread, so a step may be called from any thread,
and connections stay open from one signature to the next.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

import aiohttp

from conventions.errors import UpstreamUnavailable

Result = TypeVar("Result")
MAX_ANSWER_BYTES = 8_000_000


@dataclass(frozen=True)
class HttpTimeouts:
    """Seconds to connect, and for a whole exchange."""

    connect_seconds: float = 3.0
    total_seconds: float = 10.0


@dataclass(frozen=True)
class Answer:
    """An HTTP answer: status, media type, body."""

    status: int
    media_type: str
    body: bytes


class Outside:
    """An event loop in a daemon thread, with one HTTP session; started when first used, closed by ``close``."""

    def __init__(self, timeouts: HttpTimeouts, most_bytes: int = MAX_ANSWER_BYTES) -> None:
        self._timeouts = timeouts
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._session: aiohttp.ClientSession | None = None

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine to its end on the private loop and return its result."""
        return self.start(work).result()

    def start(self, work: Coroutine[Any, Any, Result]) -> Future[Result]:
        """Start a coroutine on the private loop and return its future, which may be cancelled."""
        return asyncio.run_coroutine_threadsafe(work, self._started())

    def close(self) -> None:
        """End the session and the thread; a later call starts anew."""
        with self._lock:
            loop, thread, session = self._loop, self._thread, self._session
            self._loop = self._thread = self._session = None
        if loop is None or thread is None:
            return
        if session is not None:
            asyncio.run_coroutine_threadsafe(session.close(), loop).result(self._timeouts.total_seconds)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(self._timeouts.total_seconds)

    async def fetch(
        self,
        method: str,
        address: str,
        service: str,
        *,
        data: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        redirects: int = 0,
    ) -> Answer:
        """Exchange one message; ``service`` names the other side in errors, because an address may hold a secret.

        ``redirects``: how many are followed, for what proves itself.

        Raises:
            UpstreamUnavailable: no answer in time, an answer too large, or a server's own failure (5xx).
        """
        try:
            async with self._opened().request(
                method, address, data=data, headers=headers, allow_redirects=redirects > 0, max_redirects=max(redirects, 1)
            ) as response:
                body = await response.content.read(self._most_bytes + 1)
                while len(body) <= self._most_bytes and (more := await response.content.read(self._most_bytes + 1)):
                    body += more
                answer = Answer(response.status, response.content_type, body)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise UpstreamUnavailable(f"{service} does not answer: {type(error).__name__}", service=service) from error
        if len(answer.body) > self._most_bytes:
            raise UpstreamUnavailable(f"{service} sent more than {self._most_bytes} bytes", service=service)
        if answer.status >= 500:  # noqa: PLR2004 RFC 9110, 15.6
            raise UpstreamUnavailable(f"{service} failed: HTTP {answer.status}", service=service)
        return answer

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None or self._thread is None or not self._thread.is_alive():
                loop = asyncio.new_event_loop()
                self._loop, self._session = loop, None
                self._thread = threading.Thread(target=self._serve, args=(loop,), name="signing", daemon=True)
                self._thread.start()
            return self._loop

    @staticmethod
    def _serve(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            loop.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            timeout = aiohttp.ClientTimeout(total=self._timeouts.total_seconds, sock_connect=self._timeouts.connect_seconds)
            self._session = aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)
        return self._session
