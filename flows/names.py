"""How a status is shown in Prefect: the one table, and the tags by which agents filter.

Never RUNNING (the server expects heartbeats), SCHEDULED (it is marked late, and a runner takes it) or PAUSED (the server
reads every paused run again each few seconds).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from conventions.agreements import Failure
from conventions.status import Status


@dataclass(frozen=True)
class TrackerState:
    """A Prefect state: its type and the name that an agent reads."""

    type: str
    name: str


NEEDS_ATTENTION = TrackerState("FAILED", "Needs attention")

TRACKER_STATES: Mapping[Status, TrackerState] = MappingProxyType(
    {
        Status.DRAFTED: TrackerState("PENDING", "Drafted"),
        Status.AWAITING_DATA: TrackerState("PENDING", "Awaiting data"),
        Status.AWAITING_MEMBER: TrackerState("PENDING", "Awaiting member"),
        Status.AWAITING_COUNTERSIGNATURE: TrackerState("PENDING", "Awaiting countersignature"),
        Status.SEALING: TrackerState("PENDING", "Sealing"),
        Status.ARCHIVED: TrackerState("PENDING", "Archived"),
        Status.ACTIVE: TrackerState("COMPLETED", "Active"),
        Status.RETURNED: TrackerState("PENDING", "Returned"),
        Status.DECLINED: TrackerState("CANCELLED", "Declined"),
        Status.EXPIRED: TrackerState("CANCELLED", "Expired"),
        Status.CANCELLED: TrackerState("CANCELLED", "Cancelled"),
        Status.SUPERSEDED: TrackerState("CANCELLED", "Superseded"),
        Status.TERMINATED: TrackerState("CANCELLED", "Terminated"),
        Status.ENDED: TrackerState("CANCELLED", "Ended"),
        Status.QUARANTINED: NEEDS_ATTENTION,
    }
)

STATE_NAMES = tuple(dict.fromkeys(state.name for state in TRACKER_STATES.values()))
"""Every name that a tracker may bear; another one was given by hand."""

TRACKER_TAG = "agreement"
WORK_TAG = "work"
ATTENTION_TAG = "needs-attention"

TRACKER_FLOW, TRACKER_DEPLOYMENT = "agreement", "board"
DEPLOYMENT = "run"
"""Name of the one deployment of each working flow: ``campaign/run``."""


def tracker_state(status: Status, failure: Failure | None) -> TrackerState:
    """Return what is shown of an agreement; a failed attempt hides its status."""
    return NEEDS_ATTENTION if failure is not None else TRACKER_STATES[status]


def campaign_tag(campaign_id: str) -> str:
    """Return the tag of a campaign's trackers."""
    return f"campaign:{campaign_id}"


def stage_tag(status: Status) -> str:
    """Return the tag of the trackers at a status: the interface filters by tags, not by our names of states."""
    return f"stage:{status}"


def campaign_stage_tag(campaign_id: str, status: Status) -> str:
    """Return the tag of a campaign's trackers at a status: the interface shows runs that bear any of several tags, never all."""
    return f"{campaign_tag(campaign_id)}:{status}"


def tracker_tags(campaign_id: str, status: Status, failure: Failure | None) -> list[str]:
    """Return a tracker's tags: what it is, its campaign, its status, both at once, and whether a person is needed."""
    is_calm = tracker_state(status, failure) is not NEEDS_ATTENTION
    of_campaign = (campaign_tag(campaign_id), campaign_stage_tag(campaign_id, status))
    return [TRACKER_TAG, stage_tag(status), *of_campaign, *([] if is_calm else [ATTENTION_TAG])]


def tracker_key(reference: str) -> str:
    """Return the idempotency key of an agreement's tracker."""
    return f"agreement:{reference}"


def agreement_address(office: str, reference: str) -> str:
    """Return the address of an agreement in the office."""
    return f"{office}/conventions/{reference}"


def runs_address(tag: str) -> str:
    """Return the path, in Prefect's interface, of the runs that bear a tag, whatever their age."""
    return f"/v2/runs?tab=flow-runs&tags={tag}"
