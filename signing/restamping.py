"""Ten years and more: one more archive time-stamp over a file that is still valid, and until when a file can be verified."""

from __future__ import annotations

from datetime import datetime

from conventions.errors import SigningFailed, VerificationFailed
from conventions.ports.system import Clock
from conventions.preservation import RestampedFile
from signing.engine import Engine
from signing.reading import GrowingReader
from signing.revisions import UNREADABLE, last_timestamp
from signing.timestamping import token_certificates
from signing.validation import PyhankoReader


class Restamper:
    """Renews archive time-stamps; runs on the private loop."""

    def __init__(self, engine: Engine, reader: PyhankoReader, clock: Clock) -> None:
        self._engine = engine
        self._reader = reader
        self._clock = clock

    async def restamp(self, data: bytes) -> RestampedFile:
        """Append fresh validation data and a time-stamp to a file that passes, and have the result pass too.

        Raises:
            VerificationFailed: ``verification.before_restamp`` or ``verification.after_restamp``.
            UpstreamUnavailable, SigningFailed: nothing was made.
        """
        found = await self._reader.assess(data, self._clock.now())
        if not found.passed or found.seal_reasons:
            raise VerificationFailed("the file does not validate as it is", code="verification.before_restamp")
        stamped, token = await self._engine.restamp(data)
        after = await self._reader.assess(stamped, self._clock.now())
        if not after.passed or after.seal_reasons or not stamped.startswith(data):
            raise VerificationFailed("the stamped file does not validate", code="verification.after_restamp")
        return RestampedFile(stamped, token.gen_time, token.certificate.not_valid_after_utc)


def verifiable_until(data: bytes) -> datetime:
    """Return the end of the certificate of a file's last document time-stamp.

    Raises:
        VerificationFailed: no such time-stamp, or one that cannot be read.
    """
    try:
        token = last_timestamp(GrowingReader(data), data)
    except (*UNREADABLE, SigningFailed) as error:
        raise VerificationFailed("the file cannot be read", code="archive.missing") from error
    if token is None:
        raise VerificationFailed("the file holds no archive time-stamp", code="archive.missing")
    certificate, _ = token_certificates(token)
    return certificate.not_valid_after_utc
