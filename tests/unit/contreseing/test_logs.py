from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest
import structlog

from contreseing.logs import MASK, configure_logs, correlation
from conventions.errors import UpstreamUnavailable

TOKEN = "0123456789abcdef0123456789abcdef.dGhpcyBpcyBhIHNlY3JldCBtYWM"
PERSONAL = ("maelle.legoff@abers.invalid", TOKEN, "482913", "482 913", "whsec_ZGVtby1zZWNyZXQ=", "demo-0a1b2c3d4e5f", "10.1.2.3")


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level, hook = list(root.handlers), root.level, sys.excepthook
    stream = io.StringIO()
    configure_logs("test", stream=stream)
    yield stream
    root.handlers, root.level, sys.excepthook = handlers, level, hook
    structlog.reset_defaults()


def records(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_record_is_one_json_object_with_its_correlation_id(lines: io.StringIO) -> None:
    with correlation("abc", work="campaign"):
        structlog.get_logger("contreseing.worker").info("delivered", count=3, reference="2026-0014")
    (record,) = records(lines)
    assert record["correlation_id"] == "abc"
    assert record["work"] == "campaign"
    assert record["count"] == 3
    assert record["reference"] == "2026-0014"
    assert record["part"] == "test"
    assert record["level"] == "info"


def test_fields_that_are_not_listed_are_dropped(lines: io.StringIO) -> None:
    structlog.get_logger().info("mail.sent", to="someone", address="maelle.legoff@abers.invalid", count=1)
    (record,) = records(lines)
    assert "to" not in record
    assert "address" not in record


@pytest.mark.parametrize("value", PERSONAL[:-1])
def test_personal_data_never_appears_in_our_records(lines: io.StringIO, value: str) -> None:
    structlog.get_logger().warning(f"got {value}", code=f"x {value}", key=[value])
    assert value not in lines.getvalue()
    assert MASK in lines.getvalue()


@pytest.mark.parametrize("value", PERSONAL)
def test_arguments_of_other_libraries_never_appear(lines: io.StringIO, value: str) -> None:
    logging.getLogger("smtp.library").warning("refused %s", value)
    logging.getLogger("uvicorn.error").warning("Invalid request from %s", value)
    assert value not in lines.getvalue()
    assert [r["event"] for r in records(lines)] == ["refused %s", "Invalid request from %s"]


@pytest.mark.parametrize("value", PERSONAL)
def test_messages_of_exceptions_never_appear(lines: io.StringIO, value: str) -> None:
    try:
        try:
            int(value + "!")
        except ValueError as error:
            raise UpstreamUnavailable("mail server does not answer", code="mail.down") from error
    except UpstreamUnavailable:
        structlog.get_logger().exception("delivery.failed", outgoing_id="o-1")
        logging.getLogger("other").exception("failed")
    assert value not in lines.getvalue()
    told = records(lines)[0]["error"]
    assert isinstance(told, list)
    assert told[0].startswith("UpstreamUnavailable mail.down: mail server does not answer at test_logs.py:")
    assert told[1].startswith("ValueError at test_logs.py:")


def test_references_and_identifiers_stay_readable(lines: io.StringIO) -> None:
    structlog.get_logger().info("x", reference="2026-0014", outgoing_id="9f86d081884c7d659a2feaa0c55ad015", duration_ms=123456)
    (record,) = records(lines)
    assert record["reference"] == "2026-0014"
    assert record["outgoing_id"] == "9f86d081884c7d659a2feaa0c55ad015"
    assert record["duration_ms"] == 123456


def test_a_fault_that_ends_the_process_is_told_without_its_message(lines: io.StringIO) -> None:
    sys.excepthook(ValueError, ValueError("maelle.legoff@abers.invalid"), None)
    (record,) = records(lines)
    assert record["event"] == "process.fault"
    assert record["error"] == ["ValueError"]
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert len(records(lines)) == 1
