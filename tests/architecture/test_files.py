"""What style.md promises of every file."""

from __future__ import annotations

import ast
import re

from tests.architecture.tree import (
    PACKAGES,
    ROOT,
    files_under,
    lines_of,
    listing,
    product_sources,
    relative,
    sources_of_tests,
    syntax_of,
    text_of,
)

MAX_LINES = 400
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}
MACHINE_PATH = re.compile(r"(?<![\w.])/(?:work|root|farm|home/\w+|Users/\w+)/")
REGISTRY_HOSTS = re.compile(
    r"\b(?:pypi\.org|pythonhosted\.org|npmjs\.org|maven\.org|maven\.apache\.org|golang\.org|crates\.io|deb\.debian\.org)\b"
)


def test_no_source_reaches_400_lines() -> None:
    sources = files_under(suffixes=(".py", ".js", ".css", ".sh"))
    sizes_lines = {relative(path): len((text_of(path) or "").splitlines()) for path in sources}
    long = [f"{name}: {lines} lines" for name, lines in sizes_lines.items() if lines >= MAX_LINES]
    assert not long, listing(long)


def test_no_file_holds_the_path_of_a_machine() -> None:
    found = [place for place, line in lines_of(files_under()) if MACHINE_PATH.search(line)]
    assert not found, listing(found)


def test_no_file_names_a_package_registry() -> None:
    found = [place for place, line in lines_of(files_under()) if REGISTRY_HOSTS.search(line)]
    assert not found, listing(found)


def test_lock_files_hold_hashes_and_no_address() -> None:
    locks = sorted(ROOT.glob("requirements*.lock"))
    assert len(locks) == 2
    for lock in locks:
        text = lock.read_text(encoding="utf-8")
        assert not re.search(r"https?://|--(?:extra-)?index-url|--find-links|^-e|^\S+ @", text, re.MULTILINE), lock.name
        pinned = re.findall(r"^[\w.-]+==\S+(?:.*\\\n)((?: +--hash=sha256:[0-9a-f]{64}.*\n)*)", text, re.MULTILINE)
        assert pinned, lock.name
        assert all(pinned), f"{lock.name}: a requirement without hash"


def test_nothing_is_left_for_later() -> None:
    later = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|raise NotImplementedError")
    found = [place for place, line in lines_of(files_under(*PACKAGES)) if later.search(line)]
    assert not found, listing(found)


def test_no_module_has_a_vague_name() -> None:
    vague = [relative(path) for path in files_under(suffixes=(".py",)) if {path.stem, path.parent.name} & VAGUE_NAMES]
    assert not vague, listing(vague)


def test_every_package_says_that_it_is_typed() -> None:
    found = [name for name in PACKAGES if not (ROOT / name / "py.typed").exists()]
    assert not found, listing(found)


def test_no_test_patches_what_it_tests() -> None:
    patching = re.compile(r"\bunittest\.mock\b|\bmonkeypatch\.(?:setattr|setitem|delattr)\b|\bmocker\b")
    ours = [path for path in sources_of_tests() if path.name != "test_files.py"]
    found = [place for place, line in lines_of(ours) if patching.search(line)]
    assert not found, listing(found)


def test_tests_are_left_out_by_needs_tool_alone() -> None:
    skipping = re.compile(r"pytest\.(?:skip|importorskip|xfail)\(|mark\.(?:skip|skipif|xfail)\b")
    ours = [path for path in sources_of_tests() if relative(path) not in {"tests/conftest.py", "tests/architecture/test_files.py"}]
    found = [place for place, line in lines_of(ours) if skipping.search(line)]
    assert not found, listing(found)


def test_what_is_run_in_part_says_so() -> None:
    ours = [path for path in sources_of_tests() if path.stem.startswith("test_") and path.name != "test_files.py"]
    texts = {relative(path): path.read_text(encoding="utf-8") for path in ours}
    silent = [name for name, text in texts.items() if "in_ci()" in text and "mark.sampled(" not in text]
    assert not silent, listing(silent)


def test_no_error_is_swallowed_whole() -> None:
    silent = [
        f"{relative(path)}:{node.lineno}"
        for path in product_sources()
        for node in ast.walk(syntax_of(path))
        if isinstance(node, ast.ExceptHandler) and all(isinstance(statement, ast.Pass) for statement in node.body)
    ]
    assert not silent, listing(silent)
