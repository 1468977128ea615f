"""Notices by SMTP (RFC 5321)."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from pathlib import Path

from conventions.errors import ConfigurationError, InputRefused, UpstreamUnavailable
from conventions.ports.delivery import Notice
from conventions.ports.system import Clock
from delivery.notices import Letterhead, NoticeRenderer

PERMANENT = 500  # RFC 5321, 4.2.1: replies from 500 on are negative for good, from 400 on for now


class MailSecurity(StrEnum):
    """How the connection to the mail server is protected; never downgraded."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"


class SmtpMailer:
    """Sends each notice on a connection of its own; may be shared by threads. Implements ``conventions.ports.delivery.Mailer``.

    With STARTTLS or TLS the server's certificate and name are verified, against ``ca_file`` (PEM) or the system's authorities;
    a server that does not offer what is asked for gets nothing.

    Raises:
        ConfigurationError: an address or a text that cannot stand in a mail, a password that would travel in the clear, or an
            unreadable ``ca_file``.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        sender: str,
        reply_to: str,
        help_telephone: str,
        site_name: str,
        clock: Clock,
        timeout_s: float = 10.0,
        security: MailSecurity = MailSecurity.NONE,
        username: str | None = None,
        password: str | None = None,
        ca_file: Path | None = None,
    ) -> None:
        if (username is None) != (password is None):
            raise ConfigurationError("mail: a user name and a password go together", code="configuration.mail_login")
        if username is not None and security is MailSecurity.NONE:
            raise ConfigurationError("mail: a password needs starttls or tls", code="configuration.mail_login")
        self._host, self._port, self._timeout_s = host, port, timeout_s
        self._sender = sender
        self._renderer = NoticeRenderer(Letterhead(sender, reply_to, site_name, help_telephone))
        self._clock = clock
        self._security = security
        self._login = None if username is None or password is None else (username, password)
        self._tls = None if security is MailSecurity.NONE else _tls_context(ca_file)

    def send(self, notice: Notice) -> None:
        """Render the notice and hand it to the mail server.

        Raises:
            UpstreamUnavailable: refused for now or no answer (``mail.unavailable``), or our sender or login is (``mail.sender_refused``).
            InputRefused: the notice cannot be a mail (``mail.notice_refused``), the server refuses the address (``mail.address_refused``)
                or this message (``mail.message_refused``) for good.
        """
        message = self.render(notice)
        with _our_errors():
            self._deliver(message, notice.to)

    def render(self, notice: Notice) -> bytes:
        """See the port."""
        return self._renderer.render(notice, self._clock.now())

    def _deliver(self, message: bytes, to: str) -> None:
        with self._connection() as server:
            if self._tls is not None and self._security is MailSecurity.STARTTLS:
                server.starttls(context=self._tls)
            if self._login is not None:
                server.login(*self._login)
            server.sendmail(self._sender, [to], message)

    @contextmanager
    def _connection(self) -> Iterator[smtplib.SMTP]:
        # the name said at EHLO: the machine's own would cost a DNS look-up for each mail
        name = self._sender.rpartition("@")[2]
        server = (
            smtplib.SMTP_SSL(self._host, self._port, name, timeout=self._timeout_s, context=self._tls)
            if self._tls is not None and self._security is MailSecurity.TLS
            else smtplib.SMTP(self._host, self._port, name, timeout=self._timeout_s)
        )
        try:
            yield server
            # the mail is accepted by now: whatever answers QUIT must not have it sent again
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            server.close()


@contextmanager
def _our_errors() -> Iterator[None]:
    """Convert smtplib's errors; ours say the reply's number alone, because its text often repeats the address."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code = max(reply for reply, _ in error.recipients.values())
        if code >= PERMANENT:
            raise InputRefused(f"the mail server refuses the address for good ({code})", code="mail.address_refused") from error
        raise _unavailable(f"the mail server refuses the address for now ({code})") from error
    except smtplib.SMTPNotSupportedError as error:
        raise _unavailable("the mail server does not offer what our settings ask for (starttls, login)") from error
    except (smtplib.SMTPSenderRefused, smtplib.SMTPAuthenticationError) as error:
        raise _unavailable(f"the mail server refuses our sender or login ({error.smtp_code})", code="mail.sender_refused") from error
    except smtplib.SMTPDataError as error:
        if error.smtp_code >= PERMANENT:
            raise InputRefused(f"the mail server refuses this message for good ({error.smtp_code})", code="mail.message_refused") from error
        raise _unavailable(f"the mail server refuses this message for now ({error.smtp_code})") from error
    except smtplib.SMTPResponseException as error:
        raise _unavailable(f"the mail server refuses to talk ({error.smtp_code})") from error
    except (smtplib.SMTPException, OSError) as error:
        raise _unavailable(f"the mail server does not answer ({type(error).__name__})") from error


def _unavailable(message: str, *, code: str = "mail.unavailable") -> UpstreamUnavailable:
    return UpstreamUnavailable(message, code=code)


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError("mail: the file of authorities cannot be read", code="configuration.mail_ca_file") from error
