"""The table of states and tags."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from conventions.agreements import Failure
from conventions.status import FINAL, Status
from flows.names import (
    NEEDS_ATTENTION,
    STATE_NAMES,
    TRACKER_STATES,
    agreement_address,
    runs_address,
    tracker_state,
    tracker_tags,
)

FAILURE = Failure("prepare", "power.missing", datetime(2026, 1, 12, tzinfo=UTC), 1)


def test_every_status_has_a_state_and_every_state_its_own_name() -> None:
    assert set(TRACKER_STATES) == set(Status)
    assert len(STATE_NAMES) == len(set(TRACKER_STATES.values()))


@pytest.mark.parametrize("status", Status)
def test_no_tracker_is_run_scheduled_or_paused_by_prefect(status: Status) -> None:
    assert TRACKER_STATES[status].type in {"PENDING", "COMPLETED", "CANCELLED", "FAILED"}


def test_only_active_is_completed_and_final_statuses_are_cancelled() -> None:
    assert [s for s in Status if TRACKER_STATES[s].type == "COMPLETED"] == [Status.ACTIVE]
    assert {s for s in Status if TRACKER_STATES[s].type == "CANCELLED"} == FINAL


@pytest.mark.parametrize("status", Status)
def test_failed_attempt_shows_as_needs_attention_and_keeps_its_stage(status: Status) -> None:
    assert tracker_state(status, FAILURE) is NEEDS_ATTENTION
    tags = {"agreement", "campaign:c-1", f"stage:{status}", f"campaign:c-1:{status}", "needs-attention"}
    assert set(tracker_tags("c-1", status, FAILURE)) == tags


def test_calm_agreement_bears_no_mark_of_attention() -> None:
    assert tracker_tags("c-1", Status.ACTIVE, None) == ["agreement", "stage:active", "campaign:c-1", "campaign:c-1:active"]
    assert "needs-attention" in tracker_tags("c-1", Status.QUARANTINED, None)


def test_addresses() -> None:
    assert agreement_address("https://gestion.invalid", "2026-0001") == "https://gestion.invalid/conventions/2026-0001"
    assert runs_address("campaign:c-1:active") == "/v2/runs?tab=flow-runs&tags=campaign:c-1:active"
