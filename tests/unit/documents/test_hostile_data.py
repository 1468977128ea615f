"""Names as people write them are printed as they are; what cannot be printed is refused by its name; nothing overflows."""

from __future__ import annotations

import dataclasses
import unicodedata

import page
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conventions.errors import InputRefused
from conventions.people import Civility, Person
from conventions.scale import Category
from conventions.services import ServiceGrant
from conventions.terms import RecapitulationLine, Terms
from documents.adapter import ReportlabDocuments
from documents.agreements import issue_of
from documents.blocks import Composition, Paragraph, Part, Run, Runs
from documents.fonts import writable_characters, writable_text
from documents.pdf.style import MARGIN_LEFT, MARGIN_RIGHT, PAGE_HEIGHT, PAGE_WIDTH
from documents.rendering import render_composition
from documents.structure_text import parse_structure_text, verify_twin
from documents.twin import render_parts
from tests.builders import example_member, example_programme, example_terms
from tests.unit.documents.measures import inked_box, shown_text

pytestmark = pytest.mark.sampled(one_in=3)

DOCUMENTS = ReportlabDocuments()
EDGE = 34.0
"""Points between the foot of the lowest line (the page's number) and the edge of the sheet."""


def said(terms: Terms) -> str:
    data = DOCUMENTS.render_agreement(terms).data
    verify_twin(data, DOCUMENTS.render_twin(terms))
    return " ".join(" ".join(section) for section in parse_structure_text(data))


def assert_inside(terms: Terms) -> None:
    rendered = DOCUMENTS.render_agreement(terms)
    for number in range(1, rendered.page_count + 1):
        left, bottom, right, top = inked_box(rendered.data, number)
        assert left >= MARGIN_LEFT - 1, number
        assert right <= PAGE_WIDTH - MARGIN_RIGHT + 1, number
        assert bottom >= EDGE, number
        assert top <= PAGE_HEIGHT - EDGE, number


@pytest.mark.parametrize(
    "name",
    [
        "Communauté d’Œuvres de L’Haÿ-les-Roses",
        "Penn-ar-C'hoad Fañch ha Goulc’hen",
        "Kozh & <b>fils</b> « 100 % » (n° 4) [a](b) **c** {{member.siret}}",
        "Text) Tj ET /Evil Do (",
        "\\ % < > ] endstream endobj",
        "Łódź – Škofja Loka – Iași – Gaziantep ğüşİı – Ħamrun",
        "Rue\u00a0de\u202fl’Espace",
    ],
)
def test_names_are_printed_as_written(name: str) -> None:
    assert name in said(example_terms(member=example_member(name=name)))


def test_decomposed_accents_are_composed() -> None:
    name = "Communauté de Fañch"
    assert name in said(example_terms(member=example_member(name=unicodedata.normalize("NFD", name))))


@pytest.mark.parametrize(
    ("text", "code_point"),
    [
        ("\u4e2d\u6587", "U+4E2D"),
        ("\u05d0\u05d1", "U+05D0"),
        ("\u0391θήνα", "U+0391"),
        ("\u0627\u0644", "U+0627"),
        ("Mairie \U0001f600", "U+1F600"),
        ("a\u0308\u0323\u0324", "U+0324"),
        ("sauté\nde ligne", "U+000A"),
        ("nul\0", "U+0000"),
        ("\u202egauche", "U+202E"),
        ("zéro\u200blargeur", "U+200B"),
        ("\ufeffmarque", "U+FEFF"),
        ("privé \ue000", "U+E000"),
        ("moitié \ud800", "U+D800"),
    ],
)
def test_what_cannot_be_printed_is_named(text: str, code_point: str) -> None:
    with pytest.raises(InputRefused) as caught:
        DOCUMENTS.render_agreement(example_terms(member=example_member(seat=text)))
    assert caught.value.code == "documents.missing_character"
    assert caught.value.details["field"] == "member.seat"
    assert caught.value.details["code_point"] == code_point
    assert text not in str(caught.value)


def test_field_named_within_a_list() -> None:
    lines = (RecapitulationLine("Bon", Category.EPCI, 3_000), RecapitulationLine("Mauvais \u4e2d", Category.EPCI, 3_000))
    with pytest.raises(InputRefused) as caught:
        DOCUMENTS.render_agreement(example_terms(recapitulation=lines))
    assert caught.value.details["field"] == "recapitulation[2].line.member"


def printed_paragraph(text: str) -> str:
    """Render a document of one paragraph, compare it with its twin, and read it back."""
    composition = Composition("Essai", (Part("Essai", (Paragraph(Runs((Run(writable_text(text, "member.name")),))),)),))
    data = render_composition(composition, issue_of(example_terms())).data
    verify_twin(data, render_parts(composition))
    return " ".join(parse_structure_text(data)[0])


@given(st.text(min_size=1, max_size=200))
def test_any_text_is_printed_whole_or_refused(text: str) -> None:
    name = unicodedata.normalize("NFC", f"A{text}B")
    if writable_characters().issuperset(name):
        assert printed_paragraph(f"A{text}B") == " ".join(filter(None, name.split(" ")))
    else:
        with pytest.raises(InputRefused, match=r"^member\.name: "):
            writable_text(f"A{text}B", "member.name")


@given(st.text(alphabet=sorted(writable_characters()), min_size=1, max_size=400))
def test_any_writable_text_is_printed_whole(text: str) -> None:
    name = unicodedata.normalize("NFC", f"A{text}B")
    assert printed_paragraph(f"A{text}B") == " ".join(filter(None, name.split(" ")))


@pytest.mark.parametrize(
    "name", ["Communauté d’agglomération " * 11, "W" * 300, "Wi-" * 100, "l’" * 150], ids=["words", "no space", "hyphens", "narrow"]
)
def test_300_characters_stay_inside_everywhere(name: str) -> None:
    person = Person(Civility.MADAME, name, name, name)
    syndicate = dataclasses.replace(example_programme().syndicate, name=name, short_name=name, seat=name)
    terms = example_terms(
        reference="2026-0014",
        member=example_member(name=name, seat=name, representative=person),
        programme=example_programme(name=name, syndicate=syndicate),
        recapitulation=(RecapitulationLine(name, Category.EPCI, 1_000_000_000), *example_terms().recapitulation),
    )
    assert_inside(terms)
    assert name.strip() in said(terms)


@pytest.mark.parametrize("count", [0, 1, 500])
def test_any_number_of_services(count: int) -> None:
    services = tuple(ServiceGrant(f"service-{rank}", f"Service fictif n° {rank}", (("storage_gb", rank),)) for rank in range(count))
    text = said(example_terms(services=services))
    assert all(f"Service fictif n° {rank}" in text for rank in range(count))


@pytest.mark.timeout(300)
@pytest.mark.parametrize("count", [0, 1, 5_000])
def test_any_number_of_members(count: int) -> None:
    lines = tuple(RecapitulationLine(f"Membre fictif {rank:04d}", Category.EPCI, 3_000) for rank in range(count))
    rendered = DOCUMENTS.render_agreement(example_terms(recapitulation=lines))
    text = shown_text(rendered.data)
    assert all(f"Membre fictif {rank:04d}" in text for rank in range(count))
    if count <= 1:
        assert page.validate_pdf_bytes(rendered.data, profile=page.ValidationProfile.PDF_UA_1).failures == []


def test_row_taller_than_a_page_is_refused() -> None:
    lines = (RecapitulationLine("Nom " * 4_000, Category.EPCI, 3_000),)
    with pytest.raises(InputRefused) as caught:
        DOCUMENTS.render_agreement(example_terms(recapitulation=lines))
    assert caught.value.code == "documents.too_tall"


@pytest.mark.parametrize("address", ["javascript:alert(1)", "file:///etc/passwd", "exemple.invalid"])
def test_link_elsewhere_than_the_web_is_refused(address: str) -> None:
    syndicate = dataclasses.replace(example_programme().syndicate, website=address)
    with pytest.raises(InputRefused):
        DOCUMENTS.render_agreement(example_terms(programme=example_programme(syndicate=syndicate)))


@pytest.mark.parametrize(
    ("grant", "code"),
    [
        (ServiceGrant("x", "X", (("unheard_of", 1),)), "documents.unknown_quota"),
        (ServiceGrant("x", "X", condition="unheard_of"), "documents.unknown_condition"),
    ],
)
def test_quota_and_condition_without_french_words(grant: ServiceGrant, code: str) -> None:
    with pytest.raises(InputRefused) as caught:
        DOCUMENTS.render_agreement(example_terms(services=(grant,)))
    assert caught.value.code == code
