"""Mail servers that answer as told, each in a thread of its own, for the faults that the mail catcher never shows."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class ToldServer:
    """What the server answers at each step, and what it took; None lets the step pass."""

    mail: str | None = None
    rcpt: str | None = None
    data: str | None = None
    quit: str | None = None
    taken: list[bytes] = field(default_factory=list)
    port: int = 0

    async def handle_MAIL(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802 aiosmtpd's name
        del server, session, options
        envelope.mail_from = address
        return self.mail or "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:  # noqa: N802 aiosmtpd's name
        del server, session, options
        if self.rcpt is None:
            envelope.rcpt_tos.append(address)
        return self.rcpt or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 aiosmtpd's name
        del server, session
        if self.data is None:
            self.taken.append(envelope.original_content or b"")
        return self.data or "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 aiosmtpd's name
        del server, session, envelope
        return self.quit or "221 Bye"


@contextmanager
def running(
    told: ToldServer, *, tls: ssl.SSLContext | None = None, from_the_start: bool = False, login: tuple[str, str] | None = None
) -> Iterator[ToldServer]:
    """Run the server on a free port; ``tls`` is offered by STARTTLS, or used from the start."""

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword) -> AuthResult:
        del server, session, envelope, mechanism
        return AuthResult(success=(data.login.decode(), data.password.decode()) == login, handled=False)

    controller = Controller(
        told,
        hostname="127.0.0.1",
        port=0,
        ssl_context=tls if from_the_start else None,
        tls_context=None if from_the_start else tls,
        auth_require_tls=not from_the_start,
        authenticator=authenticate if login else None,
        server_hostname="told.invalid",
    )
    controller.port = _free_port()
    controller.start()
    told.port = controller.port
    try:
        yield told
    finally:
        controller.stop()


@contextmanager
def listening(answer: bytes | None) -> Iterator[int]:
    """Accept connections; say ``answer`` and hang up, or say nothing at all; gives the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    if answer is None:
                        stop.wait(5)
                    else:
                        connection.sendall(answer)

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            stop.set()
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def certificate_in(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for 127.0.0.1; return a server's TLS context and the PEM file that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "told.invalid")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, key_file = folder / "ca.pem", folder / "key.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem, key_file)
    return context, pem


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
