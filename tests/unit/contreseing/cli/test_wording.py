"""``contreseing wording``: a customer tries its wording with nothing set up, and is told where a fault stands."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image
from pypdf import PdfReader
from typer.testing import CliRunner, Result

from contreseing.cli import app
from documents.preview import KINDS, newest_bundled
from documents.structure_text import parse_structure_text

FAULTY, UNUSABLE = 1, 2


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, where nothing is set up."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["wording", *map(str, arguments)])


@pytest.mark.parametrize("kind", KINDS)
def test_bundled_wordings_pass(kind: str) -> None:
    result = run("check", newest_bundled(kind))
    assert result.exit_code == 0, result.output
    assert "identiques, mot à mot" in result.stdout
    assert ("Points traités : 87." in result.stdout) is (kind == "convention")


@pytest.mark.parametrize("kind", KINDS)
def test_preview_writes_the_file_and_its_pages(kind: str, bare_machine: Path) -> None:
    assert run("preview", kind).exit_code == 0
    pages = len(PdfReader(bare_machine / f"apercu-{kind}.pdf").pages)
    pictures = sorted(bare_machine.glob(f"apercu-{kind}-page-*.png"))
    assert [picture.name for picture in pictures] == [f"apercu-{kind}-page-{page:02d}.png" for page in range(1, pages + 1)]
    with Image.open(pictures[0]) as picture:
        assert picture.width == 1240


def test_preview_of_a_file_with_a_published_member(bare_machine: Path) -> None:
    shutil.copy(newest_bundled("convention"), bare_machine / "convention-2027.md")
    result = run("preview", "convention-2027.md", "--member", "Rennes Métropole", "--out", "essai.pdf")
    assert result.exit_code == 0
    text = " ".join(parse_structure_text((bare_machine / "essai.pdf").read_bytes())[0])
    assert "Rennes Métropole" in text
    assert "45\u00a0000,00\u00a0€" in text
    assert "Document de démonstration" in text


def test_member_that_is_not_published(bare_machine: Path) -> None:
    result = run("preview", "convention", "--member", "Fañch-les-Bains", "--out", "essai.pdf")
    assert result.exit_code == 0
    assert "ne figure pas dans la liste" in result.stderr
    assert "Fañch-les-Bains" in " ".join(parse_structure_text((bare_machine / "essai.pdf").read_bytes())[0])


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("{{member.name}}", "{{member.nom}}", "convention.md:7 : champ inconnu : member.nom"),
        ("{{syndicate.telephone}}", "02", "convention.md : champ non utilisé : syndicate.telephone"),
        ("::: page", "::: pages", "directive inconnue"),
        ("member | Pour", "mairie | Pour", "partie inconnue dans les signatures"),
        ("Préambule", "Préambule \u4e2d", "caractère absent des polices : U+4E2D"),
    ],
)
def test_fault_is_told_with_its_place(before: str, after: str, told: str, bare_machine: Path) -> None:
    source = newest_bundled("convention").read_text(encoding="utf-8")
    (bare_machine / "convention.md").write_text(source.replace(before, after), encoding="utf-8")
    result = run("check", "convention.md")
    assert result.exit_code == FAULTY
    assert told in result.stderr
    assert result.stdout == ""


def test_kind_by_option_and_by_folder(bare_machine: Path) -> None:
    (bare_machine / "evidence").mkdir()
    shutil.copy(newest_bundled("evidence"), bare_machine / "evidence" / "ours.md")
    shutil.copy(newest_bundled("evidence"), bare_machine / "ours.md")
    assert run("check", "evidence/ours.md").exit_code == 0
    assert run("check", "ours.md", "--kind", "evidence").exit_code == 0
    assert run("check", "ours.md").exit_code == UNUSABLE
    assert run("check", "ours.md", "--kind", "letter").exit_code == UNUSABLE


@pytest.mark.parametrize(
    "arguments",
    [("check",), ("check", "absent.md"), ("preview", "letter"), ("preview", "convention", "--out", "absent/a.pdf"), ("check", "evidence")],
)
def test_what_cannot_be_used(arguments: tuple[str, ...], bare_machine: Path) -> None:
    (bare_machine / "evidence").mkdir()
    assert run(*arguments).exit_code == UNUSABLE
