"""A wording read as the model of many documents: every word of it, what varies said in words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from conventions.errors import ConfigurationError
from conventions.kinds import Kind
from documents.adapter import ReportlabDocuments
from documents.agreements import VOCABULARIES
from documents.evidence_vocabulary import EVIDENCE_WORDING
from documents.field_names import CONDITION_NAMES, FIELD_NAMES, LIST_NAMES
from documents.french import NO_BREAK
from documents.model import render_model
from documents.wording_files import BUNDLED, WordingFiles
from documents.wording_parser import parse_wording
from tests.builders import example_terms

DOCUMENTS = ReportlabDocuments()
BLOCK = re.compile(r"<(p|li|h\d|caption)>(.*?)</\1>")
VARIABLE = re.compile(r"<mark>\[[^\]]*\]</mark>")


def model_of(*lines: str) -> str:
    """Render the model of a wording of one part."""
    (part,) = render_model(parse_wording("\n".join(("::: part Une", "", *lines)).encode(), "convention/essai", "essai.md"))
    return part.html.replace(NO_BREAK, " ")


@pytest.mark.parametrize("kind", Kind)
def test_each_kind_has_a_name_for_all_that_its_wording_may_use(kind: Kind) -> None:
    vocabulary = VOCABULARIES[kind]
    fields = vocabulary.scalars.union(*vocabulary.lists.values())
    assert fields <= FIELD_NAMES.keys()
    assert vocabulary.lists.keys() <= LIST_NAMES.keys()
    assert vocabulary.conditions <= CONDITION_NAMES.keys()


@pytest.mark.parametrize("kind", Kind)
def test_the_model_of_each_kind_that_comes_with_us_has_nothing_left_to_fill(kind: Kind) -> None:
    parts = DOCUMENTS.render_model(f"{kind.value}/2026-1")
    assert [part.title for part in parts] == [part.title for part in WordingFiles((BUNDLED,)).wording(f"{kind.value}/2026-1").parts]
    said = "".join(part.html for part in parts)
    assert VARIABLE.search(said)
    assert not re.search("[{}\ue000-\uf8ff]", said)


def test_what_does_not_vary_is_word_for_word_that_of_each_agreement() -> None:
    model, agreement = (
        [text for part in parts for _, text in BLOCK.findall(part.html)]
        for parts in (DOCUMENTS.render_model("convention/2026-1"), DOCUMENTS.render_twin(example_terms()))
    )
    assert len(agreement) > 200
    fixed = [text for text in model if "<mark>" not in text]
    assert [text for text in fixed if text not in agreement] == []
    varying = [text for text in agreement if text not in model]
    notes = sum(bool(re.match(r"<mark>\[(fin du|.*ce qui suit)", text)) for text in model)
    other_branch = 1  # of the choice about the effect: it names the same dates
    assert len(varying) == len(model) - len(fixed) - notes - other_branch


def test_fields_are_named_in_words_wherever_they_stand() -> None:
    html = model_of(
        "# Convention {{agreement.reference}}",
        "",
        "Avec **{{member.name}}** ; écrire à [{{referent.email}}](mailto:{{referent.email}}) ou [lire](https://exemple.invalid).",
        "",
        "- le {{programme.starts_on}}",
        "",
        "::: facts Repères de {{member.name}}",
        "Siège | {{member.seat}}",
        ":::",
        "",
        "::: page",
        "",
        "::: signatures",
        "member | Pour l'établissement | {{member.representative}} | {{member.capacity}}",
        ":::",
    )
    assert "<h2>Convention <mark>[variable : référence du document]</mark></h2>" in html
    assert "<strong><mark>[variable : nom de l’établissement]</mark></strong>" in html
    assert "écrire à <mark>[variable : adresse électronique du référent]</mark> ou" in html
    assert '<a href="https://exemple.invalid">lire</a>' in html
    assert "<li>le <mark>[variable : premier jour du programme]</mark></li>" in html
    assert 'aria-label="Repères de [variable : nom de l’établissement]"' in html
    assert '<tr><th scope="row">Siège</th><td><mark>[variable : siège de l’établissement]</mark></td></tr>' in html
    assert "<strong><mark>[variable : représentant de l’établissement]</mark></strong>" in html


def test_both_texts_of_a_choice_are_shown_with_when_each_is_kept() -> None:
    html = model_of("::: if retroactive_effect", "Oui.", "::: else", "Non.", ":::", "", "::: if demonstration", "Essai.", ":::")
    assert re.findall(r"<p>(.*?)</p>", html) == [
        "<mark>[variable : ce qui suit, si le programme admet un effet rétroactif]</mark>",
        "Oui.",
        "<mark>[variable : sinon, ce qui suit]</mark>",
        "Non.",
        "<mark>[fin du texte variable]</mark>",
        "<mark>[variable : ce qui suit, si le document est une démonstration]</mark>",
        "Essai.",
        "<mark>[fin du texte variable]</mark>",
    ]


def test_a_repeated_row_is_shown_once_and_said_to_be_repeated() -> None:
    html = model_of(
        "Tableau : Contributions",
        "| Membre | Montant |",
        "| --- | --: |",
        "| each recapitulation | {{line.member}} | {{line.contribution}} |",
        "| Fixe | 1 |",
        "| total | Total | {{recapitulation.total}} |",
    )
    assert "<caption>Contributions <mark>[variable : une ligne par membre]</mark></caption>" in html
    assert html.count("<tr>") == 4
    assert '<th scope="row"><mark>[variable : membre]</mark></th><td class="amount"><mark>[variable : montant annuel]</mark></td>' in html
    assert '<td class="amount"><mark>[variable : total des contributions]</mark></td>' in html


def test_signs_of_html_in_a_wording_stay_words() -> None:
    assert "<p>a &lt;mark&gt; b &amp; c</p>" in model_of("a <mark> b & c")


def test_what_is_no_agreement_s_model_is_refused(tmp_path: Path) -> None:
    for wording in (EVIDENCE_WORDING, "convention/none", "other/2026-1", "../convention/2026-1"):
        with pytest.raises(ConfigurationError):
            ReportlabDocuments((tmp_path,)).render_model(wording)
