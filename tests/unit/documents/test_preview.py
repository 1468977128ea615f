"""A wording is tried before it is used."""

from __future__ import annotations

import pytest

from conventions.canonical import sha256_hex
from conventions.errors import ConfigurationError, InputRefused
from documents.preview import preview_wording
from documents.wording_files import BUNDLED
from tests.builders import example_member, example_terms

SOURCE = (BUNDLED / "convention" / "2026-1.md").read_bytes()


def test_preview_with_fictitious_facts() -> None:
    preview = preview_wording(SOURCE, "convention", "essai.md")
    assert preview.sha256_hex == sha256_hex(SOURCE)
    assert len(preview.points) >= 87
    assert len(preview.twin) == len(preview.rendered.sections)
    assert "Communauté de communes fictive" in preview.twin[0].html


def test_preview_with_the_facts_of_a_member() -> None:
    terms = example_terms(member=example_member(name="Commune de l’Essai"))
    assert "Commune de l’Essai" in preview_wording(SOURCE, "convention", "essai.md", terms).twin[0].html


def test_faults_are_told_before_use() -> None:
    with pytest.raises(ConfigurationError, match=r"^essai\.md:1: "):
        preview_wording(b"Sans partie\n", "convention", "essai.md")
    with pytest.raises(ConfigurationError, match=r"^essai\.md:0: champ non utilis\xe9"):
        preview_wording(b"::: part A\n\nTexte.\n", "convention", "essai.md")
    with pytest.raises(ConfigurationError, match="kind letter"):
        preview_wording(SOURCE, "letter", "essai.md")
    with pytest.raises(InputRefused):
        preview_wording(SOURCE, "convention", "essai.md", example_terms(member=example_member(referent=None)))
