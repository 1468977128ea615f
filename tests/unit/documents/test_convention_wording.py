"""The bundled convention makes every point that the facts ask of it, and uses every fact that it is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from conventions.errors import ConfigurationError
from documents.composition import verify_wording
from documents.vocabularies import VOCABULARIES
from documents.wording_files import BUNDLED, WordingFiles
from documents.wording_parser import parse_wording

ID = "convention/2026-1"
SOURCE = (BUNDLED / "convention" / "2026-1.md").read_text(encoding="utf-8")
SERVICES = range(72, 84)


def test_every_point_is_made() -> None:
    points = {point for point, _ in WordingFiles().wording(ID).points}
    assert points == {f"P{rank}" for rank in range(1, 88)}


def test_each_point_stands_in_its_article() -> None:
    lines = dict(WordingFiles().wording(ID).points)
    titles = [(rank, line) for rank, line in enumerate(SOURCE.split("\n"), 1) if line.startswith("## ")]

    def title_above(point: str) -> str:
        return [title for rank, title in titles if rank < lines[point]][-1]

    expected = {
        "P1": "Préambule",
        "P8": "Article 1",
        "P13": "Article 2",
        "P18": "Article 3",
        "P24": "Article 4",
        "P31": "Article 5",
        "P34": "Article 6",
        "P35": "Article 7",
        "P38": "Article 8",
        "P50": "Annexe 1",
        "P83": "Annexe 2",
        "P86": "Contributions",
    }
    assert {point: title_above(point).removeprefix("## ").startswith(title) for point, title in expected.items()} == dict.fromkeys(
        expected, True
    )


def test_each_service_has_its_section() -> None:
    lines = dict(WordingFiles().wording(ID).points)
    source = SOURCE.split("\n")
    for number, rank in enumerate(SERVICES, 1):
        above = [line for line in source[: lines[f"P{rank}"]] if line.startswith("### ")][-1]
        assert above.startswith(f"### {number}. ")


@pytest.mark.parametrize(
    ("before", "after", "what"),
    [
        ("{{member.name}}", "{{member.nom}}", "champ inconnu : member.nom"),
        ("{{line.quotas}}", "{{member.name}}", "champ inconnu : member.name"),
        ("{{syndicate.telephone}}", "02", "champ non utilisé : syndicate.telephone"),
        ("each recapitulation", "each membres", "liste inconnue : membres"),
        ("::: if demonstration", "::: if essai", "condition inconnue : essai"),
    ],
)
def test_fields_unknown_or_unused(before: str, after: str, what: str) -> None:
    changed = SOURCE.replace(before, after)
    assert changed != SOURCE
    with pytest.raises(ConfigurationError) as caught:
        verify_wording(parse_wording(changed.encode(), ID, "convention/2026-1.md"), VOCABULARIES["convention"])
    assert str(caught.value).startswith("convention/2026-1.md:")
    assert what in str(caught.value)


def test_list_left_out() -> None:
    changed = SOURCE.replace("| each scale | {{line.category}} | {{line.population}} | {{line.contribution}} |", "| a | b | c |")
    with pytest.raises(ConfigurationError, match="liste non utilisée : scale"):
        verify_wording(parse_wording(changed.encode(), ID, "convention/2026-1.md"), VOCABULARIES["convention"])


@pytest.mark.parametrize(
    "wording_id", ["convention/none", "convention/../../secret", "letter/2026-1", "convention", "charter/2025-1", "charter/2026-1/x"]
)
def test_no_such_wording(wording_id: str) -> None:
    with pytest.raises(ConfigurationError):
        WordingFiles().wording(wording_id)


def test_customer_directory_comes_first(tmp_path: Path) -> None:
    (tmp_path / "convention").mkdir()
    (tmp_path / "convention" / "2026-1.md").write_text(SOURCE.replace("Préambule", "Exposé"), encoding="utf-8")
    ours = WordingFiles((tmp_path, BUNDLED)).wording(ID)
    assert ours.sha256_hex != WordingFiles().wording(ID).sha256_hex


@pytest.mark.parametrize("kind", VOCABULARIES)
def test_guide_names_every_field_list_and_condition(kind: str) -> None:
    guide = (BUNDLED / "LISEZMOI.md").read_text(encoding="utf-8")
    section = next(part for part in guide.split("\n### ") if f"(`{kind}`)" in part.split("\n")[0])
    vocabulary = VOCABULARIES[kind]
    lines = {field for fields in vocabulary.lists.values() for field in fields}
    names = vocabulary.required | vocabulary.conditions | set(vocabulary.lists) | lines | set(vocabulary.parties)
    assert sorted(name for name in names if f"`{name}`" not in section) == []
