"""A time-stamp authority that is none of ours: believed about time where its anchor is set, and about nobody's signature."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from contreseing.clock import SystemClock
from conventions.errors import UpstreamUnavailable
from conventions.signatures import Indication, PadesLevel
from signing.adapter import PadesSigning
from signing.believed import OUTSIDE_AUTHORITIES
from signing.outside import HttpTimeouts
from signing.pki.directory import read_anchors
from signing.stamping import AllAuthorities
from tests.contract.signing.running import RunningPki
from tests.unit.signing.material import BOTH, countersigned, member_request, prepared_pdf


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPki]:
    running = RunningPki(tmp_path_factory.mktemp("outside") / "pki").start()
    yield running
    running.stop()


@pytest.fixture(scope="module")
def anchor(outside: RunningPki) -> bytes:
    return (outside.folder / "root.pem").read_bytes()


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, outside: RunningPki, anchor: bytes) -> Iterator[RunningPki]:
    folder = tmp_path_factory.mktemp("ours")
    (folder / "anchors").mkdir()
    (folder / "anchors" / "authority.pem").write_bytes(anchor)
    running = RunningPki(folder / "pki", trusted=(folder / "anchors",)).start()
    yield running
    running.stop()


@pytest.fixture
def signing(ours: RunningPki, outside: RunningPki, anchor: bytes) -> Iterator[PadesSigning]:
    adapter = ours.adapter([f"{outside.address}/tsa"], tsa_anchors_pem=[anchor])
    yield adapter
    adapter.close()


def test_both_sign_with_its_time_stamps_and_both_readers_accept(signing: PadesSigning, outside: RunningPki) -> None:
    prepared = prepared_pdf()
    member = signing.sign_for_member(prepared, member_request(prepared))
    assert member.level is PadesLevel.B_LTA
    data = countersigned(signing, member.data)  # its manifest, stamped by that authority, is accepted by our CA
    first, second = signing.validate(data, BOTH), signing.second_opinion(data, BOTH)
    assert first.valid, first.reasons
    assert second.valid, second.reasons
    assert len(first.timestamps) == len(second.timestamps) == 4
    assert signing.restamp(data).data.startswith(data)


def test_its_anchor_is_handed_out_with_ours(signing: PadesSigning, anchor: bytes, ours: RunningPki) -> None:
    handed_out = signing.trust_anchors_pem()
    assert handed_out == {**read_anchors(ours.folder), OUTSIDE_AUTHORITIES: anchor}


def test_without_its_anchor_nothing_is_signed(ours: RunningPki, outside: RunningPki) -> None:
    adapter = ours.adapter([f"{outside.address}/tsa"])
    prepared = prepared_pdf()
    try:
        with pytest.raises(UpstreamUnavailable) as refused:
            adapter.sign_for_member(prepared, member_request(prepared))
    finally:
        adapter.close()
    assert refused.value.code == "timestamp.certificate"


def test_nobody_signs_by_its_certificates(signing: PadesSigning, outside: RunningPki) -> None:
    """Its CA issues to the same persons: believed about time, it is believed about nobody, even where nobody is expected."""
    theirs = outside.adapter()
    prepared = prepared_pdf()
    try:
        data = countersigned(theirs, theirs.sign_for_member(prepared, member_request(prepared)).data)
    finally:
        theirs.close()
    first, second = signing.validate(data, BOTH), signing.second_opinion(data, BOTH)
    assert not first.valid
    assert [one.indication for one in first.signatures] == [Indication.INDETERMINATE] * 2  # no path to an anchor of signers
    assert not second.valid
    assert second.reasons[0].startswith("chain.no_path")


def test_the_journal_is_stamped_by_it(outside: RunningPki, ours: RunningPki, anchor: bytes) -> None:
    anchors = {**read_anchors(ours.folder), OUTSIDE_AUTHORITIES: anchor}
    both = AllAuthorities(
        anchors_pem=anchors, tsa_urls=[f"{ours.address}/tsa", f"{outside.address}/tsa"], clock=SystemClock(), timeouts=HttpTimeouts()
    )
    try:
        stamps = both.stamp(b"head")
        assert [both.verify(one.token, b"head") for one in stamps] == [one.stamped_at for one in stamps]
    finally:
        both.close()


def test_an_anchor_that_is_no_certificate_is_refused(tmp_path: Path) -> None:
    (tmp_path / "authority.pem").write_bytes(b"not a certificate")
    refused = RunningPki.run("--dir", str(tmp_path / "pki"), "--port", "1", "--trust", str(tmp_path))
    output, _ = refused.communicate(timeout=20)
    assert refused.returncode == 2
    assert "not a certificate" in output
