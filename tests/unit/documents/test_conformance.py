"""Each rule of PDF/A-3a and PDF/UA-1 that we rely on is really checked: a file that breaks it, and only it, is caught."""

from __future__ import annotations

import io
import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import page
import pytest
from pypdf import PdfReader, PdfWriter
from pypdf.generic import DictionaryObject, NameObject, NumberObject

from documents.adapter import ReportlabDocuments
from documents.agreements import issue_of, values_of
from documents.composition import compose
from documents.rendering import render_composition
from documents.wording_parser import parse_wording
from tests.builders import example_terms
from tests.tools import JUDGES_JAR
from tests.unit.documents.measures import catalogue

PDF_A, PDF_UA = page.ValidationProfile.PDF_A_3A, page.ValidationProfile.PDF_UA_1
Break = Callable[[PdfWriter], None]


SHORT = """::: part Essai

# Titre

## Sous-titre

Un **texte** et [un lien](https://exemple.invalid).

- un
- deux

Tableau : Légende
| Nom | Montant |
| --- | --: |
| each recapitulation | {{line.member}} | {{line.contribution}} |
| total | Total | {{recapitulation.total}} |

::: signatures
member | Pour l'établissement | {{member.representative}} | {{member.capacity}}
syndicate | {{delegation.formula}} | {{delegation.holder}} | {{delegation.capacity}}
:::
"""
"""All that we write in a PDF, on few pages: the judges read many changed copies of it."""


@pytest.fixture(scope="module")
def short() -> bytes:
    terms = example_terms(recapitulation=example_terms().recapitulation[:50])
    wording = parse_wording(SHORT.encode(), "convention/essai", "essai.md")
    return render_composition(compose(wording, terms.title, values_of(terms)), issue_of(terms)).data


@pytest.fixture(scope="module")
def convention() -> bytes:
    return ReportlabDocuments().render_agreement(example_terms()).data


def elements(writer: PdfWriter, tag: str) -> Iterator[DictionaryObject]:
    """Go through the structure elements of a tag."""
    pending = [catalogue(writer)["/StructTreeRoot"]["/K"].get_object()]
    while pending:
        element = pending.pop()
        if element.get("/S") == tag:
            yield element
        kids = element.get("/K", [])
        kids = kids if isinstance(kids, list) else [kids]
        pending += [kid.get_object() for kid in kids if isinstance(kid.get_object(), DictionaryObject) and "/S" in kid.get_object()]


def fields(writer: PdfWriter) -> list[DictionaryObject]:
    """Return the form's fields."""
    return [field.get_object() for field in catalogue(writer)["/AcroForm"]["/Fields"]]


def replace_in_page(writer: PdfWriter, pattern: bytes, replacement: bytes) -> None:
    """Change the first page's own content."""
    pages: Any = writer.pages
    stream = pages[0]["/Contents"][-1].get_object()
    before = stream.get_data()
    after = re.sub(pattern, replacement, before, count=1)
    assert after != before
    stream.set_data(after)


def replace_in_metadata(writer: PdfWriter, before: bytes, after: bytes) -> None:
    """Change the XMP packet."""
    stream = catalogue(writer)["/Metadata"].get_object()
    assert before in stream.get_data()
    stream.set_data(stream.get_data().replace(before, after))


def without(key: str) -> Break:
    def breaks(writer: PdfWriter) -> None:
        del catalogue(writer)[NameObject(key)]

    return breaks


def no_scope(writer: PdfWriter) -> None:
    for element in elements(writer, "/TH"):
        del element["/A"]


def no_tooltip(writer: PdfWriter) -> None:
    for field in fields(writer):
        del field["/TU"]


def no_print_flag(writer: PdfWriter) -> None:
    for field in fields(writer):
        del field["/F"]


def field_out_of_structure(writer: PdfWriter) -> None:
    for field in fields(writer):
        del field["/StructParent"]


def skipped_heading(writer: PdfWriter) -> None:
    for element in elements(writer, "/H2"):
        element[NameObject("/S")] = NameObject("/H4")


def resources(writer: PdfWriter) -> Any:  # noqa: ANN401 pypdf tells no types of what it holds
    """Return what the first page draws with."""
    pages: Any = writer.pages
    return pages[0]["/Resources"]


def fonts_not_embedded(writer: PdfWriter) -> None:
    for font in resources(writer)["/Font"].values():
        del font.get_object()["/DescendantFonts"][0]["/FontDescriptor"]["/FontFile2"]


def no_unicode(writer: PdfWriter) -> None:
    for font in resources(writer)["/Font"].values():
        del font.get_object()["/ToUnicode"]


def no_relationship(writer: PdfWriter) -> None:
    del catalogue(writer)["/AF"][0].get_object()["/AFRelationship"]


def no_display_of_title(writer: PdfWriter) -> None:
    del catalogue(writer)["/ViewerPreferences"]


def untagged_text(writer: PdfWriter) -> None:
    replace_in_page(writer, rb"/H1 <</MCID \d+>> BDC(.*?)EMC", rb"\1")


def unmarked_artifact(writer: PdfWriter) -> None:
    replace_in_page(writer, rb"(?s)/Artifact <<[^>]*>> BDC(.*?)EMC", rb"\1")


def tab_order(writer: PdfWriter) -> None:
    for drawn in writer.pages:
        del drawn["/Tabs"]


def not_marked(writer: PdfWriter) -> None:
    catalogue(writer)[NameObject("/MarkInfo")] = DictionaryObject()


def hidden_field(writer: PdfWriter) -> None:
    for field in fields(writer):
        field[NameObject("/F")] = NumberObject(2)


CONTROLS = {
    "language": (PDF_UA, without("/Lang")),
    "output intent": (PDF_A, without("/OutputIntents")),
    "structure tree": (PDF_A, without("/StructTreeRoot")),
    "marked": (PDF_A, not_marked),
    "metadata": (PDF_A, without("/Metadata")),
    "PDF/A identification": (PDF_A, lambda writer: replace_in_metadata(writer, b"<pdfaid:part>3</pdfaid:part>", b"")),
    "PDF/UA identification": (PDF_UA, lambda writer: replace_in_metadata(writer, b"<pdfuaid:part>1</pdfuaid:part>", b"")),
    "title in metadata": (PDF_UA, lambda writer: replace_in_metadata(writer, b"dc:title>", b"dc:source>")),
    "display of the title": (PDF_UA, no_display_of_title),
    "scope of table heads": (PDF_UA, no_scope),
    "field tooltip": (PDF_UA, no_tooltip),
    "field print flag": (PDF_A, no_print_flag),
    "field hidden": (PDF_A, hidden_field),
    "field in the structure": (PDF_UA, field_out_of_structure),
    "heading levels": (PDF_UA, skipped_heading),
    "embedded fonts": (PDF_A, fonts_not_embedded),
    "characters of codes": (PDF_A, no_unicode),
    "relationship of the attachment": (PDF_A, no_relationship),
    "text outside the structure": (PDF_UA, untagged_text),
    "rule outside the structure": (PDF_UA, unmarked_artifact),
    "tab order": (PDF_UA, tab_order),
}


def broken(data: bytes, breaks: Break) -> bytes:
    """Return the file after a change."""
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(data)))
    breaks(writer)
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def test_a_copy_without_change_conforms(short: bytes) -> None:
    copy = broken(short, lambda _: None)
    assert [page.validate_pdf_bytes(copy, profile=profile).failures for profile in (PDF_A, PDF_UA)] == [[], []]


@pytest.mark.parametrize("rule", CONTROLS)
def test_broken_rule_is_caught(short: bytes, rule: str) -> None:
    profile, breaks = CONTROLS[rule]
    assert page.validate_pdf_bytes(broken(short, breaks), profile=profile).failures


@pytest.mark.timeout(400)
@pytest.mark.needs_tool("judges")
def test_verapdf_agrees(short: bytes, convention: bytes, tmp_path: Path) -> None:
    files = {"short": short, "convention": convention}
    files |= {rule.replace("/", " "): broken(short, breaks) for rule, (_, breaks) in CONTROLS.items()}
    for name, data in files.items():
        (tmp_path / f"{name}.pdf").write_bytes(data)
    command = ["java", "-jar", str(JUDGES_JAR), "vera", "--flavour", "3a,ua1", "--json", *map(str, sorted(tmp_path.iterdir()))]
    lines = subprocess.run(command, check=False, capture_output=True, text=True, timeout=380).stdout.splitlines()
    passed = {Path(verdict["file"]).stem: verdict["passed"] for verdict in map(json.loads, lines)}
    assert passed == {name: name in {"short", "convention"} for name in files}
