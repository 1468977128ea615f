"""The tree as the rules see it: the files that belong to the project, wherever the checkout stands."""

from __future__ import annotations

import ast
import functools
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("conventions", "documents", "signing", "storage", "delivery", "flows", "portal", "contreseing")
_NOT_OURS = {".git", ".venv", "build", "demo", "dist", "__pycache__", "node_modules"}


def relative(path: Path) -> str:
    """Name a file as a reader would."""
    return path.relative_to(ROOT).as_posix()


def files_under(*folders: str, suffixes: tuple[str, ...] = ()) -> list[Path]:
    """List the project's files below folders (the whole tree by default), in order, of some endings or of all."""
    found: list[Path] = []
    for start in [ROOT / folder for folder in folders] or [ROOT]:
        for folder, names, files in os.walk(start):
            names[:] = [name for name in names if name not in _NOT_OURS and not name.endswith(("_cache", ".egg-info", ".hypothesis"))]
            found += [Path(folder, name) for name in files if name not in _NOT_OURS and not name.startswith(".coverage")]
    return sorted(path for path in found if not suffixes or path.suffix in suffixes)


@functools.cache
def text_of(path: Path) -> str | None:
    """Read a file's text; None for a picture, a font or another binary."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


@functools.cache
def syntax_of(path: Path) -> ast.Module:
    """Parse a Python source."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=relative(path))


def lines_of(paths: list[Path]) -> Iterator[tuple[str, str]]:
    """Yield (``file:line``, line) over text files."""
    for path in paths:
        for number, line in enumerate((text_of(path) or "").splitlines(), 1):
            yield f"{relative(path)}:{number}", line


def listing(found: list[str]) -> str:
    """Lay out what a rule found, one a line, for the failure's message."""
    return "\n" + "\n".join(found)


def product_sources() -> list[Path]:
    """List the Python sources of the packages."""
    return files_under(*PACKAGES, suffixes=(".py",))


def sources_of_tests() -> list[Path]:
    """List the Python sources of the tests."""
    return files_under("tests", suffixes=(".py",))
