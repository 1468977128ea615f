"""Prefect's REST API, for what its client does not do or does amiss.

The 3.8.8 client sends nulls that the server refuses, cannot create runs in bulk, and has no idempotency key.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

import httpx
from prefect.settings import get_current_settings

from conventions.errors import UpstreamUnavailable

ATTEMPTS = 6
FIRST_PAUSE_SECONDS = 0.1
TIMEOUT_SECONDS = 60.0


class PrefectRest:
    """One connection; address and password are Prefect's own settings of this process, unless given.

    SQLite under load makes the server answer 503: asked again, with longer and longer pauses. Every call made here may be
    repeated.
    """

    def __init__(self, api_url: str | None = None, auth: str | None = None) -> None:
        settings = get_current_settings()
        secret = settings.api.auth_string
        given = auth or (secret.get_secret_value() if secret is not None else None)
        user, _, password = (given or "").partition(":")
        address = api_url or settings.api.url or ""
        self._client = httpx.AsyncClient(
            base_url=address,
            auth=(user, password) if given else None,
            timeout=TIMEOUT_SECONDS,
            verify=address.startswith("https:"),  # reading the authorities takes 20 ms, for nothing on a plain address
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self._client.aclose()

    async def send(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 JSON of several shapes
        """Send JSON, return JSON; None when the answer is empty or the thing asked for does not exist (404).

        Raises:
            UpstreamUnavailable: the server does not answer as it should.
        """
        pause = FIRST_PAUSE_SECONDS
        for attempt in range(1, ATTEMPTS + 1):
            try:
                response = await self._client.request(method, path, json=body)
                if response.status_code == httpx.codes.NOT_FOUND:
                    return None
                if response.status_code != httpx.codes.SERVICE_UNAVAILABLE or attempt == ATTEMPTS:
                    response.raise_for_status()
                    return response.json() if response.content else None
            except (httpx.HTTPError, ValueError) as error:
                raise UpstreamUnavailable(f"Prefect: {method} {path}: {type(error).__name__}", code="prefect.unavailable") from error
            await asyncio.sleep(pause)
            pause *= 2
        raise UpstreamUnavailable(f"Prefect: {method} {path}: busy {ATTEMPTS} times", code="prefect.unavailable")
