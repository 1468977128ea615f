"""Builds the signing adapter; apart, because its libraries take long to load."""

from __future__ import annotations

from collections.abc import Callable

from contreseing.clock import SystemClock
from contreseing.settings import Settings, text_of
from conventions.ports.documents import StampText
from signing.adapter import PadesSigning
from signing.pki.directory import read_anchors
from signing.pki_client import PkiTokens


def build_signing(settings: Settings, clock: SystemClock, render_stamp: Callable[[StampText, float, float], bytes]) -> PadesSigning:
    """Build the port ``signing``.

    Raises:
        ConfigurationError: an anchor lacks, or is unreadable.
    """
    return PadesSigning(
        pki_url=settings.pki_url,
        tokens=PkiTokens(
            portal=text_of(settings.pki_portal_token) or "",
            flows=text_of(settings.pki_flows_token) or "",
            desk=text_of(settings.pki_desk_token) or "",
        ),
        anchors_pem=read_anchors(settings.pki_anchors_dir),
        tsa_urls=settings.timestamp_urls,
        tsa_policies=frozenset(settings.tsa_policies.split()),
        render_stamp=render_stamp,
        clock=clock,
    )
