"""The command itself."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version

import pytest
from typer.testing import CliRunner

from contreseing.cli import app
from tests.tools import ROOT


def test_version_is_said_alone() -> None:
    answer = CliRunner().invoke(app, ["--version"])
    assert (answer.exit_code, answer.output) == (0, f"{version('contreseing')}\n")


@pytest.mark.parametrize("arguments", [["--help"], ["bundle", "--help"], ["verify", "--help"]])
def test_help_is_french_and_never_fails(arguments: list[str]) -> None:
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 0
    assert len(answer.output) > 200


def test_the_columns_of_the_members_file_are_published_as_they_are() -> None:
    answer = CliRunner().invoke(app, ["import", "--columns"])
    assert (answer.exit_code, answer.output) == (0, (ROOT / "docs/operating/members-file.md").read_text(encoding="utf-8"))


def test_no_command_loads_what_only_some_need() -> None:
    program = "import sys, contreseing.cli; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "contreseing.cli" in loaded
    assert {"pyhanko", "pypdf", "reportlab", "prefect"}.isdisjoint(loaded)
