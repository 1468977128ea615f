"""A mail server of the demonstration: it takes every mail, sends none on, and shows them in a small web mailbox.

``python -m contreseing.embedded.mail_catcher --smtp-port P --http-port Q --dir D``
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aiosmtpd.smtp import SMTP

from contreseing.clock import SystemClock
from contreseing.embedded.kept_mails import KeptMails
from contreseing.embedded.loopback import listen, serve_until_stopped
from contreseing.embedded.mailbox import mailbox_site
from conventions.errors import ConfigurationError

if TYPE_CHECKING:
    from aiosmtpd.smtp import Envelope, Session

MAIL_LIMIT_BYTES = 32 * 1024 * 1024


class _Catcher:
    """What aiosmtpd calls: a mail is answered 250 once its file is on the disk."""

    def __init__(self, mails: KeptMails) -> None:
        self._mails = mails

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 the name that aiosmtpd looks for
        del server, session
        try:
            await asyncio.to_thread(self._mails.keep, envelope.mail_from or "", envelope.rcpt_tos, envelope.original_content or b"")
        except OSError as error:
            logging.getLogger("contreseing.mail_catcher").error("mail not kept: %s", error.strerror)  # noqa: TRY400 the traceback would hold the mail
            return "451 4.3.0 Not kept, try again later"
        return "250 2.0.0 Kept"


async def catch_mails(mails: KeptMails, host: str, smtp_port: int, http_port: int) -> None:
    """Take mails and show them until SIGINT or SIGTERM.

    Raises:
        ConfigurationError: a port is taken, or the address is not a loopback one.
    """
    loop = asyncio.get_running_loop()
    listeners = listen(host, smtp_port), listen(host, http_port)
    catcher = _Catcher(mails)
    smtp = await loop.create_server(
        lambda: SMTP(
            catcher,
            data_size_limit=MAIL_LIMIT_BYTES,
            enable_SMTPUTF8=True,
            hostname="contreseing.invalid",
            ident="demonstration: nothing leaves this machine",
            loop=loop,
        ),
        sock=listeners[0],
    )
    async with smtp:
        await serve_until_stopped(mailbox_site(mails, host), listeners[1])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the mail catcher; the exit code is 0 when it was asked to stop, 2 when the settings do not let it start."""
    parser = argparse.ArgumentParser(prog="python -m contreseing.embedded.mail_catcher", description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1", help="loopback address (127.0.0.1)")
    parser.add_argument("--smtp-port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--dir", type=Path, required=True, help="folder of the mails, one file each")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(name)s %(levelname)s %(message)s")
    try:
        asyncio.run(catch_mails(KeptMails(options.dir, SystemClock()), options.host, options.smtp_port, options.http_port))
    except ConfigurationError as error:
        sys.stderr.write(f"mail_catcher: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
