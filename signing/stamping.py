"""Every configured authority stamps the same bytes: ``conventions.ports.journal.Timestamps``."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from conventions.ports.journal import Stamp
from conventions.ports.system import Clock
from signing.authorities import Counters, TimestampAuthorities
from signing.former_trust import trust_in_time
from signing.outside import HttpTimeouts, Outside
from signing.pki.former import FormerPki
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
        former: Sequence[FormerPki] = (),
    ) -> None:
        """Prepare; nothing is asked of anybody yet. Tokens of former PKIs are believed up to their end.

        Raises:
            ConfigurationError: an anchor is unreadable, or no time-stamp authority is named.
        """
        self._outside = Outside(timeouts or HttpTimeouts())
        self._rules = TokenRules(trust_in_time(anchors_pem.values(), former), tsa_policies)
        self._authorities = TimestampAuthorities.at(tsa_urls, self._outside, self._rules, clock)

    def stamp(self, data: bytes) -> Sequence[Stamp]:
        tokens = self._outside.run(self._stamp(hashlib.sha256(data).digest()))
        stamped = zip(self._authorities.authorities, tokens, strict=True)
        return [Stamp(authority.name, token.der, token.gen_time) for authority, token in stamped]

    async def _stamp(self, digest: bytes) -> Sequence[TimestampToken]:
        return await asyncio.gather(*(authority.stamp(digest) for authority in self._authorities.authorities))

    def verify(self, token: bytes, data: bytes) -> datetime:
        return verify_token(token, hashlib.sha256(data).digest(), self._rules).gen_time

    def timestamp_counters(self) -> Mapping[str, Counters]:
        """Return what each authority was asked and gave since the start."""
        return self._authorities.counters()

    def close(self) -> None:
        """End the connections; a later call opens them again."""
        self._outside.close()
