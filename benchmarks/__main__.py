"""``python -m benchmarks``: print every measure."""

from __future__ import annotations

from benchmarks import pipeline

if __name__ == "__main__":
    pipeline.main()
