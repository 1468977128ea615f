"""The port of trusted lists: the copies that tell what is qualified, and how old they are."""

from __future__ import annotations

from typing import Protocol

from conventions.qualification import ListsState


class Lists(Protocol):
    """The folder in which verified trusted lists are kept (ETSI TS 119 612)."""

    def refresh(self) -> ListsState:
        """Fetch every list again; one that cannot be had, or is not signed as it should be, leaves the copy before in place.

        Raises:
            UpstreamUnavailable: there is no list of the lists, neither fetched nor kept.
            ConfigurationError: the folder cannot be written.
        """
        ...

    def state(self) -> ListsState:
        """Return what the last refresh found, without asking anybody.

        Raises:
            EvidenceBroken: what says it cannot be read.
        """
        ...
