"""French that people read: typographic apostrophes, and no « (s) » in place of a number's noun."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, files_under, listing, relative, syntax_of

TEMPLATES = sorted(path for folder in ("portal", "delivery") for path in (ROOT / folder / "templates").rglob("*") if path.is_file())
OF_DOMAIN = (
    "amounts archive_sentences error_sentences fault_labels kinds member_file qualification repair_sentences sentences"
    " upload_sentences verdicts steps/notify"
)
SOURCES = [
    *files_under("portal", "delivery", suffixes=(".py",)),
    *(ROOT / "conventions" / f"{name}.py" for name in OF_DOMAIN.split()),
]
STRAIGHT = re.compile(r"(?i)(?<![\w'’])(?:[cdjlmnst]|(?:jus|lors|puis|quoi|pres|quel)?qu|aujourd|[\w-]+-l)'(?=[\wÀ-ÿ«{]|$)")
"""An elided word with the apostrophe of typewriters."""

SHAPELESS = re.compile(r"(?<!http)(?<=\w)\((?:s|e|es|x)\)")


def slips(text: str) -> list[str]:
    """List what a text writes otherwise than French does."""
    return [found[0] for pattern in (STRAIGHT, SHAPELESS) for found in pattern.finditer(text)]


def texts_of(path: Path) -> Iterator[str]:
    """Yield the texts of a module, docstrings left out: they are for developers."""
    docstrings = {
        id(node.value) for node in ast.walk(syntax_of(path)) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(syntax_of(path)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


@pytest.mark.parametrize("text", ["l'acte", "Il reste 2 essai(s)", "dites-l'on", "jusqu'à", "qu'{reference}", "parce qu'"])
def test_a_slip_is_seen(text: str) -> None:
    assert slips(text)


@pytest.mark.parametrize("text", ["l’acte", "replace('x', 'y')", "x['d']", "frame-ancestors 'none'", "2 essais (simples)"])
def test_what_is_right_is_left_alone(text: str) -> None:
    assert not slips(text)


def test_templates_are_written_as_people_read() -> None:
    found = [f"{relative(path)}: {slip}" for path in TEMPLATES for slip in slips(path.read_text(encoding="utf-8"))]
    assert not found, listing(found)


def test_sentences_are_written_as_people_read() -> None:
    found = [f"{relative(path)}: {slip} in {text[:60]!r}" for path in SOURCES for text in texts_of(path) for slip in slips(text)]
    assert not found, listing(found)
