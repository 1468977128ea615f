"""The doctor's look at time: every time-stamp authority is tried, whatever the one before it answered, and so is our clock."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

import httpx

from contreseing.clock import SystemClock
from contreseing.settings import Settings
from contreseing.stamping import former_pkis, timestamp_anchors
from conventions.errors import ContreseingError, UpstreamUnavailable, VerificationFailed
from conventions.french import counted, format_instant
from signing.former_trust import trust_in_time
from signing.timestamping import TokenRules, is_clock_wrong, render_request, verify_response

PATIENCE_SECONDS = 10.0
QUERY = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}


def try_timestamps(settings: Settings) -> str:
    """Have every time-stamp authority stamp something new, and check each token as a signature's would be, our clock included.

    Raises:
        ConfigurationError: an anchor cannot be read.
        UpstreamUnavailable, VerificationFailed: what is wrong with the first authority that failed, told of each; ``clock.wrong`` when
            two authorities agree that our clock is off.
    """
    trust = trust_in_time(timestamp_anchors(settings).values(), former_pkis(settings, SystemClock()))
    rules = TokenRules(trust, frozenset(settings.tsa_policies.split()))
    told: list[datetime] = []
    failures: dict[int, ContreseingError] = {}
    for rank, url in enumerate(settings.timestamp_urls, start=1):
        try:
            told.append(_stamped_at(rank, url, rules))
        except (UpstreamUnavailable, VerificationFailed) as error:
            failures[rank] = error
    far = [error for error in failures.values() if "ahead_ms" in error.details]
    if is_clock_wrong(timedelta(milliseconds=int(str(error.details["ahead_ms"]))) for error in far):
        raise VerificationFailed(f"{len(far)} authorities agree that our clock is off", code="clock.wrong")
    if failures:
        first = next(iter(failures.values()))
        each = "; ".join(f"authority {rank}: {error.code}, {error}" for rank, error in failures.items())
        kind = UpstreamUnavailable if isinstance(first, UpstreamUnavailable) else VerificationFailed
        raise kind(f"{len(told)} of {len(settings.timestamp_urls)} stamped; {each}", code=first.code)
    heard = counted(len(told), "autorité la confirme", "autorités la confirment")
    return f"jeton du {format_instant(told[-1])} ; heure de cette machine : {heard}"


def _stamped_at(rank: int, url: str, rules: TokenRules) -> datetime:
    request = render_request(hashlib.sha256(secrets.token_bytes(32)).digest(), SystemClock().now())
    try:
        answer = httpx.post(url, content=request.der, headers=QUERY, timeout=PATIENCE_SECONDS, trust_env=False)
        answer.raise_for_status()
    except httpx.HTTPError as error:
        raise UpstreamUnavailable(f"authority {rank} does not answer ({type(error).__name__})", code="tsa.unavailable") from error
    return verify_response(answer.content, request, rules, SystemClock().now()).gen_time
