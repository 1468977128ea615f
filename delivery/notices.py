"""Notices as mails: what each template needs, and the message made from it. No network here.

A mail has a text part and an HTML part that say the same, in French; nothing is fetched from elsewhere when it is read.
"""

from __future__ import annotations

import binascii
import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from types import MappingProxyType

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from conventions.bodies import of_body, the_body
from conventions.errors import ConfigurationError, InputRefused
from conventions.outgoing import Template
from conventions.people import is_mail_address
from conventions.ports.delivery import Attachment, Notice

TEMPLATES_FOLDER = Path(__file__).parent / "templates"

VALUES_OF: Mapping[Template, frozenset[str]] = MappingProxyType(
    {
        Template.INVITATION: frozenset(
            {"title", "greeting", "organisation", "syndicate", "amount", "deadline", "link", "site", "telephone"}
        ),
        Template.DATA_REQUEST: frozenset(
            {"title", "greeting", "organisation", "syndicate", "missing", "link", "site", "telephone", "deadline"}
        ),
        Template.CODE: frozenset({"title", "organisation", "amount", "code", "minutes", "telephone"}),
        Template.MEMBER_RECEIPT: frozenset({"title", "greeting", "organisation", "signed_at", "telephone"}),
        Template.COSIGNED_COPY: frozenset(
            {"title", "greeting", "organisation", "signed_at", "services", "pending", "effect_on", "telephone"}
        ),
        Template.SECOND_ADDRESS_NOTICE: frozenset({"title", "organisation", "signer", "signed_at", "telephone"}),
        Template.RETURNED: frozenset({"title", "organisation", "reason", "greeting", "telephone"}),
        Template.DECLINED: frozenset({"title", "organisation", "reason"}),
        Template.CANCELLED: frozenset({"title", "organisation", "reason", "greeting", "telephone"}),
        Template.ARCHIVE_ALERT: frozenset({"checked_at", "count", "findings", "office"}),
        Template.LISTS_ALERT: frozenset({"checked_at", "count", "findings", "office"}),
        Template.JOURNAL_ALERT: frozenset({"checked_at", "count", "findings", "office"}),
        Template.ATTENTION: frozenset({"title", "organisation", "reference", "what", "office"}),
        Template.UPLOAD_REFUSED: frozenset({"title", "organisation", "reason", "greeting", "telephone"}),
    }
)
"""The keys that a notice gives, exactly; ``Template.ORDER`` is no mail."""

FILTERS: Mapping[str, Callable[[str], str]] = MappingProxyType({"of_body": of_body, "the_body": the_body})
"""What templates may do to a value: put a body's name in a sentence."""

LAYOUT_NAMES = frozenset({"subject", "site_name", "help_telephone", "demonstration"})
"""What every template may use beside its values."""

SEVERAL_LINES = frozenset({"missing", "services", "pending", "reason", "findings"})
"""Values shown as a list or as typed by a person; what cannot be shown in them becomes U+FFFD, because the mail must still leave."""

MAY_BE_EMPTY = frozenset({(Template.COSIGNED_COPY, "services"), (Template.COSIGNED_COPY, "pending"), (Template.DECLINED, "reason")})

DEMONSTRATION_PREFIX = "[Démonstration] "
VALUE_LIMIT_CHARS = 10_000
ENCODED_WORD_START = "=?"  # RFC 2047: Python's email package would decode such a word in a subject, line breaks included
BASE64_LINE_CHARS = 76  # RFC 2045, 6.8

_UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})  # controls, lone surrogates, line and paragraph separators (Unicode, table 4-4)
_DIRECTION = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # would show a text in another order
_LINK = re.compile(r"https?://[!-~]+\Z")
_MEDIA_TYPE = re.compile(r"([a-z]+)/([a-z0-9.+-]+)\Z")
_DOT_ATOM_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@")
"""RFC 5322, 3.2.3: neither quotes nor SMTPUTF8 (RFC 6531), which mail servers seldom take and published addresses do not need."""

_BLANK_LINES = re.compile(r"\n{3,}")
_FILENAME = re.compile(r"[^/\\\"<>:|?*]{1,200}\Z")


@dataclass(frozen=True)
class Letterhead:
    """Who writes, in every mail: address of the sender, address for answers, name of the site, telephone for help.

    Raises:
        ConfigurationError: one of them cannot stand in a mail's headers.
    """

    sender: str
    reply_to: str
    site_name: str
    help_telephone: str

    def __post_init__(self) -> None:
        for name in ("sender", "reply_to"):
            if not _is_sendable(getattr(self, name)):
                raise ConfigurationError(f"mail {name}: not an address", code="configuration.mail_address", setting=name)
        for name in ("site_name", "help_telephone"):
            if (fault := _fault(getattr(self, name))) is not None:
                raise ConfigurationError(f"mail {name}: {fault}", code="configuration.mail_text", setting=name)


class NoticeRenderer:
    """Makes the message of a notice under one letterhead."""

    def __init__(self, letterhead: Letterhead) -> None:
        self._letterhead = letterhead
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES_FOLDER),
            autoescape=select_autoescape(enabled_extensions=("html",), default=False),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(FILTERS)

    def render(self, notice: Notice, sent_at: datetime) -> bytes:
        """Make the message (RFC 5322, lines ended by CRLF): subject, text part, HTML part, attachments; ``sent_at`` becomes its Date.

        Raises:
            InputRefused: the address (code ``mail.address_refused``), a value or an attachment (code ``mail.notice_refused``)
                cannot stand in a mail, or the values are not exactly those of the template.
        """
        if not _is_sendable(notice.to):
            raise InputRefused("the notice's address is not one mail address", code="mail.address_refused")
        verify_values(notice.template, notice.values)
        for attachment in notice.attachments:
            _verify_attachment(attachment)
        letterhead = self._letterhead
        layout: dict[str, str | bool] = {
            "site_name": letterhead.site_name,
            "help_telephone": letterhead.help_telephone,
            "demonstration": notice.demonstration,
        }
        subject = self._text(notice, "subject.txt", layout).strip()
        if notice.demonstration:
            subject = DEMONSTRATION_PREFIX + subject
        layout["subject"] = subject
        message = EmailMessage(policy=SMTP)
        message["From"] = Address(letterhead.site_name, addr_spec=letterhead.sender)
        message["To"] = Address(addr_spec=notice.to)
        message["Reply-To"] = Address(addr_spec=letterhead.reply_to)
        message["Subject"] = subject
        message["Date"] = sent_at
        message["Message-ID"] = message_id(_identity(notice, sent_at), letterhead.sender)
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834, 5.2: no absence message answers it
        message.set_content(self._text(notice, "txt", layout), cte="quoted-printable")
        message.add_alternative(self._text(notice, "html", layout), subtype="html", cte="quoted-printable")
        for attachment in notice.attachments:
            maintype, _, subtype = attachment.media_type.partition("/")
            message.add_attachment(_stand_in(attachment), maintype=maintype, subtype=subtype, filename=attachment.filename)
        message["Content-Language"] = "fr"  # last: EmailMessage moves such headers to the part that it makes
        whole = message.as_bytes()
        _verify_headers(whole, message.keys())
        for attachment in notice.attachments:
            whole = whole.replace(_base64_lines(_stand_in(attachment)), _base64_lines(attachment.data), 1)
        return whole

    def _text(self, notice: Notice, part: str, layout: Mapping[str, str | bool]) -> str:
        values = {key: _shown(value) for key, value in notice.values.items()}
        text = self._templates.get_template(f"{notice.template}.{part}").render({**layout, **values})
        return _BLANK_LINES.sub("\n\n", text)


def _identity(notice: Notice, sent_at: datetime) -> str:
    # a code sent again is another code, the only good one: no mailbox may take it for a duplicate and hide it
    return f"{notice.id} {sent_at.isoformat()}" if notice.template is Template.CODE else notice.id


def _stand_in(attachment: Attachment) -> bytes:
    """Return the 32 bytes that hold an attachment's place: the email package takes 14 ms of CPU to lay out a PDF of 200 kB, we 1 ms."""
    return hashlib.sha256(f"{attachment.filename}\n{attachment.media_type}\n".encode() + attachment.data).digest()


def _base64_lines(data: bytes) -> bytes:
    encoded = binascii.b2a_base64(data, newline=False)
    return b"\r\n".join(encoded[start : start + BASE64_LINE_CHARS] for start in range(0, len(encoded), BASE64_LINE_CHARS))


def message_id(notice_id: str, sender: str) -> str:
    """Compute a notice's Message-ID: 32 hexadecimal digits of the SHA-256 of its id, at the sender's domain."""
    digest = hashlib.sha256(notice_id.encode()).hexdigest()[:32]
    return f"<{digest}@{sender.rpartition('@')[2]}>"


def verify_values(template: Template, values: Mapping[str, str]) -> None:
    """Check that the values are exactly the template's, each fit to be read in a mail; the error names keys, never values.

    Raises:
        InputRefused: code ``mail.notice_refused``.
    """
    needed = VALUES_OF.get(template)
    if needed is None:
        raise _refused(f"{template} is not a mail")
    if values.keys() != needed:
        missing, unknown = sorted(needed - values.keys()), sorted(map(str, values.keys() - needed))
        raise _refused(f"{template}: missing {missing}, unknown {unknown}")
    for key, value in values.items():
        fault = _fault(value, one_line=key not in SEVERAL_LINES, may_be_empty=(template, key) in MAY_BE_EMPTY)
        if fault is None and key == "link" and _LINK.match(value) is None:
            fault = "not an http(s) address in ASCII"
        if fault is not None:
            raise _refused(f"{template}.{key}: {fault}")


def _fault(value: object, *, one_line: bool = True, may_be_empty: bool = False) -> str | None:
    if not isinstance(value, str):
        return f"text expected, got a {type(value).__name__}"
    if not value.strip() and not may_be_empty:
        return "empty"
    if len(value) > VALUE_LIMIT_CHARS:
        return f"longer than {VALUE_LIMIT_CHARS} characters"
    if one_line and any(map(_is_unshowable, value)):
        return "holds a control character or a line break"
    if one_line and ENCODED_WORD_START in value:
        return "holds the start of an encoded word"
    return None


def _is_unshowable(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN or character in _DIRECTION


def _shown(value: str) -> str:
    lines = value.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").split("\n")
    return "\n".join("".join("\ufffd" if _is_unshowable(character) else character for character in line) for line in lines)


def _is_sendable(address: str) -> bool:
    return is_mail_address(address) and _DOT_ATOM_LOCAL.match(address) is not None and ENCODED_WORD_START not in address


def _verify_attachment(attachment: Attachment) -> None:
    if _fault(attachment.filename) is not None or _FILENAME.match(attachment.filename) is None:
        raise _refused("an attachment's name cannot stand in a mail")
    if _MEDIA_TYPE.match(attachment.media_type) is None:
        raise _refused("an attachment's media type is malformed")


def _verify_headers(whole: bytes, names: Sequence[str]) -> None:
    head = whole.partition(b"\r\n\r\n")[0]
    lines = head.split(b"\r\n")
    found = [line.partition(b":")[0].decode() for line in lines if not line.startswith(b" ")]
    if found != list(names) or any(b"\r" in line or b"\n" in line for line in lines):
        raise _refused("the values would change the mail's headers")


def _refused(message: str) -> InputRefused:
    return InputRefused(message, code="mail.notice_refused")
