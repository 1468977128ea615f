"""A proxy before a real S3 that fails as told: one fault a request, in order, then everything passes."""

from __future__ import annotations

import http.client
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOP_BY_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})
ERROR_XML = '<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>told to</Message></Error>'


class Fault(Enum):
    """What goes wrong with one request."""

    CUT_BEFORE = "the connection falls before the store saw the request"
    CUT_AFTER = "the store did it, the answer is lost"
    OTHER_BYTES = "200, and one byte of the body is not the right one"
    TRUNCATED = "200, and the body ends too early"
    HALF = "200, and the connection falls after half the body"
    DRIPPING = "200, and the body comes a byte at a time"
    CORRUPTED = "the body that the store gets is not the one that was sent"
    SLOW = "no answer within the client's patience"
    HTML = "200, and a page that no S3 ever wrote"


@dataclass(frozen=True)
class Answer:
    """An error that the store itself would give."""

    status: int
    code: str


@dataclass
class FaultyProxy:
    """``plan`` is used up from its head by requests of ``method``.

    By method, ``seen`` counts all requests and ``headers`` are the last one's; ``most_at_once`` is how many were served at one time.
    """

    address: str
    method: str = ""
    plan: deque[Fault | Answer] = field(default_factory=deque)
    seen: dict[str, int] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    most_at_once: int = 0
    at_once: int = 0
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def next_fault(self, command: str) -> Fault | Answer | None:
        """Take the next fault of the plan, for a request of its method."""
        return self.plan.popleft() if self.plan and command == self.method else None

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count a request as being served inside the block."""
        with self._counting:
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            yield
        finally:
            with self._counting:
                self.at_once -= 1

    def fail(self, method: str, *faults: Fault | Answer) -> None:
        """Let the next requests of that method fail so, one after another."""
        self.method, self.plan = method, deque(faults)
        self.seen.clear()


def damaged(data: bytes, is_damaged: bool) -> bytes:  # noqa: FBT001 said by its name
    """Change the last bit of some bytes, where they are to be damaged."""
    return data[:-1] + bytes([data[-1] ^ 1]) if is_damaged else data


def shortened(data: bytes, fault: Fault | None) -> bytes:
    """Leave out the end of a body, where the fault says so."""
    if fault is Fault.TRUNCATED:
        return data[:-1]
    return data[: len(data) // 2] if fault is Fault.HALF else data


@contextmanager
def faulty_proxy(upstream_host: str, upstream_port: int) -> Iterator[FaultyProxy]:
    """Run a proxy before the S3 at that address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_told: object) -> None:
            return

        def forward(self) -> None:
            with proxy.counted():
                self.serve()

        def serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            proxy.seen[self.command] = proxy.seen.get(self.command, 0) + 1
            proxy.headers[self.command] = {name.lower(): value for name, value in self.headers.items()}
            fault = proxy.next_fault(self.command)
            if isinstance(fault, Answer):
                self.answer(fault.status, {"content-type": "application/xml"}, ERROR_XML.format(code=fault.code).encode())
            elif fault is Fault.CUT_BEFORE:
                self.close_connection = True
            elif fault is Fault.HTML:
                self.answer(200, {"content-type": "text/html"}, b"<html><body>Welcome to the hotel's network<br></body></html>")
            else:
                if fault is Fault.SLOW:
                    time.sleep(2)
                self.pass_on(body, fault)

        def pass_on(self, body: bytes, fault: Fault | None) -> None:
            store = http.client.HTTPConnection(upstream_host, upstream_port, timeout=10)
            store.request(self.command, self.path, damaged(body, fault is Fault.CORRUPTED) or None, dict(self.headers.items()))
            response = store.getresponse()
            data = response.read()
            store.close()
            if fault is Fault.CUT_AFTER:
                self.close_connection = True
                return
            data = damaged(data, fault is Fault.OTHER_BYTES)
            headers = {name: value for name, value in response.getheaders() if name.lower() not in HOP_BY_HOP}
            length = int(response.headers.get("content-length") or 0) if self.command == "HEAD" else len(data)
            sent = shortened(data, fault)
            self.close_connection = self.close_connection or len(sent) < len(data)
            self.answer(response.status, headers, sent, length, drips=fault is Fault.DRIPPING)

        def answer(self, status: int, headers: dict[str, str], data: bytes, length: int | None = None, *, drips: bool = False) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data) if length is None else length))
            self.end_headers()
            if self.command != "HEAD":
                for piece in [data[at : at + 1] for at in range(len(data))] if drips else [data]:
                    self.wfile.write(piece)
                    time.sleep(0.1 if drips else 0)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = forward  # noqa: N815 names that http.server looks for

    class Server(ThreadingHTTPServer):
        def handle_error(self, *_told: object) -> None:
            return  # a client that gave up

    server = Server(("127.0.0.1", 0), Handler)
    proxy = FaultyProxy(f"http://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
