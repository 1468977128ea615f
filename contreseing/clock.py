"""The machine's clock: the only place that reads it."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Tells the machine's time, aware, UTC."""

    def now(self) -> datetime:
        """Return the current instant."""
        return datetime.now(UTC)
