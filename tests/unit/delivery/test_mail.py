"""What the mailer does with each answer of a mail server, and with each way of protecting the connection."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from conventions.errors import ConfigurationError, ContreseingError, InputRefused, UpstreamUnavailable
from delivery.mail import MailSecurity, SmtpMailer
from tests.unit.delivery.examples import example_notice
from tests.unit.delivery.smtp_servers import ToldServer, certificate_in, listening, running

SENT_AT = datetime(2026, 11, 23, 14, 4, 5, tzinfo=UTC)


class FixedClock:
    def now(self) -> datetime:
        return SENT_AT


def mailer_to(port: int, **changes: Any) -> SmtpMailer:  # noqa: ANN401 any parameter of SmtpMailer
    usual: dict[str, Any] = {
        "sender": "conventions@ker-niverel.invalid",
        "reply_to": "agents@ker-niverel.invalid",
        "help_telephone": "02 99 00 00 99",
        "site_name": "Conventions de Ker Niverel",
        "clock": FixedClock(),
        "timeout_s": 5.0,
    }
    return SmtpMailer("127.0.0.1", port, **usual | changes)


def refusal_of(port: int, **changes: Any) -> ContreseingError:  # noqa: ANN401 any parameter of SmtpMailer
    with pytest.raises(ContreseingError) as refusal:
        mailer_to(port, **changes).send(example_notice())
    assert "abers-fictifs" not in str(refusal.value)
    return refusal.value


@pytest.mark.parametrize(
    ("answers", "kind", "code"),
    [
        ({"rcpt": "550 5.1.1 <maelle.legoff@abers-fictifs.invalid>: no such mailbox"}, InputRefused, "mail.address_refused"),
        ({"rcpt": "553 5.1.3 not an address"}, InputRefused, "mail.address_refused"),
        ({"rcpt": "451 4.2.0 come back, maelle.legoff@abers-fictifs.invalid"}, UpstreamUnavailable, "mail.unavailable"),
        ({"rcpt": "421 4.3.2 closing"}, UpstreamUnavailable, "mail.unavailable"),
        ({"mail": "550 5.7.1 sender not allowed"}, UpstreamUnavailable, "mail.sender_refused"),
        ({"mail": "450 4.7.1 later"}, UpstreamUnavailable, "mail.sender_refused"),
        ({"data": "554 5.6.0 maelle.legoff@abers-fictifs.invalid wants none of it"}, InputRefused, "mail.message_refused"),
        ({"data": "452 4.3.1 disk full"}, UpstreamUnavailable, "mail.unavailable"),
        ({"data": "421 4.3.2 closing"}, UpstreamUnavailable, "mail.unavailable"),
    ],
)
def test_each_answer_becomes_one_of_our_errors(answers: dict[str, Any], kind: type[ContreseingError], code: str) -> None:
    with running(ToldServer(**answers)) as server:
        refusal = refusal_of(server.port)
    assert (type(refusal), refusal.code) == (kind, code)
    assert refusal.retryable is (kind is UpstreamUnavailable)
    assert server.taken == []


@pytest.mark.parametrize("answer", ["421 4.3.2 closing", "500 5.5.0 what?"])
def test_a_mail_taken_is_sent_whatever_answers_the_goodbye(answer: str) -> None:
    with running(ToldServer(quit=answer)) as server:
        mailer_to(server.port).send(example_notice())
    assert len(server.taken) == 1


@pytest.mark.parametrize("banner", [b"", b"554 no service\r\n", b"421 busy\r\n", b"\xff\xfe\x00\r\n", b"220 hello\r\n"])
def test_a_server_that_hangs_up_is_unavailable(banner: bytes) -> None:
    with listening(banner) as port:
        assert refusal_of(port).code == "mail.unavailable"


def test_a_silent_server_is_unavailable_after_the_timeout() -> None:
    with listening(None) as port:
        assert refusal_of(port, timeout_s=0.2).retryable


def test_no_server_is_unavailable() -> None:
    with listening(b"") as port:
        pass
    assert refusal_of(port).code == "mail.unavailable"


def test_a_refused_notice_opens_no_connection() -> None:
    with pytest.raises(InputRefused) as refusal:
        mailer_to(1).send(example_notice(to="nobody"))
    assert refusal.value.code == "mail.address_refused"


def test_the_date_is_the_clocks() -> None:
    with running(ToldServer()) as server:
        mailer_to(server.port).send(example_notice())
    assert b"Date: Mon, 23 Nov 2026 14:04:05 +0000\r\n" in server.taken[0]


@pytest.mark.parametrize("security", [MailSecurity.STARTTLS, MailSecurity.TLS])
def test_tls_with_a_trusted_certificate_and_login(tmp_path: Path, security: MailSecurity) -> None:
    tls, ca_file = certificate_in(tmp_path)
    with running(ToldServer(), tls=tls, from_the_start=security is MailSecurity.TLS, login=("ker", "niverel")) as server:
        mailer_to(server.port, security=security, ca_file=ca_file, username="ker", password="niverel").send(example_notice())
    assert len(server.taken) == 1


def test_a_refused_login_may_be_tried_again_and_says_no_password(tmp_path: Path) -> None:
    tls, ca_file = certificate_in(tmp_path)
    with running(ToldServer(), tls=tls, login=("ker", "niverel")) as server:
        refusal = refusal_of(server.port, security=MailSecurity.STARTTLS, ca_file=ca_file, username="ker", password="s3cret")
    assert (refusal.code, refusal.retryable, server.taken) == ("mail.sender_refused", True, [])
    assert "s3cret" not in str(refusal)


@pytest.mark.parametrize("security", [MailSecurity.STARTTLS, MailSecurity.TLS])
def test_an_unknown_certificate_gets_nothing(tmp_path: Path, security: MailSecurity) -> None:
    tls, _ = certificate_in(tmp_path)
    with running(ToldServer(), tls=tls, from_the_start=security is MailSecurity.TLS) as server:
        assert refusal_of(server.port, security=security).code == "mail.unavailable"
    assert server.taken == []


def test_a_server_without_starttls_gets_nothing() -> None:
    with running(ToldServer()) as server:
        assert refusal_of(server.port, security=MailSecurity.STARTTLS).code == "mail.unavailable"
    assert server.taken == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"username": "ker"}, "configuration.mail_login"),
        ({"password": "niverel"}, "configuration.mail_login"),
        ({"username": "ker", "password": "niverel"}, "configuration.mail_login"),
        ({"sender": "nobody"}, "configuration.mail_address"),
        ({"site_name": "a\nb"}, "configuration.mail_text"),
        ({"security": MailSecurity.TLS, "ca_file": Path("absent.pem")}, "configuration.mail_ca_file"),
        ({"security": MailSecurity.TLS, "ca_file": Path(__file__)}, "configuration.mail_ca_file"),
    ],
)
def test_settings_that_contradict_stop_the_start(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(ConfigurationError) as refusal:
        mailer_to(25, **changes)
    assert refusal.value.code == code
