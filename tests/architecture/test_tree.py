"""Rules on the tree itself: what style.md promises of every file."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MAX_LINES = 400


def tracked_files() -> list[Path]:
    """List what git holds or would hold (new files that are not ignored)."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, check=True, capture_output=True, text=True)
    return sorted(path for path in (ROOT / line for line in listed.stdout.splitlines()) if path.is_file())


@pytest.mark.parametrize("path", [p for p in tracked_files() if p.suffix == ".py"], ids=lambda p: str(p.relative_to(ROOT)))
def test_source_file_stays_under_400_lines(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) < MAX_LINES


def test_lock_files_carry_no_address() -> None:
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert locks
    for lock in locks:
        assert not re.search(r"https?://|--(extra-)?index-url|--find-links", lock.read_text(encoding="utf-8")), lock.name
