"""Time-stamp authorities that fail, each really played over HTTP: nothing is issued, or the second authority is used."""

from __future__ import annotations

import asyncio
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from contreseing.clock import SystemClock
from conventions.errors import UpstreamUnavailable
from signing.adapter import PadesSigning
from signing.authorities import Breaker, TimestampAuthority
from signing.chains import TrustStore
from signing.outside import HttpTimeouts, Outside
from signing.pki.directory import open_pki
from signing.timestamping import TokenRules
from tests.contract.signing.bad_authority import Answer, bad_authority
from tests.contract.signing.running import QUICK, RunningPki
from tests.unit.signing.authority import LIES, Lie, MemoryPki
from tests.unit.signing.material import BOTH, manifest_of, member_request, prepared_pdf

pytestmark = pytest.mark.sampled(one_in=3)

SHORT = HttpTimeouts(connect_seconds=0.5, total_seconds=1.0)


@pytest.fixture(scope="module")
def keys(pki: RunningPki) -> MemoryPki:
    """Give the running PKI's own keys to the liar, so that each lie fails by one thing alone."""
    opened = open_pki(pki.folder)
    key, certificate = opened.timestamps._key, opened.timestamps_certificate
    return MemoryPki(opened.root, opened.members, opened.syndicate, key, certificate, *opened.seal)


def must_fail_then_fall_back(pki: RunningPki, answer: Answer, code: str, delay_seconds: float = 0.0) -> None:
    prepared = prepared_pdf()
    with bad_authority(answer, delay_seconds) as address:
        alone = pki.adapter([address], SHORT)
        together = pki.adapter([address, f"{pki.address}/tsa"], SHORT)
        try:
            with pytest.raises(UpstreamUnavailable) as refusal:
                alone.sign_for_member(prepared, member_request(prepared))
            assert refusal.value.code == code
            assert alone.timestamp_counters()["tsa-1"].granted == 0
            signed = together.sign_for_member(prepared, member_request(prepared))
            assert together.validate(signed.data, BOTH[:1]).valid
            assert together.timestamp_counters()["tsa-1"].granted == 0
            assert together.timestamp_counters()["tsa-2"].granted == 3
        finally:
            alone.close()
            together.close()


@pytest.mark.parametrize(("lie", "code"), LIES.values(), ids=LIES.keys())
def test_an_authority_that_lies_is_left_for_the_next(pki: RunningPki, keys: MemoryPki, lie: Lie, code: str) -> None:
    must_fail_then_fall_back(pki, lambda request: (200, lie(keys, request, datetime.now(UTC))), code)


@pytest.mark.parametrize("status", [500, 503])
def test_an_authority_that_fails_is_left_for_the_next(pki: RunningPki, status: int) -> None:
    must_fail_then_fall_back(pki, lambda _request: (status, b""), "upstream.unavailable")


def test_an_authority_that_is_slow_is_left_for_the_next(pki: RunningPki) -> None:
    must_fail_then_fall_back(pki, lambda _request: (200, b""), "upstream.unavailable", delay_seconds=1.5)


def test_the_breaker_opens_then_lets_one_through_and_closes(pki: RunningPki, keys: MemoryPki) -> None:
    prepared = prepared_pdf()
    well = False

    def answer(request: bytes) -> tuple[int, bytes]:
        return (200, keys.timestamps().render_response(request, datetime.now(UTC))) if well else (500, b"")

    with bad_authority(answer) as address:
        adapter = pki.adapter([address], SHORT)
        (authority,) = adapter._authorities.authorities
        authority.breaker = Breaker(failures_to_open=3, open_seconds=1.0)
        try:
            fails(adapter, prepared)
            fails(adapter, prepared)
            asked = authority.counters.requests
            assert (asked, authority.counters.opened) == (3, 1)
            fails(adapter, prepared)
            assert authority.counters.requests == asked
            well = True
            time.sleep(1.1)
            assert adapter.sign_for_member(prepared, member_request(prepared)).data.startswith(prepared)
            assert not authority.breaker.is_open
        finally:
            adapter.close()


def fails(adapter: PadesSigning, prepared: bytes) -> None:
    with pytest.raises(UpstreamUnavailable):
        adapter.sign_for_member(prepared, member_request(prepared))


class ShiftedClock:
    """A machine's clock that is off."""

    def __init__(self, ahead: timedelta) -> None:
        self.ahead = ahead

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@pytest.mark.parametrize("ahead_seconds", [-40, 40])
def test_when_two_authorities_disagree_with_our_clock_nothing_is_signed(pki: RunningPki, keys: MemoryPki, ahead_seconds: int) -> None:
    """A third one that shares our wrong time is not believed: it is not even asked."""
    prepared, clock = prepared_pdf(), ShiftedClock(timedelta(seconds=ahead_seconds))
    asked: list[int] = []

    def accomplice(request: bytes) -> tuple[int, bytes]:
        asked.append(1)
        return 200, keys.timestamps().render_response(request, clock.now())

    with bad_authority(accomplice) as address:
        adapter = pki.adapter([f"{pki.address}/tsa", f"{pki.address}/tsa?2", address], SHORT, clock=clock)
        try:
            for _ in range(3):
                with pytest.raises(UpstreamUnavailable) as refusal:
                    adapter.seal_manifest(manifest_of({}))
                assert refusal.value.code == "clock.wrong"
            fails(adapter, prepared)
            assert not asked
        finally:
            adapter.close()


def test_one_authority_that_is_off_does_not_make_our_clock_wrong(pki: RunningPki, keys: MemoryPki) -> None:
    def ahead(request: bytes) -> tuple[int, bytes]:
        return 200, keys.timestamps().render_response(request, datetime.now(UTC) + timedelta(minutes=1))

    prepared = prepared_pdf()
    with bad_authority(ahead) as address:
        adapter = pki.adapter([address, f"{pki.address}/tsa"], SHORT)
        try:
            assert adapter.sign_for_member(prepared, member_request(prepared)).data.startswith(prepared)
        finally:
            adapter.close()


def test_an_authority_gets_no_more_requests_at_once_than_its_limit(pki: RunningPki, keys: MemoryPki) -> None:
    lock, now, most = threading.Lock(), 0, 0

    def answer(request: bytes) -> tuple[int, bytes]:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        time.sleep(0.05)
        with lock:
            now -= 1
        return 200, keys.timestamps().render_response(request, datetime.now(UTC))

    async def many(authority: TimestampAuthority) -> None:
        await asyncio.gather(*(authority.stamp(bytes([number]) * 32) for number in range(12)))

    with bad_authority(answer) as address:
        outside = Outside(QUICK)
        rules = TokenRules(TrustStore(keys.anchors))
        try:
            outside.run(many(TimestampAuthority("tsa-1", address, outside, rules, SystemClock(), in_flight=3)))
        finally:
            outside.close()
    assert most == 3
