"""The doctor's trial of Prefect bears a server that is busy for a moment, and no other refusal."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
import pytest

from contreseing.trials import BUSY_TRIES, ask_prefect


def prefect_saying(*statuses: int) -> tuple[httpx.Client, list[str]]:
    left, asked = list(statuses), list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path}")
        return httpx.Response(left.pop(0), json={"id": "run"})

    return httpx.Client(base_url="http://prefect.invalid/api", transport=httpx.MockTransport(answer)), asked


def test_a_server_that_is_busy_is_asked_again() -> None:
    prefect, asked = prefect_saying(503, 500, 201)
    with prefect:
        assert ask_prefect(prefect, "POST", "/flow_runs", {"tags": []}, wait_seconds=0) == {"id": "run"}
    assert asked == ["POST /api/flow_runs"] * 3


@pytest.mark.parametrize(("statuses", "times"), [([404], 1), ([401], 1), ([503] * (BUSY_TRIES + 1), BUSY_TRIES + 1), ([503, 404], 2)])
def test_another_refusal_or_one_that_lasts_is_told(statuses: Sequence[int], times: int) -> None:
    prefect, asked = prefect_saying(*statuses)
    with prefect, pytest.raises(httpx.HTTPStatusError):
        ask_prefect(prefect, "GET", "/flow_runs/1", wait_seconds=0)
    assert len(asked) == times
