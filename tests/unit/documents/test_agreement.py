"""The prepared file: what it holds, what others read in it, and that it is the same whenever it is made."""

from __future__ import annotations

import dataclasses
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import page
import pytest
from PIL import Image
from pypdf import PdfReader, PdfWriter

from conventions.canonical import render_canonical, sha256_hex
from conventions.errors import ConfigurationError, EvidenceBroken, InputRefused, NotFound
from conventions.kinds import LOCK_PERMISSION, MEMBER_FIELD, SYNDICATE_FIELD, TIMESTAMP_FIELDS, Kind, Party, fields_outside_lock
from conventions.members import BillingCodes
from conventions.ports.documents import Documents, RenderedAgreement
from conventions.terms import agreement_data
from documents.adapter import ReportlabDocuments
from documents.structure_text import parse_structure_text
from tests.builders import example_member, example_terms
from tests.unit.documents.measures import catalogue

ROOT = Path(__file__).parents[3]
DOCUMENTS = ReportlabDocuments()
PROFILES = (page.ValidationProfile.PDF_A_3A, page.ValidationProfile.PDF_UA_1)


@pytest.fixture(scope="module")
def rendered() -> RenderedAgreement:
    return DOCUMENTS.render_agreement(example_terms())


def test_adapter_keeps_its_port() -> None:
    documents: Documents = DOCUMENTS
    assert documents.wording_sha256("convention/2026-1") == example_terms().wording_sha256


@pytest.mark.parametrize("profile", PROFILES, ids=["PDF/A-3a", "PDF/UA-1"])
def test_conforms(rendered: RenderedAgreement, profile: page.ValidationProfile) -> None:
    assert page.validate_pdf_bytes(rendered.data, profile=profile).failures == []


def test_sections_follow_one_another(rendered: RenderedAgreement) -> None:
    assert 9 <= len(rendered.sections) <= 12
    assert rendered.sections[0].first_page == 1
    assert rendered.sections[-1].last_page == rendered.page_count == len(PdfReader(io.BytesIO(rendered.data)).pages)
    for before, after in zip(rendered.sections, rendered.sections[1:], strict=False):
        assert before.first_page <= before.last_page <= after.first_page <= before.last_page + 1


def test_fields_in_order_with_their_locks(rendered: RenderedAgreement) -> None:
    form = catalogue(PdfReader(io.BytesIO(rendered.data)))["/AcroForm"]
    assert form["/SigFlags"] == 3
    fields = [reference.get_object() for reference in form["/Fields"]]
    assert [field["/T"] for field in fields] == [MEMBER_FIELD, SYNDICATE_FIELD, TIMESTAMP_FIELDS[0]]
    for field, party in zip(fields, (Party.MEMBER, Party.SYNDICATE), strict=False):
        lock = field["/Lock"].get_object()
        assert (lock["/Action"], lock["/P"]) == ("/Exclude", LOCK_PERMISSION)
        assert tuple(lock["/Fields"]) == fields_outside_lock(party)
        left, bottom, right, top = map(float, field["/Rect"])
        box = [float(value) for value in field["/AP"]["/N"]["/BBox"]]
        assert box == pytest.approx([0, top - bottom, right - left, 0], abs=0.01)
    for field in fields:
        assert field["/FT"] == "/Sig"
        assert field["/F"] == 4
        assert field["/TU"]
        assert "/V" not in field
        assert "/StructParent" in field
    assert [float(value) for value in fields[2]["/Rect"]] == [0, 0, 0, 0]
    assert "/Lock" not in fields[2]


def test_header_identifier_and_language(rendered: RenderedAgreement) -> None:
    reader = PdfReader(io.BytesIO(rendered.data))
    assert rendered.data.startswith(b"%PDF-1.7\n")
    assert "/Version" not in catalogue(reader)
    assert catalogue(reader)["/Lang"] == "fr-FR"
    assert catalogue(reader)["/ViewerPreferences"]["/DisplayDocTitle"].value is True
    assert reader.metadata is not None
    assert reader.metadata.title == "Convention Ker Niverel n° 2026-0014 – Communauté de communes des Abers-Fictifs"
    trailer: Any = reader.trailer
    first, second = trailer["/ID"]
    assert first == second


def test_data_comes_back_as_it_was_given(rendered: RenderedAgreement) -> None:
    assert DOCUMENTS.read_agreement_data(rendered.data) == agreement_data(example_terms())


def test_data_attached_as_data(rendered: RenderedAgreement) -> None:
    root = catalogue(PdfReader(io.BytesIO(rendered.data)))
    (reference,) = root["/AF"]
    assert reference.get_object()["/AFRelationship"] == "/Data"
    assert reference.get_object()["/EF"]["/F"].get_data() == render_canonical(agreement_data(example_terms()))


@pytest.mark.parametrize("data", [b"", b"not a PDF", b"%PDF-1.7\n%%EOF\n"])
def test_no_data_is_evidence_broken(data: bytes) -> None:
    with pytest.raises(EvidenceBroken):
        DOCUMENTS.read_agreement_data(data)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"contribution_eur_per_year":', b'"contribution_eur_per_year": '),
        (b'"contreseing/agreement/1"', b'"contreseing/agreement/2"'),
        (b"{", b"["),
    ],
)
def test_changed_data_is_evidence_broken(before: bytes, after: bytes) -> None:
    writer = PdfWriter(clone_from=io.BytesIO(DOCUMENTS.render_agreement(example_terms()).data))
    content = render_canonical(agreement_data(example_terms())).replace(before, after, 1)
    file = catalogue(writer)["/AF"][0].get_object()["/EF"]["/F"].get_object()
    file.set_data(content)
    changed = io.BytesIO()
    writer.write(changed)
    with pytest.raises(EvidenceBroken):
        DOCUMENTS.read_agreement_data(changed.getvalue())


def test_same_terms_same_bytes_in_any_process_and_zone(rendered: RenderedAgreement) -> None:
    program = (
        "import hashlib; from documents.adapter import ReportlabDocuments; from tests.builders import example_terms;"
        "print(hashlib.sha256(ReportlabDocuments().render_agreement(example_terms()).data).hexdigest())"
    )
    digests = set()
    for zone, seed, epoch in (("Pacific/Auckland", "1", "0"), ("America/Lima", "2", "1700000000")):
        environment = os.environ | {"TZ": zone, "PYTHONHASHSEED": seed, "SOURCE_DATE_EPOCH": epoch, "PYTHONPATH": str(ROOT)}
        digests.add(
            subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True).stdout.strip()
        )
    assert len(digests) == 1
    assert digests == {sha256_hex(rendered.data)}


def test_other_terms_other_bytes(rendered: RenderedAgreement) -> None:
    assert DOCUMENTS.render_agreement(example_terms(reference="2026-0015")).data != rendered.data


def test_no_block_of_the_page_is_lost(rendered: RenderedAgreement) -> None:
    said = " ".join(text for section in parse_structure_text(rendered.data) for text in section)
    terms = example_terms()
    for line in terms.recapitulation:
        assert line.member in said
    assert "940\u00a0000,00\u00a0€" in said


def test_demonstration_is_said_on_each_page_and_only_then() -> None:
    mark = "données fictives, sans valeur"
    for demonstration in (True, False):
        data = DOCUMENTS.render_agreement(example_terms(demonstration=demonstration)).data
        texts = [drawn.extract_text() for drawn in PdfReader(io.BytesIO(data)).pages]
        assert all((mark in text) is demonstration for text in texts)
        said = " ".join(text for section in parse_structure_text(data) for text in section)
        assert mark not in said, "the mark of each page is an artifact"
        assert ("Document de démonstration" in said) is demonstration


def test_retroactive_effect_is_said() -> None:
    programme = dataclasses.replace(example_terms().programme, retroactive_effect=True)
    texts = [
        " ".join(" ".join(s) for s in parse_structure_text(DOCUMENTS.render_agreement(t).data))
        for t in (example_terms(), example_terms(programme=programme))
    ]
    assert ["effet rétroactif" in text for text in texts] == [False, True]


def test_wording_must_be_the_one_named() -> None:
    with pytest.raises(InputRefused) as caught:
        DOCUMENTS.render_agreement(example_terms(wording_sha256="0" * 64))
    assert caught.value.code == "documents.wording_changed"
    with pytest.raises(InputRefused):
        DOCUMENTS.render_agreement(example_terms(kind=Kind.CHARTER))
    with pytest.raises(ConfigurationError):
        DOCUMENTS.render_agreement(example_terms(wording_id="convention/none"))


@pytest.mark.parametrize("missing", ["power", "referent"])
def test_missing_value_names_file_line_and_field(missing: str) -> None:
    with pytest.raises(InputRefused) as caught:
        DOCUMENTS.render_agreement(example_terms(member=example_member(**{missing: None})))
    assert caught.value.code == "documents.missing_value"
    assert str(caught.value.details["field"]).startswith(("member.power", "referent."))
    assert caught.value.details["file"] == "convention/2026-1.md"


def test_billing_codes_that_are_not_required() -> None:
    data = DOCUMENTS.render_agreement(example_terms(member=example_member(billing=BillingCodes()))).data
    assert sum(text == "non exigé par l’établissement" for section in parse_structure_text(data) for text in section) == 2


def test_page_pictures(rendered: RenderedAgreement) -> None:
    picture = Image.open(io.BytesIO(DOCUMENTS.render_page_picture(rendered.data, 1)))
    assert picture.format == "PNG"
    assert picture.width == pytest.approx(1240, abs=1)
    for absent in (0, rendered.page_count + 1):
        with pytest.raises(NotFound):
            DOCUMENTS.render_page_picture(rendered.data, absent)
    with pytest.raises(EvidenceBroken):
        DOCUMENTS.render_page_picture(b"not a PDF", 1)
