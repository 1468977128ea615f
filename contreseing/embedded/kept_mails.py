"""Mails as files: each one whole in a file of its own, written aside then renamed, so that a kill leaves no half of one.

A file is the mail as received, after three lines of its own: ``Return-Path``, ``Delivered-To`` (one per recipient),
``Received``. Its name, ``<instant in nanoseconds, 20 digits>-<8 hexadecimal digits>.eml``, is its rank and its identifier.
"""

from __future__ import annotations

import os
import re
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.headerregistry import ContentDispositionHeader, HeaderRegistry
from email.message import EmailMessage, MIMEPart
from email.policy import default as modern_policy
from email.utils import format_datetime
from pathlib import Path
from typing import cast

from conventions.errors import NotFound
from conventions.ports.system import Clock

_HEADERS = HeaderRegistry(use_default_map=False)  # the parsers of addresses and identifiers fail on crooked ones with any error
_HEADERS.map_to_type("content-disposition", ContentDispositionHeader)  # type: ignore[arg-type]  # typeshed's BaseHeader; the library mixes it in
_LENIENT = modern_policy.clone(header_factory=_HEADERS)

MAIL_ID = re.compile(r"[0-9]{20}-[0-9a-f]{8}\Z")
TRACE_END = b"Received: by contreseing.invalid;"
_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class KeptMail:
    """What lists show of a mail."""

    id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    at: datetime

    def is_to(self, address: str) -> bool:
        """Tell whether the address is one of the recipients, case aside."""
        return address.casefold() in (recipient.casefold() for recipient in self.recipients)

    def is_to_like(self, part: str) -> bool:
        """Tell whether a recipient's address holds that text, case aside."""
        return any(part.casefold() in recipient.casefold() for recipient in self.recipients)


@dataclass(frozen=True)
class MailPart:
    """A file joined to a mail."""

    filename: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class OpenedMail:
    """A mail read whole."""

    kept: KeptMail
    message_id: str
    text: str
    html: str | None
    attachments: tuple[MailPart, ...]


class KeptMails:
    """The mails of one folder; only one process may write there. May be shared by threads."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for half in folder.glob("*.part"):
            half.unlink()
        self._mails = {
            path.stem: _summary(path.stem, path.read_bytes()) for path in sorted(folder.glob("*.eml")) if MAIL_ID.match(path.stem)
        }
        self._texts: dict[str, str] = {}
        self._last_rank = int(max(self._mails, default="0").partition("-")[0])

    def __len__(self) -> int:
        return len(self._mails)

    def keep(self, sender: str, recipients: Sequence[str], content: bytes) -> str:
        """Keep a mail for good and return its identifier.

        Raises:
            OSError: it is not kept.
        """
        now = self._clock.now()
        with self._lock:
            self._last_rank = rank = max(self._last_rank + 1, int(now.timestamp() * _NANOSECONDS))
        mail_id = f"{rank:020d}-{secrets.token_hex(4)}"
        trace = [f"Return-Path: <{sender}>", *(f"Delivered-To: {recipient}" for recipient in recipients)]
        trace.append(f"{TRACE_END.decode()} {format_datetime(now.astimezone(UTC))}")
        whole = "".join(f"{line}\r\n" for line in trace).encode() + content
        part = self._folder / f"{mail_id}.part"
        with part.open("xb") as file:
            file.write(whole)
            file.flush()
            os.fsync(file.fileno())
        part.rename(self._folder / f"{mail_id}.eml")
        _sync_folder(self._folder)
        summary = _summary(mail_id, whole)
        with self._lock:
            self._mails[mail_id] = summary
        return mail_id

    def newest_first(self) -> list[KeptMail]:
        """List all mails."""
        with self._lock:
            return [self._mails[mail_id] for mail_id in sorted(self._mails, reverse=True)]

    def open(self, mail_id: str) -> OpenedMail:
        """Read one mail whole.

        Raises:
            NotFound: there is none under that identifier.
        """
        kept = self._mails.get(mail_id)
        if kept is None:
            raise NotFound("no mail under that identifier", code="mailbox.not_found")
        message = _parsed((self._folder / f"{mail_id}.eml").read_bytes())
        text = self._texts[mail_id] = _body(message, "plain") or ""
        return OpenedMail(kept, str(message.get("Message-ID", "")), text, _body(message, "html"), tuple(_attachments(message)))

    def text_of(self, mail_id: str) -> str:
        """Return the text part of one mail; it is read once, when first asked for.

        Raises:
            NotFound: there is none under that identifier.
        """
        known = self._texts.get(mail_id)
        return self.open(mail_id).text if known is None else known


def _parsed(whole: bytes) -> EmailMessage:
    return message_from_bytes(whole, policy=_LENIENT)


def _summary(mail_id: str, whole: bytes) -> KeptMail:
    head = whole.partition(b"\r\n\r\n")[0]
    trace = head.partition(TRACE_END)[0].decode("utf-8", "replace").split("\r\n")  # the mail may hold headers of the same names
    sender = trace[0].removeprefix("Return-Path: ").strip("<>")
    recipients = tuple(line.removeprefix("Delivered-To: ") for line in trace if line.startswith("Delivered-To: "))
    at = datetime.fromtimestamp(int(mail_id.partition("-")[0]) / _NANOSECONDS, UTC)
    return KeptMail(mail_id, sender, recipients, _subject(head), at)


def _subject(head: bytes) -> str:
    raw = str(message_from_bytes(head).get("Subject", ""))  # the older policy: it parses no header by itself
    try:
        subject = str(make_header(decode_header(raw)))
    except (HeaderParseError, LookupError, ValueError):
        subject = raw
    return " ".join(subject.split())


def _body(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    return None if part is None else _content(part)


def _content(part: MIMEPart) -> str:
    try:
        content = part.get_content()
    except (LookupError, ValueError):  # an unknown charset, a broken encoding: anybody may write to the catcher
        content = part.get_payload(decode=True)
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else str(content)
    return text.replace("\r\n", "\n")


def _attachments(message: EmailMessage) -> list[MailPart]:
    return [
        MailPart(part.get_filename() or f"piece-{rank}", part.get_content_type(), cast("bytes", part.get_payload(decode=True) or b""))
        for rank, part in enumerate(message.iter_attachments(), 1)
    ]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
