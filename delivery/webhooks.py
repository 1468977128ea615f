"""Activation orders by webhook, in the Standard Webhooks form (standardwebhooks.com, specification 1.0)."""

from __future__ import annotations

import base64
import binascii
import json
import re
import ssl
import time
from collections.abc import Mapping, Sequence
from datetime import UTC
from http import HTTPStatus
from pathlib import Path
from typing import NoReturn, Self
from urllib.parse import urlsplit

import httpx
from standardwebhooks.webhooks import Webhook

from conventions.agreements import ACKNOWLEDGED, WAITING_CONDITION
from conventions.canonical import Json, render_canonical
from conventions.errors import ConfigurationError, InputRefused, RuleRefused, UpstreamUnavailable
from conventions.ports.delivery import ActivationOrder, Receipt
from conventions.ports.system import Clock

EVENT_TYPE = "service.activation"
ANSWER_LIMIT_BYTES = 65_536
SECRET_PREFIX = "whsec_"  # noqa: S105 the public prefix of every secret, not one of them
SECRET_SIZES_BYTES = range(24, 65)  # Standard Webhooks, "Signature scheme": between 24 and 64 bytes
SECRETS_AT_ONCE = 2  # one in use, one more while it is being replaced
PASSING_REFUSALS = frozenset(
    {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}
)  # RFC 9110, RFC 8470, RFC 6585

_KEY = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")  # no full stop: it separates what is signed


class WebhookActivation:
    """Delivers orders to one address, from any thread, until closed. Implements ``conventions.ports.delivery.Activation``.

    ``secrets``: one or two of the form ``whsec_<base64>``; each one signs, so that a service may change its own between the two.
    The service answers 2xx with a JSON object of at most 64 KiB, canonical values only, whose ``status`` is ``acknowledged`` or
    ``waiting_condition``. Redirects and proxies of the environment are not followed.

    Raises:
        ConfigurationError: an unusable address, secret or ``ca_file`` (PEM; the system's authorities without it).
    """

    def __init__(self, url: str, secrets: Sequence[str], *, clock: Clock, timeout_s: float = 10.0, ca_file: Path | None = None) -> None:
        verify_secrets(secrets)
        _verify_url(url)
        self._url = url
        self._keys = tuple(Webhook(secret) for secret in secrets)
        self._clock = clock
        self._timeout_s = timeout_s
        self._client = httpx.Client(
            timeout=timeout_s,
            verify=_tls_context(ca_file),
            trust_env=False,
            follow_redirects=False,
            headers={"user-agent": "contreseing", "accept": "application/json", "accept-encoding": "identity"},
            limits=httpx.Limits(keepalive_expiry=2.0),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections kept open."""
        self._client.close()

    def deliver(self, order: ActivationOrder) -> Receipt:
        """Deliver an order; delivering the same key twice is one order, because the service keeps the keys it has seen.

        Raises:
            UpstreamUnavailable: no answer, 5xx, 408, 425, 429, a redirect, or an answer that cannot be read (the order may stand).
            RuleRefused: the service refuses the order for good (any other 4xx); code ``activation.refused``.
            InputRefused: the order cannot be written in canonical form, or its key cannot be a ``webhook-id``.
        """
        body = render_order(order)
        sent_at = self._clock.now().astimezone(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": order.key,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": " ".join(key.sign(order.key, sent_at, body.decode()) for key in self._keys),
        }
        try:
            with self._client.stream("POST", self._url, content=body, headers=headers) as response:
                _verify_accepted(response.status_code)
                answer = _read_answer(response, time.monotonic() + self._timeout_s)
        except httpx.HTTPError as error:
            raise UpstreamUnavailable(
                f"the activation service does not answer ({type(error).__name__})", code="activation.unavailable"
            ) from error
        outcome = answer.get("status")
        if outcome not in (ACKNOWLEDGED, WAITING_CONDITION) or not isinstance(outcome, str):
            raise _unreadable("its status is neither acknowledged nor waiting_condition")
        return Receipt(outcome, answer)


def render_order(order: ActivationOrder) -> bytes:
    """Serialise the body of an order's webhook, canonical (RFC 8785): the same order is the same bytes at each delivery.

    Raises:
        InputRefused: code ``activation.order_refused``.
    """
    if _KEY.match(order.key) is None or order.ordered_at.utcoffset() is None:
        raise InputRefused("an order's key is 1 to 128 of A-Z a-z 0-9 _ -, its instant is aware", code="activation.order_refused")
    data: Mapping[str, Json] = {
        "key": order.key,
        "order_version": order.order_version,
        "reference": order.reference,
        "service": order.service,
        "siret": order.siret,
        "member": order.member,
        "effect_on": order.effect_on,
        "quotas": dict(order.quotas),
        "condition": order.condition,
        "ordered_at": order.ordered_at.isoformat(),
    }
    try:
        return render_canonical({"type": EVENT_TYPE, "order": data})
    except (TypeError, ValueError) as error:
        raise InputRefused("an order that canonical JSON cannot hold", code="activation.order_refused") from error


def verify_secrets(secrets: Sequence[str]) -> None:
    """Check one or two different secrets, each ``whsec_`` then base64 of 24 to 64 bytes; the error never shows them.

    Raises:
        ConfigurationError: code ``configuration.webhook_secret``.
    """
    if not 1 <= len(secrets) <= SECRETS_AT_ONCE or len(set(secrets)) != len(secrets):
        raise ConfigurationError("webhook secrets: one, or two that differ", code="configuration.webhook_secret")
    for secret in secrets:
        try:
            key = base64.b64decode(secret.removeprefix(SECRET_PREFIX), validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if not secret.startswith(SECRET_PREFIX) or len(key) not in SECRET_SIZES_BYTES:
            raise ConfigurationError("webhook secret: whsec_ then base64 of 24 to 64 bytes", code="configuration.webhook_secret")


def _verify_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise ConfigurationError("webhook address: not a URL", code="configuration.webhook_url") from error
    if not usable or parts.username is not None or parts.fragment:
        raise ConfigurationError("webhook address: http(s), a host, no user name and no fragment", code="configuration.webhook_url")


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise ConfigurationError("webhook: the file of authorities cannot be read", code="configuration.webhook_ca_file") from error


def _verify_accepted(status: int) -> None:
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in PASSING_REFUSALS:
        raise RuleRefused(f"the activation service refuses the order for good ({status})", code="activation.refused", status=status)
    raise UpstreamUnavailable(f"the activation service answers {status}", code="activation.unavailable", status=status)


def _read_answer(response: httpx.Response, until_s: float) -> Mapping[str, Json]:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise _unreadable("it is compressed")
    data = bytearray()
    for chunk in response.iter_raw():
        data += chunk
        if len(data) > ANSWER_LIMIT_BYTES:
            raise _unreadable(f"it is longer than {ANSWER_LIMIT_BYTES} bytes")
        if time.monotonic() > until_s:
            raise _unreadable("it takes too long to come")
    try:
        answer = json.loads(
            bytes(data), object_pairs_hook=_object_without_repeats, parse_float=_refuse_number, parse_constant=_refuse_number
        )
        render_canonical(answer)
    except (ValueError, TypeError, RecursionError) as error:
        raise _unreadable("it is not JSON, or not of canonical values") from error
    if not isinstance(answer, dict):
        raise _unreadable("it is not a JSON object")
    return answer


def _object_without_repeats(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        msg = "a key is repeated"
        raise ValueError(msg)
    return found


def _refuse_number(text: str) -> NoReturn:
    msg = f"number that is no integer, of {len(text)} characters"
    raise ValueError(msg)


def _unreadable(reason: str) -> UpstreamUnavailable:
    return UpstreamUnavailable(f"the activation service's answer cannot be read: {reason}", code="activation.answer_unreadable")
