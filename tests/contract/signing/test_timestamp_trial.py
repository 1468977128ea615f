"""The doctor's look at time, before authorities that fail, and before two that agree against our clock."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from contreseing.settings import Settings
from contreseing.timestamp_trial import try_timestamps
from conventions.errors import ContreseingError, UpstreamUnavailable, VerificationFailed
from signing.pki.directory import open_pki
from tests.contract.signing.bad_authority import bad_authority
from tests.contract.signing.running import RunningPki, free_port


@dataclass
class Asked:
    """The settings that the trial reads."""

    pki_anchors_dir: Path
    timestamp_urls: tuple[str, ...]
    tsa_anchors_dir: Path | None = None
    pki_former_dir: Path | None = None
    tsa_policies: str = field(default="")


def tried(pki: RunningPki, *urls: str) -> str:
    """Try these authorities."""
    return try_timestamps(cast("Settings", Asked(pki.folder, urls)))


def test_each_authority_is_tried(pki: RunningPki) -> None:
    honest = f"{pki.address}/tsa"
    assert "1\u00a0autorité la confirme" in tried(pki, honest)
    assert "2\u00a0autorités la confirment" in tried(pki, honest, honest)


def test_one_that_does_not_answer_hides_no_other(pki: RunningPki) -> None:
    with (
        bad_authority(lambda _request: (500, b"")) as failing,
        bad_authority(lambda _request: (200, b"no token")) as senseless,
        pytest.raises(UpstreamUnavailable) as told,
    ):
        tried(pki, f"http://127.0.0.1:{free_port()}/tsa", f"{pki.address}/tsa", failing, senseless)
    assert told.value.code == "tsa.unavailable"
    said = str(told.value)
    assert said.startswith("1 of 4 stamped")
    assert [f"authority {rank}:" in said for rank in (1, 2, 3, 4)] == [True, False, True, True]
    assert "timestamp.unreadable" in said


@pytest.mark.parametrize("ahead", [timedelta(seconds=40), -timedelta(seconds=40)], ids=["we are late", "we are early"])
def test_two_that_agree_say_that_our_clock_is_wrong(pki: RunningPki, ahead: timedelta) -> None:
    opened = open_pki(pki.folder)

    def elsewhen(request: bytes) -> tuple[int, bytes]:
        return 200, opened.timestamps.render_response(request, datetime.now(UTC) + ahead)

    with bad_authority(elsewhen) as one, bad_authority(elsewhen) as other:
        with pytest.raises(VerificationFailed) as told:
            tried(pki, one, other)
        assert told.value.code == "clock.wrong"
        with pytest.raises(ContreseingError) as alone:
            tried(pki, one, f"{pki.address}/tsa")
        assert alone.value.code == "timestamp.time"
