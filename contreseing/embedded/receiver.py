"""The services' side of activation in the demonstration: it checks each order's signature and keeps what it got, as it got it.

``python -m contreseing.embedded.receiver --port P --dir D --secret-file F``
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from contreseing.embedded.loopback import listen, serve_until_stopped
from contreseing.embedded.received_orders import ReceivedOrder, ReceivedOrders, parse_order
from conventions.agreements import ACKNOWLEDGED, WAITING_CONDITION
from conventions.errors import AlreadyRecorded, ContreseingError, InputRefused
from delivery.webhooks import verify_secrets

BODY_LIMIT_BYTES = 65_536
_NO_STORE = {"cache-control": "no-store"}


def receiver_site(orders: ReceivedOrders, keys: Sequence[Webhook], host: str) -> Starlette:
    """Build the endpoint: ``POST /activations``, ``GET /activations``, ``GET /health``."""
    endpoint = _Endpoint(orders, keys)
    return Starlette(
        routes=[
            Route("/activations", endpoint.receive, methods=["POST"]),
            Route("/activations", endpoint.list_orders),
            Route("/health", endpoint.health),
        ],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=[host, "localhost"])],
    )


class _Endpoint:
    def __init__(self, orders: ReceivedOrders, keys: Sequence[Webhook]) -> None:
        self._orders = orders
        self._keys = keys

    async def receive(self, request: Request) -> JSONResponse:
        """Take one order: 200 once it is on the disk, and again at each repeat; 401, 409, 413 or 422 when it is refused."""
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > BODY_LIMIT_BYTES:
                    return _refused(413, "too_long")
        except ClientDisconnect:
            return _refused(400, "cut_short")
        headers = {name: request.headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
        if not self._is_signed(bytes(body), headers):
            return _refused(401, "signature")
        try:
            order = parse_order(headers, bytes(body))
            await asyncio.to_thread(self._orders.ensure_kept, order)
        except InputRefused:
            return _refused(422, "order")
        except AlreadyRecorded:
            return _refused(409, "other_order_under_this_id")
        except OSError as error:
            logging.getLogger("contreseing.receiver").error("order not kept: %s", error.strerror)  # noqa: TRY400 one line says it
            return _refused(503, "not_kept")
        return JSONResponse(_answer(order), headers=_NO_STORE)

    async def list_orders(self, request: Request) -> JSONResponse:
        """List the orders, first received first, as ``{id, timestamp, body}``."""
        del request
        kept = [{"id": order.id, "timestamp": order.timestamp, "body": order.content} for order in self._orders.kept()]
        return JSONResponse({"count": len(kept), "activations": kept}, headers=_NO_STORE)

    async def health(self, request: Request) -> JSONResponse:
        """Say that orders are taken, and how many are kept."""
        del request
        return JSONResponse({"status": "ok", "activations": len(self._orders.kept())}, headers=_NO_STORE)

    def _is_signed(self, body: bytes, headers: dict[str, str]) -> bool:
        return any(_is_signed_by(key, body, headers) for key in self._keys)


def _is_signed_by(key: Webhook, body: bytes, headers: dict[str, str]) -> bool:
    try:
        key.verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):  # ValueError: the library lets a malformed signature or body through as one
        return False
    return True


def _answer(order: ReceivedOrder) -> dict[str, Any]:
    if order.condition is None:
        return {"status": ACKNOWLEDGED, "order": order.id}
    return {"status": WAITING_CONDITION, "order": order.id, "condition": order.condition}


def _refused(status: int, reason: str) -> JSONResponse:
    return JSONResponse({"error": reason}, status, headers=_NO_STORE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the receiver; the exit code is 0 when it was asked to stop, 2 when the settings do not let it start."""
    parser = argparse.ArgumentParser(prog="python -m contreseing.embedded.receiver", description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="loopback address (127.0.0.1)")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dir", type=Path, required=True, help="folder of activations.jsonl")
    parser.add_argument("--secret-file", type=Path, required=True, help="file of the secrets, whsec_…, one or two, one a line")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(levelname)s %(message)s")
    try:
        secrets = options.secret_file.read_text(encoding="ascii").split()
        verify_secrets(secrets)
        keys = [Webhook(secret) for secret in secrets]
        listener = listen(options.host, options.port)
        with ReceivedOrders(options.dir) as orders:
            asyncio.run(serve_until_stopped(receiver_site(orders, keys, options.host), listener))
    except ContreseingError as error:
        sys.stderr.write(f"receiver: {error}\n")
        return 2
    except (OSError, ValueError) as error:
        sys.stderr.write(f"receiver: the file of secrets or the folder cannot be used ({type(error).__name__})\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
