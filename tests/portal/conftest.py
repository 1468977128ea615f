"""What holds for every test of the portal over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Keep the logs from the terminal: drawing a trace there takes seconds."""
    with structlog.testing.capture_logs():
        yield
