"""What leaves: rows of the outbox. A row holds a template's name and ids, never a link, a code or a rendered text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

RETRY_AFTER = (
    timedelta(seconds=5),
    timedelta(seconds=30),
    timedelta(minutes=2),
    timedelta(minutes=10),
    timedelta(hours=1),
    timedelta(hours=6),
)
"""Published schedule: a row that failed once more than this has entries is a dead letter, shown and replayed by a person."""

LEASE = timedelta(minutes=2)
"""How long a worker may hold a row before another may take it."""

LATE_AFTER = timedelta(minutes=2)
"""A row due for longer is counted as late by the sweep."""


class Template(StrEnum):
    """What a row is: a mail's template, or an activation order."""

    INVITATION = "invitation"
    DATA_REQUEST = "data_request"
    CODE = "code"
    MEMBER_RECEIPT = "member_receipt"
    COSIGNED_COPY = "cosigned_copy"
    SECOND_ADDRESS_NOTICE = "second_address_notice"
    RETURNED = "returned"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    ARCHIVE_ALERT = "archive_alert"
    LISTS_ALERT = "lists_alert"
    JOURNAL_ALERT = "journal_alert"
    ATTENTION = "attention"
    UPLOAD_REFUSED = "upload_refused"
    ORDER = "order"


ALERTS = frozenset({Template.ARCHIVE_ALERT, Template.LISTS_ALERT, Template.JOURNAL_ALERT})
"""Mails to the agents that are of no agreement in particular."""
ALERT_REFERENCE = "archive"
"""What stands for their reference in the outbox."""


class OutgoingState(StrEnum):
    """Where a row stands."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True)
class Outgoing:
    """One thing to deliver; ``key`` is unique: enqueuing it twice is one row. ``lease`` is the current holder's fence."""

    id: str
    key: str
    template: Template
    reference: str
    due_at: datetime
    ids: Mapping[str, str] = field(default_factory=dict)
    state: OutgoingState = OutgoingState.WAITING
    attempts: int = 0
    lease: int = 0
    leased_until: datetime | None = None
    last_error_code: str | None = None
    settled_at: datetime | None = None


def retry_at(attempts: int, now: datetime) -> datetime | None:
    """Return when to try again after that many failed attempts, or None when it becomes a dead letter."""
    return now + RETRY_AFTER[attempts - 1] if attempts <= len(RETRY_AFTER) else None
