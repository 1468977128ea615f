"""What every ``Mailer`` does, seen on the fake and on SMTP with the real mail catcher."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterator
from typing import Protocol

import httpx
import pytest

from conventions.errors import InputRefused, UpstreamUnavailable
from conventions.outgoing import Template
from conventions.ports.delivery import Attachment, Mailer
from tests.contract.delivery.parts import RunningCatcher, mail_catcher_in, mailer_to
from tests.fakes.delivery import FakeMailer
from tests.unit.delivery.examples import VALUES, example_notice

REFUSED = "maelle..legoff@abers-fictifs.invalid"
"""No server may take it: a dot-atom has no two dots in a row (RFC 5322, 3.2.3)."""


@dataclasses.dataclass(frozen=True)
class Arrived:
    """A mail at its address: all that it says, and the files joined to it."""

    text: str
    files: tuple[tuple[str, str, bytes], ...]


class Post(Protocol):
    """A mailer, and the mailboxes at its other end."""

    @property
    def mailer(self) -> Mailer: ...

    def arrived_at(self, address: str) -> list[Arrived]:
        """List what arrived, in order."""
        ...

    def break_down(self) -> None:
        """Let the mail server be unreachable."""
        ...

    def mend(self) -> None:
        """Let it be reachable again."""
        ...


class FakePost:
    def __init__(self) -> None:
        self.mailer = FakeMailer()
        self.mailer.refused.add(REFUSED)

    def arrived_at(self, address: str) -> list[Arrived]:
        return [
            Arrived("\n".join(notice.values.values()), tuple((file.filename, file.media_type, file.data) for file in notice.attachments))
            for notice in self.mailer.sent
            if notice.to == address
        ]

    def break_down(self) -> None:
        self.mailer.failure = UpstreamUnavailable("the mail server does not answer")

    def mend(self) -> None:
        self.mailer.failure = None


class RealPost:
    def __init__(self, catcher: RunningCatcher) -> None:
        self._catcher = catcher
        self.mailer = mailer_to(catcher)

    def arrived_at(self, address: str) -> list[Arrived]:
        return [
            Arrived(
                message["text"],
                tuple((file["filename"], file["media_type"], self._bytes_of(file["href"])) for file in message["attachments"]),
            )
            for message in self._catcher.messages_to(address)
        ]

    def break_down(self) -> None:
        self._catcher.kill()

    def mend(self) -> None:
        self._catcher.start()

    def _bytes_of(self, path: str) -> bytes:
        return httpx.get(self._catcher.address + path, trust_env=False).raise_for_status().content


@pytest.fixture(params=["fake", "real"], scope="module")
def post(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    if request.param == "fake":
        yield FakePost()
        return
    catcher = mail_catcher_in(tmp_path_factory.mktemp("mails")).start()
    yield RealPost(catcher)
    assert catcher.stop() == (0, "")


@pytest.fixture
def address() -> str:
    return f"maelle.{secrets.token_hex(4)}@abers-fictifs.invalid"


def test_a_notice_arrives_once_at_its_address_with_all_that_it_says(post: Post, address: str) -> None:
    post.mailer.send(example_notice(to=address))
    [mail] = post.arrived_at(address)
    for key in ("title", "greeting", "organisation", "amount", "deadline", "link", "telephone"):
        assert VALUES[key] in mail.text
    assert post.arrived_at("somebody@else.invalid") == []


def test_files_arrive_byte_for_byte_with_their_names(post: Post, address: str) -> None:
    files = (
        Attachment("Convention signée.pdf", "application/pdf", bytes(range(256)) * 800),
        Attachment("preuve.json", "application/json", b"\r\n.\r\nQUIT\r\n"),
    )
    post.mailer.send(example_notice(Template.COSIGNED_COPY, to=address, attachments=files))
    [mail] = post.arrived_at(address)
    assert mail.files == tuple((file.filename, file.media_type, file.data) for file in files)


def test_mails_to_one_address_keep_their_order(post: Post, address: str) -> None:
    for template in (Template.INVITATION, Template.CODE, Template.MEMBER_RECEIPT):
        post.mailer.send(example_notice(template, to=address))
    invitation, code, receipt = post.arrived_at(address)
    assert VALUES["link"] in invitation.text
    assert VALUES["code"] in code.text
    assert VALUES["signed_at"] in receipt.text


def test_while_the_server_is_down_nothing_is_sent_and_later_it_is(post: Post, address: str) -> None:
    post.break_down()
    with pytest.raises(UpstreamUnavailable) as outage:
        post.mailer.send(example_notice(to=address))
    assert outage.value.retryable
    post.mend()
    assert post.arrived_at(address) == []
    post.mailer.send(example_notice(to=address))
    assert len(post.arrived_at(address)) == 1


def test_a_refused_address_is_refused_for_good_and_the_next_mail_passes(post: Post, address: str) -> None:
    with pytest.raises(InputRefused) as refusal:
        post.mailer.send(example_notice(to=REFUSED))
    assert (refusal.value.code, refusal.value.retryable) == ("mail.address_refused", False)
    assert post.arrived_at(REFUSED) == []
    post.mailer.send(example_notice(to=address))
    assert len(post.arrived_at(address)) == 1
