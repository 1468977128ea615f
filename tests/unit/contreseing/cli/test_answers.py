"""What commands answer when there is nothing, or not what was named: at once, by its name, in the right number."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from contreseing.cli import app
from contreseing.embedded.stack import Stack
from conventions.errors import NotFound
from conventions.sentences import sentence
from storage.migrations import ensure_schema


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demonstration's folder with an empty registry; none of its parts runs."""
    made = tmp_path_factory.mktemp("demo")
    (made / "data").mkdir()
    with Stack(made) as stack:
        ensure_schema(stack.settings.registry_url)
    return made


@pytest.mark.parametrize(
    "command",
    [
        ("bundle", "2026-9999"),
        ("reread", "2026-9999"),
        ("status", "2026-9999"),
        ("journal", "prove", "2026-9999"),
        ("archive", "hold", "2026-9999", "--reason", "litige"),
        ("archive", "release", "2026-9999", "--reason", "litige"),
        ("archive", "extend", "2026-9999", "--until", "2060-01-01", "--reason", "litige"),
        ("archive", "transfer", "2026-9999", "--out", "paquet.zip"),
        ("quarantine", "release", "2026-9999", "--reason", "vu"),
    ],
    ids=" ".join,
)
def test_an_unknown_reference_is_named_before_anything_is_started(folder: Path, command: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(app, ["--dossier", str(folder), *command])
    assert isinstance(answer.exception, NotFound)
    assert sentence(answer.exception) == "Aucun document ne porte la référence 2026-9999 : vérifiez-la."
    assert "émarrage" not in answer.output
    assert not list((folder / "logs").glob("*"))


def test_sizes_that_the_journal_never_had_are_answered_with_its_own(folder: Path) -> None:
    answer = CliRunner().invoke(app, ["--dossier", str(folder), "journal", "consistency", "50", "5"])
    assert isinstance(answer.exception, NotFound)
    assert answer.exception.code == "journal.sizes"


def test_an_empty_elimination_list_says_so_and_why(folder: Path) -> None:
    answer = CliRunner().invoke(app, ["--dossier", str(folder), "archive", "eliminable", "--on", "2090-01-01"])
    assert answer.exit_code == 0
    assert answer.stdout.startswith("référence;organisme;")
    assert len(answer.stdout.splitlines()) == 1
    told = " ".join(answer.stderr.replace("\u00a0", " ").split())
    assert "Rien n’est éliminable au 1er janvier 2090" in told
    assert "Le sort final réglé est la conservation" in told


@pytest.mark.parametrize("group", [(), ("archive",), ("journal",), ("pki",)])
def test_help_lists_the_commands_in_french_and_cuts_nothing(group: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(app, [*group, "--help"], env={"COLUMNS": "80"})
    assert answer.exit_code == 0
    assert "Commandes:" in answer.output
    assert "..." not in answer.output.partition("Commandes:")[2]
