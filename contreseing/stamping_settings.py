"""Settings of time-stamping: who is asked, who is believed, and how often an archive time-stamp is renewed."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings


class StampingSettings(BaseSettings):
    """The time-stamp authorities (RFC 3161) of signatures, of archived files and of the journal."""

    tsa_urls: str | None = Field(None, description="Time-stamp authorities in order, separated by spaces; the PKI's own without it.")
    tsa_anchors_dir: Path | None = Field(
        None,
        description="Folder of the anchors (PEM or DER) of outside time-stamp authorities; believed about time alone. None without it.",
    )
    tsa_in_flight: int = Field(24, ge=1, le=256, description="Requests that one time-stamp authority gets at once, at most.")
    tsa_policies: str = Field("", description="Policies (OIDs, separated by spaces) that a time-stamp must carry; any without it.")
    restamp_days: int = Field(365, ge=1, le=730, description="Age in days at which an archive time-stamp is renewed.")
