"""Stamps by every authority: both embedded units answer, a token holds for its own bytes alone, and one that fails stops it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from contreseing.clock import SystemClock
from conventions.errors import ConfigurationError, UpstreamUnavailable, VerificationFailed
from signing.pki.directory import read_anchors
from signing.stamping import AllAuthorities
from signing.timestamping import token_certificates
from tests.contract.signing.bad_authority import bad_authority
from tests.contract.signing.running import RunningPki


@pytest.fixture
def both(pki: RunningPki) -> Iterator[AllAuthorities]:
    urls = (f"{pki.address}/tsa", f"{pki.address}/tsa2")
    stamps = AllAuthorities(anchors_pem=read_anchors(pki.folder), tsa_urls=urls, clock=SystemClock())
    yield stamps
    stamps.close()


def test_each_authority_stamps_with_a_certificate_of_its_own(both: AllAuthorities) -> None:
    before = datetime.now(UTC)
    stamps = both.stamp(b"a head of the journal")

    assert [stamp.authority for stamp in stamps] == ["tsa-1", "tsa-2"]
    names = [token_certificates(stamp.token)[0].subject.rfc4514_string() for stamp in stamps]
    assert ["Second" in name for name in names] == [False, True]
    for stamp in stamps:
        assert both.verify(stamp.token, b"a head of the journal") == stamp.stamped_at
        assert abs(stamp.stamped_at - before) < timedelta(seconds=10)
        with pytest.raises(VerificationFailed):
            both.verify(stamp.token, b"another head")


def test_one_that_fails_stops_the_stamping(pki: RunningPki) -> None:
    with bad_authority(lambda _request: (500, b"")) as address:
        stamps = AllAuthorities(anchors_pem=read_anchors(pki.folder), tsa_urls=(f"{pki.address}/tsa", address), clock=SystemClock())
        with pytest.raises(UpstreamUnavailable, match="tsa-2"):
            stamps.stamp(b"a head of the journal")
        stamps.close()


def test_no_authority_is_refused_at_start(pki: RunningPki) -> None:
    with pytest.raises(ConfigurationError):
        AllAuthorities(anchors_pem=read_anchors(pki.folder), tsa_urls=(), clock=SystemClock())
