"""Every kind of agreement: its file conforms, its twin says the same, its fields are its own, its data stand on its pages."""

from __future__ import annotations

import dataclasses
import io
import json
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import page
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pypdf import PdfReader

from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.errors import ConfigurationError, InputRefused
from conventions.kinds import FIELD_OF, SIGNERS, TIMESTAMP_FIELDS, Kind
from conventions.particulars import (
    PARTICULARS_OF,
    Acknowledgement,
    Amendment,
    Change,
    EndedService,
    Order,
    OrderLine,
    Particulars,
    Termination,
    notice_dates,
)
from conventions.scale import Category
from conventions.terms import Terms, agreement_data
from documents.adapter import ReportlabDocuments
from documents.agreements import VOCABULARIES
from documents.composition import verify_wording
from documents.examples import fictitious_terms
from documents.french import spell_cents, spell_date, spell_digest
from documents.structure_text import parse_structure_text, verify_twin
from documents.wording_files import BUNDLED, WordingFiles
from documents.wording_parser import parse_wording
from tests.unit.documents.measures import catalogue

DOCUMENTS = ReportlabDocuments()
KINDS = tuple(Kind)
OTHERS = tuple(PARTICULARS_OF)
SCHEMA = json.loads((Path(__file__).parents[3] / "documents" / "schemas" / "agreement-1.json").read_text(encoding="utf-8"))


def terms_of(kind: Kind, **changes: Any) -> Terms:  # noqa: ANN401 any field of Terms
    wording_id = f"{kind.value}/2026-1"
    digest = sha256_hex((BUNDLED / kind.value / "2026-1.md").read_bytes())
    return dataclasses.replace(fictitious_terms(kind, wording_id, digest), **changes)


def particulars_of(kind: Kind) -> Particulars:
    found = terms_of(kind).particulars
    assert found is not None
    return found


def said(terms: Terms) -> str:
    data = DOCUMENTS.render_agreement(terms).data
    verify_twin(data, DOCUMENTS.render_twin(terms))
    return " ".join(" ".join(section) for section in parse_structure_text(data))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("profile", [page.ValidationProfile.PDF_A_3A, page.ValidationProfile.PDF_UA_1], ids=["PDF/A-3a", "PDF/UA-1"])
def test_conforms(kind: Kind, profile: page.ValidationProfile) -> None:
    assert page.validate_pdf_bytes(DOCUMENTS.render_agreement(terms_of(kind)).data, profile=profile).failures == []


@pytest.mark.parametrize("kind", KINDS)
def test_has_the_fields_of_those_who_sign_it(kind: Kind) -> None:
    form = catalogue(PdfReader(io.BytesIO(DOCUMENTS.render_agreement(terms_of(kind)).data)))["/AcroForm"]
    names = [field.get_object()["/T"] for field in form["/Fields"]]
    assert names == [*(FIELD_OF[party] for party in SIGNERS[kind]), TIMESTAMP_FIELDS[0]]


@pytest.mark.parametrize("kind", KINDS)
def test_twin_says_the_same(kind: Kind) -> None:
    assert said(terms_of(kind, demonstration=False))
    assert "Document de démonstration" in said(terms_of(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_data_follow_the_published_schema_and_come_back(kind: Kind) -> None:
    terms = terms_of(kind)
    data = json.loads(render_canonical(agreement_data(terms)))
    Draft202012Validator(SCHEMA).validate(data)
    assert json.loads(render_canonical(DOCUMENTS.read_agreement_data(DOCUMENTS.render_agreement(terms).data))) == data


@pytest.mark.parametrize("kind", OTHERS)
def test_schema_wants_what_is_the_kind_s_own(kind: Kind) -> None:
    data = json.loads(render_canonical(agreement_data(terms_of(kind))))
    for name in json.loads(render_canonical(particulars_of(kind).data())):
        assert not Draft202012Validator(SCHEMA).is_valid({key: value for key, value in data.items() if key != name})
    assert not Draft202012Validator(SCHEMA).is_valid(data | {"kind": "convention"})


def leaves(value: Json, path: str = "") -> Iterator[tuple[str, str | int]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, f"{path}.{key}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item, path)
    elif isinstance(value, str | int):
        yield path, value


def spelled(path: str, value: str | int) -> str:
    if path.endswith("_cents"):
        return spell_cents(int(value))
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", str(value)):
        return spell_date(date.fromisoformat(str(value)))
    if re.fullmatch(r"[0-9a-f]{64}", str(value)):
        return spell_digest(str(value))
    return str(value)


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_the_kind_s_own_stands_on_the_page(kind: Kind) -> None:
    text = said(terms_of(kind))
    own = [
        (path, spelled(path, value))
        for path, value in leaves(json.loads(render_canonical(particulars_of(kind).data())))
        if not path.endswith((".kind", ".code")) and path != "acknowledgement.notice.effective_on"
    ]
    assert len(own) >= 4
    assert [(path, value) for path, value in own if value not in text] == []


@pytest.mark.parametrize("kind", OTHERS)
def test_a_kind_without_its_own_particulars_is_refused(kind: Kind) -> None:
    other = particulars_of(Kind.AMENDMENT if kind is Kind.CHARTER else Kind.CHARTER)
    for particulars in (None, other):
        with pytest.raises(InputRefused) as caught:
            DOCUMENTS.render_agreement(terms_of(kind, particulars=particulars))
        assert caught.value.code == "documents.particulars"


@pytest.mark.parametrize("kind", OTHERS)
def test_every_field_of_its_own_is_required_of_a_wording(kind: Kind) -> None:
    source = (BUNDLED / kind.value / "2026-1.md").read_text(encoding="utf-8")
    for field in VOCABULARIES[kind].required:
        changed = re.sub(r"\{\{" + re.escape(field) + r"\}\}", "x", source)
        assert changed != source, field
        with pytest.raises(ConfigurationError, match=re.escape(f"champ non utilisé : {field}")):
            verify_wording(parse_wording(changed.encode(), "x/y", "x.md"), VOCABULARIES[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_a_wording_that_others_sign_is_refused(kind: Kind) -> None:
    source = (BUNDLED / kind.value / "2026-1.md").read_text(encoding="utf-8")
    for before, after in (("\nmember | ", "\nsystem | "), ("\nsyndicate | ", "\nsystem | ")):
        if before in source:
            with pytest.raises(ConfigurationError, match="signataires attendus"):
                verify_wording(parse_wording(source.replace(before, after).encode(), "x/y", "x.md"), VOCABULARIES[kind])


def test_charter_makes_every_point_of_annex_1() -> None:
    points = {point for point, _ in WordingFiles().wording("charter/2026-1").points}
    assert points == {f"P{rank}" for rank in range(39, 72)}


def test_charter_names_the_convention_of_its_territory_and_no_price() -> None:
    text = said(terms_of(Kind.CHARTER))
    assert "Convention Syndicat fictif n° 2026-0001" in text
    assert "Communauté de communes fictive" in text
    assert "€" not in text


@pytest.mark.parametrize(("lines", "total"), [(0, "0,00\u00a0€"), (1, "1,05\u00a0€"), (500, "131\u00a0512,50\u00a0€")])
def test_order_of_any_length_adds_up(lines: int, total: str) -> None:
    parent = particulars_of(Kind.ORDER_FORM).parent
    ordered = tuple(OrderLine(f"s{rank}", f"Service fictif n° {rank}", "unités", rank, 105) for rank in range(1, lines + 1))
    text = said(terms_of(Kind.ORDER_FORM, particulars=Order(parent, ordered, "Hors taxes.")))
    assert text.count(total) >= 2
    assert all(f"Service fictif n° {rank} " in text for rank in range(1, lines + 1))


def test_amendment_of_one_hundred_long_changes() -> None:
    amendment = particulars_of(Kind.AMENDMENT)
    assert isinstance(amendment, Amendment)
    changes = tuple(Change(f"Point {rank}", "avant " * 30 + str(rank), "après " * 40 + str(rank)) for rank in range(100))
    text = said(terms_of(Kind.AMENDMENT, particulars=dataclasses.replace(amendment, changes=changes)))
    assert all(f"après {rank} " in text for rank in range(99))


@pytest.mark.parametrize("kind", [Kind.TERMINATION_NOTICE, Kind.ACKNOWLEDGEMENT])
def test_end_of_one_service_leaves_the_rest(kind: Kind) -> None:
    whole = terms_of(kind)
    assert isinstance(whole.particulars, Termination | Acknowledgement)
    ended = dataclasses.replace(whole.particulars, services=(EndedService("ged", "Espace de gestion documentaire"),))
    part = dataclasses.replace(whole, particulars=ended)
    assert "territoire" in said(whole)
    assert "date anniversaire" in said(whole)
    text = said(part)
    assert "Espace de gestion documentaire" in text
    assert "la contribution annuelle n’en est pas changée" in text
    assert "territoire" not in text
    assert "date anniversaire" not in text


@pytest.mark.parametrize("kind", [Kind.TERMINATION_NOTICE, Kind.ACKNOWLEDGEMENT])
def test_end_of_a_department_after_the_first_year_says_less(kind: Kind) -> None:
    terms = terms_of(kind)
    assert isinstance(terms.particulars, Termination | Acknowledgement)
    later = dataclasses.replace(
        terms.particulars, dates=notice_dates(date(2028, 3, 15), terms.particulars.in_service_on, terms.programme.ends_on)
    )
    member = dataclasses.replace(terms.member, category=Category.DEPARTMENT)
    text = said(dataclasses.replace(terms, particulars=later, member=member))
    assert "territoire" not in text
    assert "date anniversaire" not in text
    assert "31\u00a0mai\u00a02028" in text


def test_acknowledgement_without_a_charter_in_the_territory() -> None:
    terms = terms_of(Kind.ACKNOWLEDGEMENT)
    assert isinstance(terms.particulars, Acknowledgement)
    assert "Néant" in said(dataclasses.replace(terms, particulars=dataclasses.replace(terms.particulars, territory=())))
