"""Mails as files: whatever comes in is kept whole, listed, and found again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contreseing.embedded.kept_mails import KeptMails
from conventions.errors import NotFound

NOW = datetime(2026, 11, 23, 14, 4, 5, tzinfo=UTC)


class SetClock:
    """A clock that tells what it is set to."""

    def __init__(self) -> None:
        self.instant = NOW

    def now(self) -> datetime:
        return self.instant


def mail(**headers: str) -> bytes:
    message = EmailMessage()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content("Bonjour.\n")
    return message.as_bytes().replace(b"\n", b"\r\n")


def test_a_mail_is_a_file_of_its_own_with_what_the_envelope_said(tmp_path: Path) -> None:
    mail_id = KeptMails(tmp_path / "mails", SetClock()).keep("a@b.invalid", ["c@d.invalid", "e@f.invalid"], mail(Subject="Été"))
    [path] = (tmp_path / "mails").iterdir()
    assert path.name == f"{mail_id}.eml"
    assert path.read_bytes().startswith(
        b"Return-Path: <a@b.invalid>\r\nDelivered-To: c@d.invalid\r\nDelivered-To: e@f.invalid\r\n"
        b"Received: by contreseing.invalid; Mon, 23 Nov 2026 14:04:05 +0000\r\n"
    )
    assert (tmp_path / "mails").stat().st_mode & 0o077 == 0


def test_the_same_mails_are_found_by_the_next_process(tmp_path: Path) -> None:
    mails = KeptMails(tmp_path, SetClock())
    for rank in range(3):
        mails.keep("a@b.invalid", [f"c{rank}@d.invalid"], mail(Subject=f"Objet n° {rank}"))
    (tmp_path / "notes.eml").write_bytes(b"not one of ours")
    again = KeptMails(tmp_path, SetClock())
    assert again.newest_first() == mails.newest_first()
    assert [kept.subject for kept in again.newest_first()] == ["Objet n° 2", "Objet n° 1", "Objet n° 0"]
    assert len(again) == 3


def test_mails_keep_their_order_when_the_clock_goes_back(tmp_path: Path) -> None:
    clock = SetClock()
    first = KeptMails(tmp_path, clock).keep("a@b.invalid", ["c@d.invalid"], mail(Subject="first"))
    clock.instant = NOW - timedelta(hours=1)
    again = KeptMails(tmp_path, clock)
    second = again.keep("a@b.invalid", ["c@d.invalid"], mail(Subject="second"))
    assert [kept.id for kept in again.newest_first()] == [second, first]


def test_an_unknown_mail_is_not_found(tmp_path: Path) -> None:
    mails = KeptMails(tmp_path, SetClock())
    with pytest.raises(NotFound):
        mails.open("../secrets")
    with pytest.raises(NotFound):
        mails.text_of("01795446482217875968-64f20e97")


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"Content-Type: text/plain; charset=latin-1\r\n\r\n\xe9t\xe9", "été"),
        (b"Content-Type: text/plain; charset=unknown\r\n\r\n\xc3\xa9t\xc3\xa9", "été"),
        (b"Content-Type: text/plain; charset=ascii\r\n\r\n\xff", "\ufffd"),
        (b"Content-Type: text/html\r\n\r\n<p>x", ""),
        (b"Content-Type: multipart/mixed\r\n\r\nno boundary", ""),
        (b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nin", ""),
        (b"no header at all", "no header at all"),
        (b"", ""),
    ],
)
def test_a_crooked_mail_is_kept_and_shown_as_well_as_can_be(tmp_path: Path, content: bytes, text: str) -> None:
    mails = KeptMails(tmp_path, SetClock())
    mail_id = mails.keep("", ["c@d.invalid"], content)
    assert mails.text_of(mail_id).strip() == text
    assert (tmp_path / f"{mail_id}.eml").read_bytes().endswith(content)


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (b"=?utf-8?q?=C3=89t=C3=A9?=", "Été"),
        (b"=?unknown?q?=C3=89?=", "=?unknown?q?=C3=89?="),
        (b"=?utf-8?b?x?=", "=?utf-8?b?x?="),
        (b"=?utf-8?q?a=0D=0Ab?=", "a b"),
        (b"folded\r\n here", "folded here"),
    ],
)
def test_a_subject_is_one_line(tmp_path: Path, header: bytes, subject: str) -> None:
    mails = KeptMails(tmp_path, SetClock())
    mails.keep("a@b.invalid", ["c@d.invalid"], b"Subject: " + header + b"\r\n\r\n")
    assert mails.newest_first()[0].subject == subject


FRAGMENTS = st.sampled_from(
    [
        b"Subject:",
        b"Content-Type:",
        b"Content-Disposition:",
        b"multipart/mixed;",
        b"text/html",
        b"text/plain;",
        b"boundary=x",
        b"charset=",
        b"--x",
        b"=?utf-8?q?",
        b"?=",
        b"\r\n",
        b" ",
        b";",
        b'"',
        b"filename*=",
        b"utf-8''%ff",
        b"attachment",
        b"Content-Transfer-Encoding: base64",
        b"Message-ID:",
    ]
)


@given(st.lists(FRAGMENTS | st.binary(max_size=6), max_size=40).map(b"".join))
def test_nothing_that_comes_in_stops_the_mailbox(content: bytes) -> None:
    with TemporaryDirectory() as folder:
        mails = KeptMails(Path(folder), SetClock())
        mail_id = mails.keep("a@b.invalid", ["c@d.invalid"], content)
        assert mails.open(mail_id).kept in KeptMails(Path(folder), SetClock()).newest_first()
