"""What of the conditional put can be told without a store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from importlib.metadata import version

import pytest

from conventions.errors import ConfigurationError
from storage.write_once import PROVEN_CLIENT_VERSION, Lock, verify_client_version, whole_second


def test_the_installed_client_is_the_one_that_was_proved() -> None:
    assert version("minio") == PROVEN_CLIENT_VERSION
    verify_client_version()


def test_another_version_of_the_client_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"7\.2\.19 is proved"):
        verify_client_version("7.2.19")


@pytest.mark.parametrize(
    ("instant", "whole"),
    [
        (datetime(2031, 12, 31, 23, 59, 59, tzinfo=UTC), "2031-12-31T23:59:59Z"),
        (datetime(2031, 12, 31, 23, 59, 59, 1, tzinfo=UTC), "2032-01-01T00:00:00Z"),
        (datetime(2032, 1, 1, 0, 59, 59, tzinfo=timezone(timedelta(hours=1))), "2031-12-31T23:59:59Z"),
    ],
)
def test_a_lock_ends_on_a_whole_second_never_before_what_was_asked(instant: datetime, whole: str) -> None:
    assert whole_second(instant) >= instant
    assert Lock("GOVERNANCE", whole_second(instant)).headers == {
        "x-amz-object-lock-mode": "GOVERNANCE",
        "x-amz-object-lock-retain-until-date": whole,
    }
