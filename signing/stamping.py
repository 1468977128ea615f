"""Every configured authority stamps the same bytes: ``conventions.ports.journal.Timestamps``."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from conventions.errors import ConfigurationError
from conventions.ports.journal import Stamp
from conventions.ports.system import Clock
from signing.authorities import Counters, TimestampAuthority
from signing.chains import TrustStore, parse_certificates
from signing.outside import HttpTimeouts, Outside
from signing.timestamping import TimestampToken, TokenRules, verify_token


class AllAuthorities:
    """Stamps by each authority and checks tokens again later; safe from several threads, ``close`` ends its connections."""

    def __init__(
        self,
        *,
        anchors_pem: Mapping[str, bytes],
        tsa_urls: Sequence[str],
        clock: Clock,
        timeouts: HttpTimeouts | None = None,
        tsa_policies: frozenset[str] = frozenset(),
    ) -> None:
        """Prepare; nothing is asked of anybody yet.

        Raises:
            ConfigurationError: an anchor is unreadable, or no time-stamp authority is named.
        """
        if not tsa_urls:
            raise ConfigurationError("no time-stamp authority", code="configuration.tsa")
        self._outside = Outside(timeouts or HttpTimeouts())
        self._rules = TokenRules(TrustStore(one for pem in anchors_pem.values() for one in parse_certificates(pem)), tsa_policies)
        self._authorities = [
            TimestampAuthority(f"tsa-{rank}", url, self._outside, self._rules, clock) for rank, url in enumerate(tsa_urls, 1)
        ]

    def stamp(self, data: bytes) -> Sequence[Stamp]:
        tokens = self._outside.run(self._stamp(hashlib.sha256(data).digest()))
        return [Stamp(authority.name, token.der, token.gen_time) for authority, token in zip(self._authorities, tokens, strict=True)]

    async def _stamp(self, digest: bytes) -> Sequence[TimestampToken]:
        return await asyncio.gather(*(authority.stamp(digest) for authority in self._authorities))

    def verify(self, token: bytes, data: bytes) -> datetime:
        return verify_token(token, hashlib.sha256(data).digest(), self._rules).gen_time

    def timestamp_counters(self) -> Mapping[str, Counters]:
        """Return what each authority was asked and gave since the start."""
        return {authority.name: authority.counters for authority in self._authorities}

    def close(self) -> None:
        """End the connections; a later call opens them again."""
        self._outside.close()
