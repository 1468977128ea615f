"""Time-stamp authorities in order of preference, each with a breaker, a limit and counters."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from conventions.errors import ConfigurationError, UpstreamUnavailable, VerificationFailed
from conventions.ports.system import Clock
from signing.outside import Outside
from signing.timestamping import TimestampToken, TokenRules, is_clock_wrong, render_request, verify_response

IN_FLIGHT = 24
"""Two a document: with an authority 80 ms away, a batch waits for seven milliseconds a document."""
TRIES = 2
PAUSE_SECONDS = 0.2
FAILURES_TO_OPEN = 3
OPEN_SECONDS = 10.0
CLOCK_DOUBTED_SECONDS = 30.0
"""How long an authority's disagreement with our clock counts; then it is asked again."""
QUERY = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}


@dataclass
class Counters:
    """What one authority was asked and gave since the start: a paid one bills ``granted``."""

    requests: int = 0
    granted: int = 0
    unanswered: int = 0
    refused: int = 0
    refusals: dict[str, int] = field(default_factory=dict)
    opened: int = 0


class Breaker:
    """Holds requests back from an authority that fails; after a pause one request passes, and decides."""

    def __init__(self, failures_to_open: int = FAILURES_TO_OPEN, open_seconds: float = OPEN_SECONDS) -> None:
        self._failures_to_open = failures_to_open
        self._open_seconds = open_seconds
        self._failures = 0
        self._trial_at = 0.0

    @property
    def is_open(self) -> bool:
        """Tell whether the next request would be held back."""
        return self._failures >= self._failures_to_open and time.monotonic() < self._trial_at

    def admits(self) -> bool:
        """Tell whether a request may pass now; while open, the one that passes keeps the others out until it is decided."""
        if self._failures < self._failures_to_open:
            return True
        if time.monotonic() < self._trial_at:
            return False
        self._trial_at = time.monotonic() + self._open_seconds
        return True

    def succeeded(self) -> None:
        """Close."""
        self._failures = 0

    def failed(self) -> bool:
        """Count a failure; True when it opened the breaker."""
        self._failures += 1
        self._trial_at = time.monotonic() + self._open_seconds
        return self._failures == self._failures_to_open


class TimestampAuthority:
    """One authority by its address; ``in_flight`` requests at once at most, whoever asks."""

    def __init__(
        self,
        name: str,
        address: str,
        outside: Outside,
        rules: TokenRules,
        clock: Clock,
        breaker: Breaker | None = None,
        *,
        in_flight: int = IN_FLIGHT,
    ) -> None:
        self.name = name
        self.counters = Counters()
        self.breaker = breaker or Breaker()
        self._address = address
        self._outside = outside
        self._rules = rules
        self._clock = clock
        self._in_flight = in_flight
        self._limit: tuple[asyncio.AbstractEventLoop, asyncio.Semaphore] | None = None
        self._far: tuple[timedelta, float] | None = None

    @property
    def clock_difference(self) -> timedelta | None:
        """Return by how much its last token was ahead of our clock, when that was lately and too much; else None."""
        if self._far is None or time.monotonic() > self._far[1] + CLOCK_DOUBTED_SECONDS:
            return None
        return self._far[0]

    async def stamp(self, digest: bytes) -> TimestampToken:
        """Get a checked token over a SHA-256 digest, in at most two tries.

        Raises:
            UpstreamUnavailable: no answer, or one that is not acceptable.
        """
        for attempt in range(1, TRIES + 1):
            try:
                async with self._slot():
                    return await self._ask(digest)
            except UpstreamUnavailable:
                if attempt == TRIES or self.breaker.is_open:
                    raise
            await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 jitter
        raise UpstreamUnavailable(f"time-stamp authority {self.name} was not asked", service=self.name)

    async def _ask(self, digest: bytes) -> TimestampToken:
        if not self.breaker.admits():
            raise UpstreamUnavailable(f"time-stamp authority {self.name} is held back after failures", service=self.name)
        request = render_request(digest, self._clock.now())
        self.counters.requests += 1
        try:
            answer = await self._outside.fetch("POST", self._address, f"time-stamp authority {self.name}", data=request.der, headers=QUERY)
        except UpstreamUnavailable:
            self.counters.unanswered += 1
            self._failed()
            raise
        try:
            token = verify_response(answer.body, request, self._rules, self._clock.now())
        except VerificationFailed as error:
            self.counters.refused += 1
            self.counters.refusals[error.code] = self.counters.refusals.get(error.code, 0) + 1
            if isinstance(ahead_ms := error.details.get("ahead_ms"), int):
                self._far = (timedelta(milliseconds=ahead_ms), time.monotonic())
            self._failed()
            raise UpstreamUnavailable(
                f"time-stamp authority {self.name} gave no acceptable token: {error}", code=error.code, service=self.name
            ) from error
        self.counters.granted += 1
        self.breaker.succeeded()
        self._far = None
        return token

    def _slot(self) -> asyncio.Semaphore:
        """Return the limit of this event loop: a semaphore belongs to the loop that first waits for it."""
        loop = asyncio.get_running_loop()
        if self._limit is None or self._limit[0] is not loop:
            self._limit = (loop, asyncio.Semaphore(self._in_flight))
        return self._limit[1]

    def _failed(self) -> None:
        if self.breaker.failed():
            self.counters.opened += 1


class TimestampAuthorities:
    """The ordered list; who stamps tries each in turn, because what a file must hold depends on who stamped it."""

    def __init__(self, authorities: Sequence[TimestampAuthority]) -> None:
        self.authorities = tuple(authorities)

    @classmethod
    def at(
        cls, addresses: Sequence[str], outside: Outside, rules: TokenRules, clock: Clock, *, in_flight: int = IN_FLIGHT
    ) -> TimestampAuthorities:
        """Name the authorities of these addresses ``tsa-1`` and following, in their order.

        Raises:
            ConfigurationError: there is none.
        """
        if not addresses:
            raise ConfigurationError("no time-stamp authority", code="configuration.tsa")
        return cls(
            [
                TimestampAuthority(f"tsa-{rank}", address, outside, rules, clock, in_flight=in_flight)
                for rank, address in enumerate(addresses, 1)
            ]
        )

    def in_order(self) -> Iterator[TimestampAuthority]:
        """Yield each in turn, as long as our own clock is not in doubt.

        Raises:
            UpstreamUnavailable: ``clock.wrong``: two of them agree with each other and not with our clock, so nothing is signed.
        """
        for authority in self.authorities:
            self._verify_clock()
            yield authority
        self._verify_clock()

    def _verify_clock(self) -> None:
        differences = [one for authority in self.authorities if (one := authority.clock_difference) is not None]
        if is_clock_wrong(differences):
            seconds = round(max(differences, key=abs).total_seconds())
            raise UpstreamUnavailable(f"our clock is off by about {-seconds} s", code="clock.wrong", service="clock")

    def counters(self) -> dict[str, Counters]:
        """Return the counters by authority."""
        return {authority.name: authority.counters for authority in self.authorities}
