"""The electronic archiving service (SAE) to which agreements are transferred to be kept for ever."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ArchivingService:
    """A service as we know it: under which agreement, who it is, who we are there.

    ``appraisal_rule`` is its code for the administrative life; without one a manifest gives the final fate alone.
    """

    agreement: str
    archival_agency: str
    transferring_agency: str
    appraisal_rule: str | None = None
