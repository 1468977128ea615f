"""The receiver: what it takes and refuses, and what is left of its file after a kill."""

from __future__ import annotations

import json
import resource
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from conventions.canonical import Json, render_canonical
from tests.contract.delivery.parts import READY_WITHIN_S, RunningPart, receiver_in, run_part, webhook_secret

pytestmark = pytest.mark.sampled(one_in=2)

SECRET, NEXT_SECRET = webhook_secret("the one in use"), webhook_secret("the one to come")


def body_of(key: str, **changes: Json) -> bytes:
    return render_canonical({"type": "service.activation", "order": {"key": key, "service": "sae", "condition": None, **changes}})


def headers_of(key: str, body: bytes, *, secret: str = SECRET, at: datetime | None = None) -> dict[str, str]:
    at = at or datetime.now(UTC)
    signature = Webhook(secret).sign(key, at, body.decode())
    return {"webhook-id": key, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def post(receiver: RunningPart, body: bytes, headers: dict[str, str]) -> httpx.Response:
    return httpx.post(f"{receiver.address}/activations", content=body, headers=headers, trust_env=False)


def send(receiver: RunningPart, key: str, **changes: Json) -> httpx.Response:
    body = body_of(key, **changes)
    return post(receiver, body, headers_of(key, body))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("receiver")


@pytest.fixture(scope="module")
def receiver(folder: Path) -> Iterator[RunningPart]:
    running = receiver_in(folder, SECRET, NEXT_SECRET).start()
    yield running
    assert running.stop() == (0, "")


def lines_in(folder: Path) -> list[bytes]:
    return (folder / "orders" / "activations.jsonl").read_bytes().splitlines()


def test_a_line_is_the_order_as_received_and_can_be_verified_again(receiver: RunningPart, folder: Path) -> None:
    body = body_of("line-1", member="Communauté \u2028 « des Abers »\n")
    headers = headers_of("line-1", body)
    assert post(receiver, body, headers).json() == {"status": "acknowledged", "order": "line-1"}
    line = next(line for line in lines_in(folder) if b'"line-1"' in line)
    assert json.loads(line) == {"headers": headers, "body": json.loads(body)}
    received = line[line.index(b',"body":') + len(b',"body":') : -1]
    assert received == body
    Webhook(SECRET).verify(received, json.loads(line)["headers"])


def test_a_condition_is_told_back(receiver: RunningPart) -> None:
    answer = send(receiver, "waits-1", condition="deux documents").json()
    assert answer == {"status": "waiting_condition", "order": "waits-1", "condition": "deux documents"}


def test_a_repeat_is_answered_alike_and_kept_once(receiver: RunningPart, folder: Path) -> None:
    first, again = send(receiver, "twice-1"), send(receiver, "twice-1")
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (200, {"status": "acknowledged", "order": "twice-1"})
    assert sum(b'"twice-1"' in line for line in lines_in(folder)) == 1


def test_another_order_under_the_same_id_is_refused(receiver: RunningPart, folder: Path) -> None:
    send(receiver, "taken-1")
    assert send(receiver, "taken-1", service="ged").status_code == 409
    assert sum(b'"taken-1"' in line for line in lines_in(folder)) == 1


def test_either_secret_signs_while_one_replaces_the_other(receiver: RunningPart) -> None:
    for key, secret in (("old-1", SECRET), ("new-1", NEXT_SECRET)):
        body = body_of(key)
        assert post(receiver, body, headers_of(key, body, secret=secret)).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,not base64"},
        {"webhook-signature": "v1,é".encode().decode("latin-1")},
        {"webhook-signature": "v2,AAAA v1a,BBBB"},
        {"webhook-id": "other"},
        {"webhook-timestamp": "0"},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "1e400"},
        {"webhook-timestamp": "today"},
    ],
)
def test_a_signature_that_does_not_hold_is_refused(receiver: RunningPart, change: dict[str, str]) -> None:
    body = body_of("forged-1")
    headers = [(name.encode(), value.encode("latin-1")) for name, value in (headers_of("forged-1", body) | change).items()]
    answer = httpx.post(f"{receiver.address}/activations", content=body, headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()) == (401, {"error": "signature"})


@pytest.mark.parametrize("minutes", [-6, 6])
def test_an_old_or_early_message_is_refused(receiver: RunningPart, minutes: int) -> None:
    body = body_of("late-1")
    assert post(receiver, body, headers_of("late-1", body, at=datetime.now(UTC) + timedelta(minutes=minutes))).status_code == 401


def test_a_changed_body_or_a_foreign_secret_is_refused(receiver: RunningPart) -> None:
    body = body_of("changed-1")
    assert post(receiver, body.replace(b"sae", b"ged"), headers_of("changed-1", body)).status_code == 401
    assert post(receiver, body, headers_of("changed-1", body, secret=webhook_secret("a thief's"))).status_code == 401
    assert post(receiver, b"\xff\xfe", headers_of("changed-1", b"x")).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b"not json",
        b'{"type":"service.activation","order":null}',
        b'{"order":{"condition":null,"key":"other"},"type":"service.activation"}',
        b'{"order":{"key":"odd-1"},"type":"service.activation"}',
        b'{"order":{"condition":1,"key":"odd-1"},"type":"service.activation"}',
        b'{"order":{"condition":null,"key":"odd-1"},"type":"something.else"}',
        b'{"type":"service.activation","order":{"condition":null,"key":"odd-1"}}',
        b'{"order":{"condition":null,"key":"odd-1","price":1.5},"type":"service.activation"}',
        b"[" * 60_000,
    ],
    ids=lambda body: body[:60].decode(),
)
def test_a_signed_body_that_is_no_order_is_refused(receiver: RunningPart, body: bytes) -> None:
    answer = post(receiver, body, headers_of("odd-1", body))
    assert (answer.status_code, answer.json()) == (422, {"error": "order"})


def test_a_body_without_end_is_refused(receiver: RunningPart) -> None:
    assert post(receiver, b"x" * 70_000, {}).status_code == 413


def test_a_body_cut_short_is_not_an_order(receiver: RunningPart) -> None:
    with socket.create_connection(("127.0.0.1", receiver.http_port)) as connection:
        connection.sendall(b"POST /activations HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\n{")
    assert receiver.get("/health")["status"] == "ok"


def test_a_page_of_another_site_cannot_read_the_orders(receiver: RunningPart) -> None:
    answer = httpx.get(f"{receiver.address}/activations", headers={"host": "elsewhere.invalid"}, trust_env=False)
    assert answer.status_code == 400


def test_the_list_is_in_order_of_arrival(receiver: RunningPart) -> None:
    for key in ("z-1", "a-1"):
        send(receiver, key)
    listed = receiver.get("/activations")
    assert [order["id"] for order in listed["activations"]][-2:] == ["z-1", "a-1"]
    assert listed["count"] == len(listed["activations"]) == receiver.get("/health")["activations"]
    assert listed["activations"][-1]["body"]["order"]["service"] == "sae"


def test_an_order_answered_outlives_a_kill_and_a_torn_line_is_taken_off(tmp_path: Path) -> None:
    receiver = receiver_in(tmp_path, SECRET).start()
    assert send(receiver, "kept-1").status_code == 200
    receiver.kill()
    path = tmp_path / "orders" / "activations.jsonl"
    whole = path.read_bytes()
    for torn in (b"{", whole[:-2], whole[:-1]):
        path.write_bytes(whole + torn)
        receiver.start()
        assert path.read_bytes() == whole
        assert send(receiver, "kept-1").status_code == 200
        assert path.read_bytes() == whole
        receiver.kill()
    receiver.start()
    send(receiver, "kept-2")
    assert receiver.stop() == (0, "")
    assert path.read_bytes().startswith(whole)
    assert len(lines_in(tmp_path)) == 2


@pytest.mark.parametrize("line", [b"x\n", b"\n", b"{}\n", b'{"headers":{},"body":{}}\n', b'{"headers":[],"body":{}}\n'])
def test_a_broken_whole_line_stops_the_start(tmp_path: Path, line: bytes) -> None:
    receiver = receiver_in(tmp_path, SECRET)
    (tmp_path / "orders").mkdir()
    (tmp_path / "orders" / "activations.jsonl").write_bytes(line)
    process = run_part("receiver", *receiver.arguments)
    output, _ = process.communicate(timeout=READY_WITHIN_S)
    assert (process.returncode, output) == (2, "receiver: activations.jsonl, line 1: not an order\n")


def test_a_line_altered_since_stops_the_start(tmp_path: Path) -> None:
    receiver = receiver_in(tmp_path, SECRET).start()
    send(receiver, "kept-1")
    receiver.stop()
    path = tmp_path / "orders" / "activations.jsonl"
    path.write_bytes(path.read_bytes().replace(b'{"headers"', b'{ "headers"'))
    process = run_part("receiver", *receiver.arguments)
    assert process.communicate(timeout=READY_WITHIN_S)[0].startswith("receiver: activations.jsonl, line 1:")
    assert process.returncode == 2


def test_two_receivers_never_share_a_file(receiver: RunningPart, folder: Path) -> None:
    other = receiver_in(folder, SECRET, NEXT_SECRET)
    process = run_part("receiver", *other.arguments)
    output, _ = process.communicate(timeout=READY_WITHIN_S)
    assert (process.returncode, output) == (2, "receiver: another receiver holds activations.jsonl\n")
    assert receiver.get("/health")["status"] == "ok"


def test_a_port_taken_is_named(receiver: RunningPart, tmp_path: Path) -> None:
    arguments = ("--port", str(receiver.http_port), *receiver_in(tmp_path, SECRET).arguments[2:])
    process = run_part("receiver", *arguments)
    output, _ = process.communicate(timeout=READY_WITHIN_S)
    assert (process.returncode, output) == (2, f"receiver: port {receiver.http_port} of 127.0.0.1 is taken by another program\n")


@pytest.mark.parametrize("content", ["", "whsec_\n", "whsec_secret-that-is-not-base64\n", "é\n"])
def test_a_file_without_usable_secret_stops_the_start_and_is_not_shown(tmp_path: Path, content: str) -> None:
    receiver = receiver_in(tmp_path)
    (tmp_path / "secrets").write_text(content)
    process = run_part("receiver", *receiver.arguments)
    output, _ = process.communicate(timeout=READY_WITHIN_S)
    assert process.returncode == 2
    assert output.startswith("receiver: ")
    assert "that-is" not in output


def test_nothing_but_loopback_is_served(tmp_path: Path) -> None:
    process = run_part("receiver", "--host", "0.0.0.0", *receiver_in(tmp_path, SECRET).arguments)  # noqa: S104 the fault under test
    output, _ = process.communicate(timeout=READY_WITHIN_S)
    assert (process.returncode, output) == (2, "receiver: 0.0.0.0 is not a loopback address\n")


def test_it_stops_at_once_with_a_client_connected(tmp_path: Path) -> None:
    receiver = receiver_in(tmp_path, SECRET).start()
    with httpx.Client(trust_env=False) as client:
        client.get(f"{receiver.address}/health")
        began_s = time.monotonic()
        assert receiver.stop() == (0, "")
        assert time.monotonic() - began_s < 3


def test_an_order_that_the_disk_refuses_is_not_answered_and_leaves_no_trace(tmp_path: Path) -> None:
    receiver = receiver_in(tmp_path, SECRET).start()
    send(receiver, "kept-1")
    path = tmp_path / "orders" / "activations.jsonl"
    whole = path.read_bytes()
    _, most = resource.prlimit(receiver.process.pid, resource.RLIMIT_FSIZE, (len(whole) + 10, resource.RLIM_INFINITY))
    assert (send(receiver, "kept-2").status_code, path.read_bytes()) == (503, whole)
    resource.prlimit(receiver.process.pid, resource.RLIMIT_FSIZE, (most, most))
    assert send(receiver, "kept-2").status_code == 200
    assert len(lines_in(tmp_path)) == 2
    assert receiver.stop() == (0, "contreseing.receiver ERROR order not kept: File too large\n")
