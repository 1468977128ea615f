"""The PKI's time-stamp authority, at another address that counts what it is asked."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web

from signing.pki.directory import Pki

AWAY_SECONDS = 0.1


@dataclass
class CountingAuthority:
    """The PKI's time-stamp authority, at another address that counts, and far enough for a batch to be killed in the middle."""

    pki: Pki
    digests: list[bytes] = field(default_factory=list)

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_post("/tsa", self._stamp)
        return application

    async def _stamp(self, request: web.Request) -> web.Response:
        body = await request.read()
        self.digests.append(hashlib.sha256(body).digest())
        await asyncio.sleep(AWAY_SECONDS)
        answer = self.pki.timestamps.render_response(body, datetime.now(UTC))
        return web.Response(body=answer, content_type="application/timestamp-reply")
