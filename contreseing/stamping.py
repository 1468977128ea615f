"""Whom the time-stamps are believed from, and the port of time-stamps by every authority; apart from signing, which loads longer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from contreseing.clock import SystemClock
from contreseing.settings import Settings
from conventions.errors import ConfigurationError
from signing.pki.directory import read_anchors
from signing.pki.former import FormerPki, read_former
from signing.stamping import AllAuthorities
from signing.trust_files import anchors_pem

OUTSIDE_ANCHORS = "timestamp-authorities.pem"


def build_timestamps(settings: Settings, clock: SystemClock) -> AllAuthorities:
    """Build the port ``timestamps``.

    Raises:
        ConfigurationError: an anchor lacks, or is unreadable; a former PKI does not say its end.
    """
    return AllAuthorities(
        anchors_pem=timestamp_anchors(settings),
        former=former_pkis(settings, clock),
        tsa_urls=settings.timestamp_urls,
        tsa_policies=frozenset(settings.tsa_policies.split()),
        clock=clock,
    )


def timestamp_anchors(settings: Settings) -> Mapping[str, bytes]:
    """Return the anchors that a time-stamp's path may end at, PEM by file name: our own, and those of outside authorities.

    Raises:
        ConfigurationError: an anchor lacks, or is unreadable.
    """
    outside = read_anchors_of(settings.tsa_anchors_dir)
    return {**read_anchors(settings.pki_anchors_dir), **({OUTSIDE_ANCHORS: b"".join(outside)} if outside else {})}


def former_pkis(settings: Settings, clock: SystemClock) -> Sequence[FormerPki]:
    """Return the PKIs that came before: they vouch for what was signed and stamped until their end.

    Raises:
        ConfigurationError: one is unreadable, or does not say its end.
    """
    return read_former(settings.pki_former_dir, clock.now())


def read_anchors_of(folder: Path | None) -> list[bytes]:
    """Return the certificates of a folder's files, PEM each; none without a folder.

    Raises:
        ConfigurationError: the folder or a file of it cannot be read.
    """
    try:
        return anchors_pem(one.read_bytes() for one in sorted(folder.iterdir())) if folder is not None else []
    except OSError as error:
        raise ConfigurationError(f"the folder of anchors {folder} cannot be read", code="configuration.trust") from error
