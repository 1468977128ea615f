"""Files of data that come with the product; ``SOURCES.md`` says where each comes from."""

from __future__ import annotations

from importlib.resources import files


def read_data(name: str) -> str:
    """Return the text of one of this folder's files."""
    return files(__name__).joinpath(name).read_text(encoding="utf-8")
