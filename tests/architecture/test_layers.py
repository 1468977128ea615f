"""The layers' rules that import-linter cannot say: what ``conventions`` may import is a list of what is allowed."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.architecture.tree import files_under, listing, product_sources, relative, syntax_of

ALLOWED_BEYOND_THE_STANDARD_LIBRARY = {"conventions", "stdnum"}
OUTSIDE_WORLD = {
    "asyncio", "ctypes", "ftplib", "http", "imaplib", "multiprocessing", "os", "poplib", "random", "shutil", "signal", "smtplib",
    "socket", "socketserver", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "time",
}  # fmt: skip
"""Standard modules that reach the network, a process, a thread, the disk or chance: a pure core has no use for them."""


def imported_modules(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (``file:line``, module) of every import of a source, wherever it stands."""
    for node in ast.walk(syntax_of(path)):
        if isinstance(node, ast.Import):
            yield from ((f"{relative(path)}:{node.lineno}", alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield f"{relative(path)}:{node.lineno}", node.module or ""


def test_conventions_import_the_standard_library_and_stdnum_only() -> None:
    allowed = ALLOWED_BEYOND_THE_STANDARD_LIBRARY | set(sys.stdlib_module_names)
    strangers = [
        f"{place} {module}"
        for path in files_under("conventions", suffixes=(".py",))
        for place, module in imported_modules(path)
        if module.partition(".")[0] not in allowed
    ]
    assert not strangers, listing(strangers)


def test_conventions_do_not_reach_outside() -> None:
    reaching = [
        f"{place} {module}"
        for path in files_under("conventions", suffixes=(".py",))
        for place, module in imported_modules(path)
        if module.partition(".")[0] in OUTSIDE_WORLD or module == "urllib.request"
    ]
    assert not reaching, listing(reaching)


def test_product_does_not_import_its_tests() -> None:
    climbing = [place for path in product_sources() for place, module in imported_modules(path) if module.partition(".")[0] == "tests"]
    assert not climbing, listing(climbing)
