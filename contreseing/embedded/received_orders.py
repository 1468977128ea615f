"""Orders as the receiver keeps them: ``activations.jsonl``, one line an order, on the disk before it is acknowledged.

A line is ``{"headers":{"webhook-id":…,"webhook-signature":…,"webhook-timestamp":…},"body":…}`` where the body is, byte for
byte, what was received (canonical JSON, so one line): its signature can be checked again from the file.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from conventions.canonical import render_canonical
from conventions.errors import AlreadyRecorded, ConfigurationError, EvidenceBroken, InputRefused
from delivery.webhooks import EVENT_TYPE

FILENAME = "activations.jsonl"
HEADER_NAMES = ("webhook-id", "webhook-signature", "webhook-timestamp")


@dataclass(frozen=True)
class ReceivedOrder:
    """An order with the headers it came with; ``body`` as received."""

    headers: Mapping[str, str]
    body: bytes
    content: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The order's key."""
        return self.headers["webhook-id"]

    @property
    def timestamp(self) -> str:
        """When it was sent, seconds of the epoch."""
        return self.headers["webhook-timestamp"]

    @property
    def condition(self) -> str | None:
        """What the service waits for, if anything."""
        condition = self.content["order"]["condition"]
        return None if condition is None else str(condition)

    def line(self) -> bytes:
        """Render the line of the file."""
        headers = render_canonical({name: self.headers[name] for name in HEADER_NAMES})
        return b'{"headers":%b,"body":%b}\n' % (headers, self.body)


def parse_order(headers: Mapping[str, str], body: bytes) -> ReceivedOrder:
    """Read an order: canonical JSON of type ``service.activation`` whose order bears the ``webhook-id`` as its key.

    Raises:
        InputRefused: it is not such an order.
    """
    try:
        content = json.loads(body)
        canonical = render_canonical(content)
    except (ValueError, TypeError, RecursionError) as error:
        raise InputRefused("the body is not canonical JSON", code="receiver.body") from error
    order = content.get("order") if isinstance(content, dict) and content.get("type") == EVENT_TYPE else None
    if canonical != body or not isinstance(order, dict) or order.get("key") != headers["webhook-id"]:
        raise InputRefused("the body is not an order under its own key", code="receiver.body")
    if "condition" not in order or not isinstance(order["condition"], str | None):
        raise InputRefused("the order's condition is neither text nor null", code="receiver.body")
    return ReceivedOrder({name: headers[name] for name in HEADER_NAMES}, body, content)


class ReceivedOrders:
    """The file of orders; one process at a time, any thread. A line cut short by a kill was never acknowledged: it is taken off.

    Raises:
        ConfigurationError: another process holds the file.
        EvidenceBroken: a whole line cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._lock = threading.Lock()
        self._file = os.open(folder / FILENAME, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            _hold(self._file)
            _sync_folder(folder)
            self._orders = {order.id: order for order in _read_repaired(self._file)}
        except BaseException:
            os.close(self._file)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._file)

    def kept(self) -> list[ReceivedOrder]:
        """List the orders, first received first."""
        with self._lock:
            return list(self._orders.values())

    def ensure_kept(self, order: ReceivedOrder) -> None:
        """Append an order unless it stands already, and return once it is on the disk.

        Raises:
            AlreadyRecorded: another body stands under the same id.
            OSError: it is not kept, and the file is as it was.
        """
        with self._lock:
            standing = self._orders.get(order.id)
            if standing is not None:
                if standing.body != order.body:
                    raise AlreadyRecorded("another order stands under this webhook-id")
                return
            size_bytes = os.fstat(self._file).st_size
            try:
                _write_whole(self._file, order.line())
                os.fsync(self._file)
            except OSError:
                os.ftruncate(self._file, size_bytes)
                raise
            self._orders[order.id] = order


def _hold(descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise ConfigurationError(f"another receiver holds {FILENAME}", code="configuration.receiver_twice") from error


def _read_repaired(descriptor: int) -> list[ReceivedOrder]:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        whole = file.read()
    sound = whole[: whole.rfind(b"\n") + 1]
    if len(sound) < len(whole):
        os.ftruncate(descriptor, len(sound))
        os.fsync(descriptor)
    return [_read_line(rank, line) for rank, line in enumerate(sound.splitlines(), 1)]


def _read_line(rank: int, line: bytes) -> ReceivedOrder:
    try:
        headers = json.loads(line)["headers"]
        body = line[len(b'{"headers":%b,"body":' % render_canonical(headers)) : -1]
        order = parse_order(headers, body)
    except (ValueError, TypeError, LookupError, InputRefused) as error:
        raise EvidenceBroken(f"{FILENAME}, line {rank}: not an order", code="receiver.line_broken") from error
    if order.line() != line + b"\n":
        raise EvidenceBroken(f"{FILENAME}, line {rank}: not as it was written", code="receiver.line_broken")
    return order


def _write_whole(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
