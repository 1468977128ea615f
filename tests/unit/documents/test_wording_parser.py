"""Every fault of a wording file is told with its file and its line."""

from __future__ import annotations

import pytest

from conventions.errors import ConfigurationError
from documents.blocks import Align, Emphasis, Run, Runs
from documents.wording_parser import parse_wording
from documents.wording_templates import (
    ChoiceTemplate,
    FactSheetTemplate,
    FieldText,
    FieldUse,
    HeadingTemplate,
    ListTemplate,
    PageBreakTemplate,
    ParagraphTemplate,
    SignaturesTemplate,
    TableTemplate,
    Wording,
)


def parse(text: str) -> Wording:
    return parse_wording(text.encode(), "convention/essai", "convention/essai.md")


WHOLE = """::: part Première

# Titre

<!-- P1, P2 --> Un **texte** et *un autre*, [un site](https://exemple.invalid) et {{member.name}}
sur deux lignes.

- un
- deux, qui
  continue

1. premier
2. second

Tableau : Légende
| A | B |
| --- | --: |
| each scale | {{line.category}} | {{line.contribution}} |
| a \\| b | 3 |
| total | Total | {{recapitulation.total}} |

::: part Seconde

::: if demonstration
Oui.
::: else
Non.
:::

::: facts Repères
Nom | {{member.name}}
:::

::: page

::: signatures
member | Pour l'établissement | {{member.representative}} | {{member.capacity}}
:::
"""


def test_whole_grammar() -> None:
    wording = parse(WHOLE)
    assert [part.title for part in wording.parts] == ["Première", "Seconde"]
    assert wording.points == (("P1", 5), ("P2", 5))
    heading, paragraph, bullets, numbers, table = wording.parts[0].blocks
    assert heading == HeadingTemplate(1, Runs((Run("Titre"),)))
    assert isinstance(paragraph, ParagraphTemplate)
    assert isinstance(paragraph.text, FieldText)
    assert paragraph.text.line == 5
    assert paragraph.text.pieces == (
        Run("Un "),
        Run("texte", Emphasis.STRONG),
        Run(" et "),
        Run("un autre", Emphasis.ITALIC),
        Run(", "),
        Run("un site", link="https://exemple.invalid"),
        Run(" et "),
        FieldUse("member.name"),
        Run(" sur deux lignes."),
    )
    assert bullets == ListTemplate(ordered=False, items=(Runs((Run("un"),)), Runs((Run("deux, qui continue"),))))
    assert isinstance(numbers, ListTemplate)
    assert numbers.ordered
    assert isinstance(table, TableTemplate)
    assert table.aligns == (Align.LEFT, Align.RIGHT)
    assert [row.each for row in table.rows] == ["scale", None]
    assert table.rows[1].cells[0] == Runs((Run("a | b"),))
    assert table.total is not None
    choice, facts, page, signatures = wording.parts[1].blocks
    assert isinstance(choice, ChoiceTemplate)
    assert choice.held == (ParagraphTemplate(Runs((Run("Oui."),))),)
    assert choice.otherwise == (ParagraphTemplate(Runs((Run("Non."),))),)
    assert isinstance(facts, FactSheetTemplate)
    assert isinstance(page, PageBreakTemplate)
    assert isinstance(signatures, SignaturesTemplate)


TABLE = "::: part A\n\nTableau : T\n| A | B |\n| --- | --- |\n"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("", 1, "texte vide"),
        ("Bonjour.\n", 1, "hors de toute partie"),
        ("::: part A\n\n- un\nsuite\n", 4, "liste non refermée"),
        ("::: part A\n\n- un\n1. deux\n", 4, "mêlées"),
        ("::: part A\n\n1. un\n3. deux\n", 4, "numéro 2. attendu"),
        ("::: part A\n\nTexte.\n- un\n", 4, "ligne vide attendue"),
        ("::: part A\n\n  retrait\n", 3, "retrait hors d'une liste"),
        ("::: part A\n\n| A |\n| --- |\n| 1 |\n", 3, "tableau sans légende"),
        ("::: part A\n\nTableau : T\n", 4, "en-tête de tableau attendu"),
        ("::: part A\n\nTableau : T\n| A | B |\n| --- |\n", 5, "filet de tableau"),
        ("::: part A\n\nTableau : T\n| A |\n| --- |\n", 4, "tableau sans ligne"),
        (TABLE + "| 1 |\n", 6, "2 cellules attendues, 1 lues"),
        (TABLE + "| 1 | 2\n", 6, "tableau cassé"),
        (TABLE + "| total | T | 2 |\n| 1 | 2 |\n", 7, "suit le total"),
        ("::: part A\n\n### Trop bas\n", 3, "titre de niveau 3 après un niveau 0"),
        ("::: part A\n\n# Un\n\n# Deux\n", 5, "titre de niveau 1"),
        ("::: part A\n\n#Collé\n", 3, "titre mal formé"),
        ("::: part A\n\n##### Cinq\n", 3, "titre mal formé"),
        ("::: part A\n\n::: if demonstration\nOui.\n", 3, "non refermé"),
        ("::: part A\n\n::: if demonstration\nOui.\n\n::: part B\n", 3, "non refermé"),
        ("::: part A\n\n::: facts Repères\nNom | X\n", 3, "non refermé"),
        ("::: part A\n\n::: facts Repères\n:::\n", 3, "vide"),
        ("::: part A\n\n::: facts Repères\nNom\n:::\n", 4, "2 colonnes"),
        ("::: part A\n\n::: signatures\nmaire | a | b | c\n:::\n", 4, "partie inconnue"),
        ("::: part A\n\n::: dessin\n", 3, "directive inconnue"),
        ("::: part A\n\nTexte <!-- P1\n", 3, "commentaire non refermé"),
        ("::: part A\n\n<!-- note --> Texte\n", 3, "ne porte que des points"),
        ("::: part A\n\nUn **gras\n", 3, "non refermé"),
        ("::: part A\n\nUn **gras *et* italique**\n", 3, "emboîtés"),
        ("::: part A\n\nUn {{member.name\n", 3, "champ non refermé"),
        ("::: part A\n\nUn member.name}}\n", 3, "champ non ouvert"),
        ("::: part A\n\nUn [lien]( https://x )\n", 3, "lien mal formé"),
        ("::: part A\n\nUn [](https://x)\n", 3, "lien sans texte"),
        ("::: part A\n\nUn [lien](javascript:alert)\n", 3, "adresse de lien refusée"),
        ("::: part A\n\nUn `code`\n", 3, "accent grave"),
        ("::: part A\n\nUn \u4e2d.\n", 3, "U+4E2D"),
    ],
)
def test_fault_names_file_and_line(text: str, line: int, what: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        parse(text)
    assert str(caught.value).startswith(f"convention/essai.md:{line}: ")
    assert what in str(caught.value)


def test_not_utf_8() -> None:
    with pytest.raises(ConfigurationError, match="UTF-8"):
        parse_wording(b"\xff", "convention/essai", "convention/essai.md")


def test_signs_may_be_escaped() -> None:
    (part,) = parse("::: part A\n\nUn \\*vrai\\* astérisque, \\{\\{ et \\}\\}.\n").parts
    assert part.blocks == (ParagraphTemplate(Runs((Run("Un *vrai* astérisque, {{ et }}."),))),)
