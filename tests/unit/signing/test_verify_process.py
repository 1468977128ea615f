"""Files are verified within limits, whatever they are made to cost."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from conventions.verdicts import french_reasons
from conventions.verification import FileVerification
from signing import verify_process
from signing.upload_process import WALL_SECONDS, UploadLimits
from signing.verify import FileVerifier
from signing.verify_process import LimitedVerifier
from tests.unit.signing.material import prepared_pdf
from tests.vectors.bombs import BOMBS
from tests.vectors.outsiders import outsider, sign

NOW = datetime.now(UTC)


def test_a_process_apart_finds_what_would_be_found_here() -> None:
    files = [prepared_pdf(), sign(prepared_pdf(), outsider()), b"%PDF-1.7 and no more"]
    with LimitedVerifier() as verifier:
        assert [verifier.verify(data, NOW) for data in files] == [FileVerifier().verify(data, NOW) for data in files]


@pytest.mark.sampled(one_in=5)
@pytest.mark.parametrize("name", BOMBS)
def test_a_file_made_to_cost_stops_neither_the_command_nor_the_files_after_it(name: str) -> None:
    uploaded = BOMBS[name](prepared_pdf())
    with LimitedVerifier() as verifier:
        begun = time.monotonic()
        found = verifier.verify(uploaded, NOW)
        assert time.monotonic() - begun < 2 * WALL_SECONDS + 2  # its start, then its reading
        assert not found.is_valid
        assert french_reasons(found)
        assert verifier.verify(prepared_pdf(), NOW).reasons == ("no signature",)


@pytest.mark.parametrize(
    ("limits", "reasons"),
    [
        (UploadLimits(wall_seconds=0.01), {verify_process.TOO_LONG}),
        (UploadLimits(memory_bytes=8_000_000), {verify_process.TOO_MUCH, verify_process.ENDED}),
    ],
    ids=["time", "memory"],
)
def test_past_its_limits_a_file_is_not_valid_and_its_reason_says_why(limits: UploadLimits, reasons: set[str]) -> None:
    with LimitedVerifier(limits=limits) as verifier:
        found = verifier.verify(sign(prepared_pdf(), outsider()), NOW)
    assert not found.is_valid
    assert set(found.reasons) <= reasons


def test_a_file_too_large_is_not_opened() -> None:
    with LimitedVerifier(limits=UploadLimits(wall_seconds=0.001)) as verifier:
        assert verifier.verify(bytes(verify_process.MAX_FILE_BYTES + 1), NOW).reasons == (verify_process.TOO_LARGE,)


@pytest.mark.parametrize("reason", [verify_process.TOO_LARGE, verify_process.TOO_LONG, verify_process.TOO_MUCH, verify_process.ENDED])
def test_each_limit_is_told_in_french(reason: str) -> None:
    (told,) = french_reasons(FileVerification("", NOW, False, None, (), (), None, (reason,)))
    assert "lecture" in told or "volumineux" in told or "lecteur" in told
