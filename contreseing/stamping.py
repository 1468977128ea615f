"""Builds the port of time-stamps by every authority; apart from signing, because that one takes longer to load."""

from __future__ import annotations

from contreseing.clock import SystemClock
from contreseing.settings import Settings
from signing.pki.directory import read_anchors
from signing.stamping import AllAuthorities


def build_timestamps(settings: Settings, clock: SystemClock) -> AllAuthorities:
    """Build the port ``timestamps``.

    Raises:
        ConfigurationError: an anchor lacks, or is unreadable.
    """
    return AllAuthorities(
        anchors_pem=read_anchors(settings.pki_anchors_dir),
        tsa_urls=settings.timestamp_urls,
        tsa_policies=frozenset(settings.tsa_policies.split()),
        clock=clock,
    )
