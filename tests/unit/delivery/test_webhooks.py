"""What the webhook says, byte for byte, and what is made of each answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from conventions.errors import ConfigurationError, ContreseingError, InputRefused, RuleRefused, UpstreamUnavailable
from conventions.ports.delivery import ActivationOrder
from delivery.webhooks import ANSWER_LIMIT_BYTES, WebhookActivation, render_order, verify_secrets
from tests.unit.delivery.smtp_servers import certificate_in, listening

SENT_AT = datetime(2026, 11, 23, 15, 4, 5, 900_000, tzinfo=timezone(timedelta(hours=1)))
KEYS = (b"first key of thirty-two bytes....", b"second key of thirty-two bytes...")
SECRETS = tuple("whsec_" + base64.b64encode(key).decode() for key in KEYS)
ORDER = ActivationOrder(
    key="5e" * 32,
    order_version=1,
    reference="2026-0014",
    service="sae",
    siret="00000000000014",
    member="Communauté de communes des Abers-Fictifs",
    effect_on="2026-11-23",
    quotas={"volume_go": 50, "comptes": 12},
    condition=None,
    ordered_at=datetime(2026, 11, 23, 14, 4, 5, tzinfo=UTC),
)


class FixedClock:
    def now(self) -> datetime:
        return SENT_AT


@dataclass
class Service:
    """An endpoint that answers as told and keeps what it was sent."""

    status: int = 200
    body: bytes = b'{"status":"acknowledged"}'
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0


@contextmanager
def answering(service: Service, tls: ssl.SSLContext | None = None) -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            service.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(service.status)
            for name, value in {"content-length": str(len(service.body)), **service.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(service.body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 http.server's names
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = False

        def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 http.server's types
            pass  # a client that stopped listening

    with Server(("127.0.0.1", 0), Handler) as server:
        service.port = server.server_port
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield service
        finally:
            server.shutdown()
            thread.join()


def activation_at(port: int, secrets: tuple[str, ...] = SECRETS[:1], timeout_s: float = 5.0) -> WebhookActivation:
    return WebhookActivation(f"http://127.0.0.1:{port}/activations?of=ker", secrets, clock=FixedClock(), timeout_s=timeout_s)


def activation_by_tls(service: Service, ca_file: Path | None = None) -> WebhookActivation:
    return WebhookActivation(f"https://127.0.0.1:{service.port}/", SECRETS, clock=FixedClock(), timeout_s=5.0, ca_file=ca_file)


def refusal_of(service: Service) -> ContreseingError:
    with answering(service), activation_at(service.port) as activation, pytest.raises(ContreseingError) as refusal:
        activation.deliver(ORDER)
    return refusal.value


def test_what_is_sent_is_a_standard_webhook_signed_by_each_key() -> None:
    with answering(Service()) as service, activation_at(service.port, SECRETS) as activation:
        receipt = activation.deliver(ORDER)
    assert (receipt.outcome, receipt.answer) == ("acknowledged", {"status": "acknowledged"})
    [(path, headers, body)] = service.asked
    assert path == "/activations?of=ker"
    assert (headers["content-type"], headers["webhook-id"]) == ("application/json", ORDER.key)
    timestamp = str(int(SENT_AT.timestamp()))
    assert headers["webhook-timestamp"] == timestamp
    signed = b".".join([ORDER.key.encode(), timestamp.encode(), body])
    expected = ["v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in KEYS]
    assert headers["webhook-signature"] == " ".join(expected)


def test_the_body_is_the_order_in_canonical_json() -> None:
    body = render_order(ORDER)
    content: dict[str, Any] = {
        "type": "service.activation",
        "order": {
            "key": ORDER.key,
            "order_version": 1,
            "reference": "2026-0014",
            "service": "sae",
            "siret": "00000000000014",
            "member": "Communauté de communes des Abers-Fictifs",
            "effect_on": "2026-11-23",
            "quotas": {"volume_go": 50, "comptes": 12},
            "condition": None,
            "ordered_at": "2026-11-23T14:04:05+00:00",
        },
    }
    assert json.loads(body) == content
    assert body == rfc8785.dumps(content)
    assert render_order(ORDER) == body


def test_a_waiting_service_is_a_receipt_with_its_answer() -> None:
    answer = {"status": "waiting_condition", "condition": "deux documents", "seen": [1, True, None]}
    service = Service(status=202, body=json.dumps(answer).encode())
    with answering(service), activation_at(service.port) as activation:
        receipt = activation.deliver(ORDER)
    assert (receipt.outcome, receipt.answer) == ("waiting_condition", answer)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 410, 413, 422, 451, 499])
def test_a_refusal_for_good_is_a_rule(status: int) -> None:
    refusal = refusal_of(Service(status=status))
    assert (type(refusal), refusal.code, refusal.details) == (RuleRefused, "activation.refused", {"status": status})


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 599])
def test_a_refusal_for_now_may_be_tried_again(status: int) -> None:
    refusal = refusal_of(Service(status=status))
    assert (type(refusal), refusal.code) == (UpstreamUnavailable, "activation.unavailable")


def test_a_redirect_is_not_followed() -> None:
    with answering(Service()) as elsewhere:
        refusal = refusal_of(Service(status=307, headers={"location": f"http://127.0.0.1:{elsewhere.port}/"}))
    assert (type(refusal), elsewhere.asked) == (UpstreamUnavailable, [])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ok",
        b"[]",
        b"{}",
        b'"acknowledged"',
        b'{"status":"done"}',
        b'{"status":["acknowledged"]}',
        b'{"status":"acknowledged","status":"waiting_condition"}',
        b'{"status":"acknowledged","cost":1.5}',
        b'{"status":"acknowledged","cost":NaN}',
        b'{"status":"acknowledged","big":9007199254740993}',
        b'{"status":"acknowledged","big":' + b"9" * 5000 + b"}",
        b'{"status":"acknowledged","half":"\\ud800"}',
        b'{"status":"acknowledged"',
        b'{"status":"acknowledged","\xff":1}',
        b"[" * 60_000,
        b'{"status":"acknowledged","pad":"' + b"x" * ANSWER_LIMIT_BYTES + b'"}',
    ],
    ids=lambda body: body[:40].decode("latin-1"),
)
def test_an_answer_that_cannot_be_read_may_be_tried_again(body: bytes) -> None:
    refusal = refusal_of(Service(body=body))
    assert (type(refusal), refusal.code) == (UpstreamUnavailable, "activation.answer_unreadable")


def test_a_compressed_answer_is_not_opened() -> None:
    assert refusal_of(Service(headers={"content-encoding": "gzip"})).code == "activation.answer_unreadable"


def test_an_answer_cut_short_may_be_tried_again() -> None:
    half = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"
    with listening(half) as port, activation_at(port) as activation, pytest.raises(UpstreamUnavailable) as refusal:
        activation.deliver(ORDER)
    assert refusal.value.code == "activation.unavailable"


def test_an_answer_that_drips_is_given_up() -> None:
    class Dripping(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            while not stop.wait(0.05):
                self.wfile.write(b" ")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 http.server's names
            pass

    stop = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Dripping) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        with activation_at(server.server_port, timeout_s=0.4) as activation, pytest.raises(UpstreamUnavailable, match="too long to come"):
            activation.deliver(ORDER)
        stop.set()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("answer", [b"", None])
def test_no_answer_may_be_tried_again(answer: bytes | None) -> None:
    with listening(answer) as port, activation_at(port, timeout_s=0.2) as activation, pytest.raises(UpstreamUnavailable):
        activation.deliver(ORDER)


def test_no_service_may_be_tried_again() -> None:
    with listening(b"") as port:
        pass
    with activation_at(port) as activation, pytest.raises(UpstreamUnavailable):
        activation.deliver(ORDER)


@pytest.mark.parametrize(
    "order",
    [
        replace(ORDER, key="a.b"),
        replace(ORDER, key=""),
        replace(ORDER, key="a\r\nx: y"),
        replace(ORDER, key="é"),
        replace(ORDER, ordered_at=datetime(2026, 1, 1)),  # noqa: DTZ001 the fault under test
        replace(ORDER, member="\ud800"),
        replace(ORDER, quotas={"volume": 2**53}),
    ],
)
def test_an_order_that_cannot_be_written_is_refused(order: ActivationOrder) -> None:
    with pytest.raises(InputRefused) as refusal:
        render_order(order)
    assert refusal.value.code == "activation.order_refused"


@given(st.text(max_size=30), st.dictionaries(st.text("abc_", min_size=1), st.integers(0, 2**53 - 1), max_size=3))
def test_the_body_is_rfc_8785_whatever_the_order_says(text: str, quotas: dict[str, int]) -> None:
    body = render_order(replace(ORDER, member=text, quotas=quotas))
    assert body == rfc8785.dumps(json.loads(body))


@pytest.mark.parametrize(
    "secrets",
    [
        (),
        (SECRETS[0], SECRETS[0]),
        (*SECRETS, "whsec_" + base64.b64encode(b"third key of thirty-two bytes....").decode()),
        (SECRETS[0].removeprefix("whsec_"),),
        ("whsec_",),
        ("whsec_" + base64.b64encode(b"short").decode(),),
        ("whsec_" + base64.b64encode(b"x" * 65).decode(),),
        ("whsec_not base64 at all, but long enough to be a key!",),
        ("whsec_é" + "A" * 40,),
    ],
)
def test_a_secret_of_another_form_stops_the_start_and_is_not_shown(secrets: tuple[str, ...]) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        verify_secrets(secrets)
    assert all(secret.removeprefix("whsec_") not in str(refusal.value) for secret in secrets if len(secret) > 6)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "ftp://a.invalid",
        "https://",
        "https://user:password@a.invalid/",
        "https://a.invalid/#x",
        "https://[a",
        "http://a.invalid:99999/",
    ],
)
def test_an_unusable_address_stops_the_start(url: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        WebhookActivation(url, SECRETS, clock=FixedClock())
    assert (refusal.value.code, "password" in str(refusal.value)) == ("configuration.webhook_url", False)


def test_an_unreadable_file_of_authorities_stops_the_start() -> None:
    with pytest.raises(ConfigurationError):
        WebhookActivation("https://a.invalid", SECRETS, clock=FixedClock(), ca_file=Path("absent.pem"))


def test_the_certificate_of_the_service_is_verified(tmp_path: Path) -> None:
    tls, ca_file = certificate_in(tmp_path)
    with answering(Service(), tls) as service, activation_by_tls(service) as wary, pytest.raises(UpstreamUnavailable):
        wary.deliver(ORDER)
    assert service.asked == []
    with answering(Service(), tls) as service, activation_by_tls(service, ca_file) as trusting:
        assert trusting.deliver(ORDER).outcome == "acknowledged"
