"""Logs: one JSON object a line on standard error, with a correlation id and without personal data.

What keeps people out of the logs is not care at each call but three filters here: fields of our own records pass by a list
(``FIELDS``); other libraries' records lose their arguments, where the values are; exceptions keep their class, our stable
code and where they rose, never their message. What still looks like an address, a link or a code is masked.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import IO, Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from conventions.errors import ContreseingError

FIELDS = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "logger",
        "correlation_id",
        "process",
        "part",
        "error",
        "reference",
        "step",
        "code",
        "status",
        "count",
        "done",
        "waiting",
        "late",
        "dead_letters",
        "duration_ms",
        "work",
        "key",
        "campaign_id",
        "authorisation_id",
        "outgoing_id",
        "template",
        "attempts",
        "service",
        "route",
        "method",
        "http_status",
        "site",
        "run_id",
        "port",
        "exit_status",
        "signal",
        "requests",
        "granted",
        "refused",
        "unanswered",
        "opened",
    }
)
"""Names of fields that may be logged: identifiers, counts and durations of ours, none of which is about a person."""

MASK = "[masked]"
_PERSONAL = re.compile(
    r"""
      [^\s@"'<>]+@[^\s@"'<>]+            # an e-mail address
    | [0-9a-f]{32}\.[A-Za-z0-9_-]{16,}   # a signer's link: id and HMAC
    | (?<![0-9a-f-])[0-9]{3}\s?[0-9]{3}(?![0-9a-f-])  # a code of six digits
    | whsec_\S+ | demo-[0-9A-Za-z_-]{8,} # a secret
    | (?<=//)[^/\s:@]+:[^/\s@]+(?=@)     # credentials inside an address
    """,
    re.VERBOSE,
)


def configure_logs(part: str, level: str = "INFO", stream: IO[str] | None = None) -> None:
    """Send every record of this process, ours and the libraries', to ``stream`` (standard error) as JSON lines."""
    target = stream or sys.stderr
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _named(part),
        describe_exception,
        keep_listed_fields,
        mask_personal_data,
    ]
    renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(target)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            use_get_message=False,
        )
    )
    sys.excepthook = _log_fault
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in ("uvicorn", "uvicorn.error"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    for chatty in ("uvicorn.access", "httpx", "httpcore", "mail.log", "asyncio", "fontTools", "alembic"):
        logging.getLogger(chatty).handlers = []
        logging.getLogger(chatty).setLevel(logging.WARNING)


def _log_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Tell a fault that ends the process as any other record: its message might name somebody."""
    del trace
    if issubclass(kind, KeyboardInterrupt):
        return
    structlog.get_logger("contreseing").critical("process.fault", exc_info=error)


@contextmanager
def correlation(correlation_id: str, **fields: str) -> Iterator[None]:
    """Give every record made inside the block the same correlation id, and these listed fields."""
    with structlog.contextvars.bound_contextvars(correlation_id=correlation_id, **fields):
        yield


def _named(part: str) -> Processor:
    def name(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        del logger, method
        event["part"] = part
        return event

    return name


def describe_exception(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Replace an exception by its classes, our code and where it rose; its message is left out."""
    del logger, method
    given = event.pop("exc_info", None)
    record = event.get("_record")
    if given is None and isinstance(record, logging.LogRecord):
        given = record.exc_info
        record.exc_info, record.exc_text = None, None
    error = _exception_in(given)
    if error is not None:
        event["error"] = describe(error)
    return event


def describe(error: BaseException) -> list[str]:
    """Tell an exception and its causes without their messages (ours, which hold no personal data, keep theirs)."""
    told: list[str] = []
    current: BaseException | None = error
    while current is not None:
        last = traceback.extract_tb(current.__traceback__)[-1:] if current.__traceback__ else []
        where = f" at {last[0].filename.rpartition('/')[2]}:{last[0].lineno}" if last else ""
        what = f" {current.code}: {current}" if isinstance(current, ContreseingError) else ""
        told.append(f"{type(current).__name__}{what}{where}")
        current = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
    return told


def _exception_in(given: object) -> BaseException | None:
    if isinstance(given, BaseException):
        return given
    if isinstance(given, tuple) and len(given) > 1 and isinstance(given[1], BaseException):
        return given[1]
    return sys.exc_info()[1] if given is True else None


def keep_listed_fields(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Drop every field that is not listed; the formatter's own ones (leading underscore) pass."""
    del logger, method
    return {name: value for name, value in event.items() if name in FIELDS or name.startswith("_")}


def mask_personal_data(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Mask what still looks like an address, a link, a code or a secret in any text of the record."""
    del logger, method
    return {name: value if name == "timestamp" or name.startswith("_") else _masked(value) for name, value in event.items()}


def _masked(value: Any) -> Any:  # noqa: ANN401 whatever was logged
    if isinstance(value, str):
        return _PERSONAL.sub(MASK, value)
    if isinstance(value, list | tuple):
        return [_masked(item) for item in value]
    return value
