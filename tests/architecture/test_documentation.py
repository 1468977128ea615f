"""What the documentation tells a person to type or to open exists."""

from __future__ import annotations

import importlib
import re
import tomllib
from pathlib import Path

from tests.architecture.tree import ROOT, files_under, listing, relative, text_of

IN_CODE = re.compile(r"```[\s\S]*?```|`[^`\n]+`|^ {4}.+$", re.MULTILINE)


def documents() -> list[Path]:
    """List the Markdown that people read: not the wordings, which are data."""
    return [*sorted(ROOT.glob("*.md")), *files_under("docs", suffixes=(".md",))]


def code_in(path: Path) -> list[str]:
    """List the lines of a document that stand in code: fenced, indented or between back-quotes."""
    return [line.strip("` ") for block in IN_CODE.findall(text_of(path) or "") for line in block.splitlines()]


def words_after(command: str) -> dict[str, str]:
    """Map each word that follows a command in a document's code to the document that says it."""
    pattern = re.compile(rf"(?:^|[ /]){command} ([a-z][a-z-]*)")
    return {word: relative(path) for path in documents() for line in code_in(path) for word in pattern.findall(line)}


def make_targets() -> set[str]:
    """List the Makefile's targets."""
    return set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def cli_commands() -> set[str]:
    """List the commands of ``contreseing``, as its program declares them."""
    typer_main = importlib.import_module("typer.main")
    return set(typer_main.get_command(importlib.import_module("contreseing.cli").app).commands)


def test_make_targets_of_the_documentation_exist() -> None:
    unknown = [f"make {word} ({place})" for word, place in words_after("make").items() if word not in make_targets()]
    assert not unknown, listing(unknown)


def test_commands_of_the_documentation_exist() -> None:
    said = words_after("contreseing")
    commands = cli_commands() if said else set()
    unknown = [f"contreseing {word} ({place})" for word, place in said.items() if word not in commands]
    assert not unknown, listing(unknown)


def test_commands_of_the_makefile_exist() -> None:
    said = re.findall(r"\$\(BIN\)/contreseing ([a-z-]+)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    missing = sorted(set(said) - cli_commands())
    assert said
    assert not missing, listing(missing)


def test_every_make_target_is_in_its_help() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    told = set(re.findall(r"^([a-z][\w-]*):.*## ", makefile, re.MULTILINE))
    untold = sorted(make_targets() - told)
    assert not untold, listing(untold)


def test_links_between_files_lead_somewhere() -> None:
    broken = [
        f"{relative(path)}: {target}"
        for path in documents()
        for target in re.findall(r"\]\(([^)\s#]+)(?:#[^)\s]*)?\)", text_of(path) or "")
        if "://" not in target and not target.startswith("mailto:") and not (path.parent / target).exists()
    ]
    assert not broken, listing(broken)


def test_continuous_integration_runs_what_the_readme_says() -> None:
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    ran = set(re.findall(r"^\s*make (?:-\S+ )*([a-z]+)", script, re.MULTILINE))
    assert {"tools", "check", "test", "demo"} <= ran


def test_version_of_the_changelog_is_the_package_s() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert version in changelog
