"""Time-stamp authorities that fail, each really played over HTTP: nothing is issued, or the second authority is used."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from conventions.errors import UpstreamUnavailable
from signing.adapter import PadesSigning
from signing.authorities import Breaker
from signing.outside import HttpTimeouts
from signing.pki.directory import open_pki
from tests.contract.signing.bad_authority import Answer, bad_authority
from tests.contract.signing.running import RunningPki
from tests.unit.signing.authority import LIES, Lie, MemoryPki
from tests.unit.signing.material import BOTH, member_request, prepared_pdf

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
