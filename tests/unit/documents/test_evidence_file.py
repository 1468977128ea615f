"""The evidence file says what its data say, in words that claim no more, and refuses data that are not as published."""

from __future__ import annotations

import copy
import io
import json
import re
from pathlib import Path
from typing import Any

import page
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from pypdf import PdfReader

from conventions.agreements import FactKind
from conventions.canonical import render_canonical
from conventions.errors import InputRefused
from conventions.kinds import LOCK_PERMISSION, SEAL_FIELD, TIMESTAMP_FIELDS
from conventions.ports.documents import Documents
from documents.adapter import ReportlabDocuments
from documents.evidence_example import fictitious_evidence
from documents.evidence_file import compose_evidence
from documents.evidence_vocabulary import EVIDENCE_WORDING
from documents.evidence_words import EVENT_SENTENCES
from documents.french import set_french_spaces, spell_digest
from documents.structure_text import parse_structure_text, verify_twin
from documents.twin import render_parts
from documents.wording_files import WordingFiles
from tests.unit.documents.measures import catalogue

DOCUMENTS: Documents = ReportlabDocuments()
ROOT = Path(__file__).parents[3]
SCHEMA = json.loads((ROOT / "documents" / "schemas" / "evidence-1.json").read_text(encoding="utf-8"))
RECORDED = re.compile(r'"((?:agreement|link|document|code|question|desk|ceremony|file|mail|outgoing)\.[a-z_]+)", (?:at|data|version)=')


def evidence(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 any entry
    plain: dict[str, Any] = json.loads(render_canonical(fictitious_evidence()))
    return plain | changes


def said(data: dict[str, Any]) -> str:
    sections = parse_structure_text(DOCUMENTS.render_evidence_file(data))
    return " ".join(" ".join(section) for section in sections)


@pytest.fixture(scope="module")
def rendered() -> bytes:
    return DOCUMENTS.render_evidence_file(evidence())


@pytest.mark.parametrize("profile", [page.ValidationProfile.PDF_A_3A, page.ValidationProfile.PDF_UA_1], ids=["PDF/A-3a", "PDF/UA-1"])
def test_conforms(rendered: bytes, profile: page.ValidationProfile) -> None:
    assert page.validate_pdf_bytes(rendered, profile=profile).failures == []


def test_carries_its_data(rendered: bytes) -> None:
    assert PdfReader(io.BytesIO(rendered)).attachments["evidence.json"] == [render_canonical(evidence())]


def test_has_the_seal_and_a_time_stamp_to_come(rendered: bytes) -> None:
    seal, stamp = (field.get_object() for field in catalogue(PdfReader(io.BytesIO(rendered)))["/AcroForm"]["/Fields"])
    assert (seal["/T"], stamp["/T"]) == (SEAL_FIELD, TIMESTAMP_FIELDS[0])
    lock = seal["/Lock"].get_object()
    assert (lock["/Action"], lock["/P"], tuple(lock["/Fields"])) == ("/Exclude", LOCK_PERMISSION, TIMESTAMP_FIELDS)


def test_same_data_same_bytes(rendered: bytes) -> None:
    assert DOCUMENTS.render_evidence_file(evidence()) == rendered
    assert DOCUMENTS.render_evidence_file(evidence(version=2)) != rendered


def test_twin_says_the_same() -> None:
    composition, _ = compose_evidence(WordingFiles().wording(EVIDENCE_WORDING), evidence())
    verify_twin(DOCUMENTS.render_evidence_file(evidence()), render_parts(composition))


def test_every_digest_person_and_event_is_printed() -> None:
    data = evidence()
    text = said(data)
    digests = set(re.findall(r"[0-9a-f]{64}", json.dumps(data)))
    assert len(digests) == 8
    assert [digest for digest in digests if spell_digest(digest) not in text] == []
    for person in data["people"]:
        assert person["name"] in text
        assert all(means in text for means in person["identified_by"])
    for event in data["events"]:
        assert set_french_spaces(EVENT_SENTENCES[event["type"]]) in text
        assert f"{event['index']:,}".replace(",", "\u00a0") in text
        assert all(set_french_spaces(detail["value"]) in text for detail in event["details"])


def test_hours_are_those_of_paris() -> None:
    text = said(evidence(established_at="2026-07-10T01:30:00+00:00"))
    assert "10/07/2026 03:30:00\u00a0(UTC+2)" in text
    assert "06/01/2026 09:00:00\u00a0(UTC+1)" in text


def test_before_the_end() -> None:
    """A file can be made of an agreement that is not complete: nothing is said that is not so."""
    early = evidence(journal=None, archive=None, signatures=[], timestamps=[], validations=[], events=evidence()["events"][:3])
    early["document"] |= {"member_signed_sha256": None, "sealed_sha256": None}
    early["events"][2]["index"] = None
    text = said(early)
    assert text.count("ce fichier n\u2019existe pas à la date du dossier") == 2
    assert "n\u2019était pas encore placé dans l\u2019archive" in text
    assert "porte toutes les signatures attendues" not in text
    assert text.count("Néant") == 3


def test_event_without_a_sentence_is_named_and_not_explained() -> None:
    events = [*evidence()["events"], {"index": 9, "at": "2026-02-01T00:00:00Z", "type": "unheard.of", "details": []}]
    assert "Événement inscrit au journal sous le nom «\u00a0unheard.of\u00a0»." in said(evidence(events=events))


def test_every_event_recorded_about_an_agreement_has_its_sentence() -> None:
    recorded = {f"agreement.{kind}" for kind in FactKind}
    for source in (ROOT / "conventions").rglob("*.py"):
        recorded |= set(RECORDED.findall(source.read_text(encoding="utf-8")))
    assert len(recorded) > 25
    assert sorted(recorded - set(EVENT_SENTENCES)) == []


def test_example_follows_the_published_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(evidence())


def paths(value: Any, at: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:  # noqa: ANN401 any JSON
    found = []
    for key, item in value.items() if isinstance(value, dict) else list(enumerate(value[:1])):
        if isinstance(value, dict):
            found.append((*at, key))
        if isinstance(item, dict | list):
            found += paths(item, (*at, key))
    return found


def holder(data: dict[str, Any], path: tuple[str | int, ...]) -> Any:  # noqa: ANN401 any JSON
    for key in path[:-1]:
        data = data[key]  # type: ignore[index]
    return data


@pytest.mark.parametrize(
    "path", [path for path in paths(evidence()) if "details" not in path[:-1]], ids=lambda path: ".".join(map(str, path))
)
def test_every_entry_is_required_and_typed_by_code_and_schema_alike(path: tuple[str | int, ...]) -> None:
    for wrong in ("missing", "unknown", "type"):
        data = copy.deepcopy(evidence())
        table = holder(data, path)
        if wrong == "missing":
            del table[path[-1]]
        elif wrong == "unknown":
            table["unheard_of"] = 1
        else:
            table[path[-1]] = -1
        assert not Draft202012Validator(SCHEMA).is_valid(data), wrong
        with pytest.raises(InputRefused) as caught:
            DOCUMENTS.render_evidence_file(data)
        assert caught.value.code == "documents.evidence_data"


def test_events_out_of_order_and_naive_instants_are_refused() -> None:
    with pytest.raises(InputRefused, match="order of time"):
        DOCUMENTS.render_evidence_file(evidence(events=evidence()["events"][::-1]))
    with pytest.raises(InputRefused, match="time zone"):
        DOCUMENTS.render_evidence_file(evidence(established_at="2026-01-10T01:30:00"))
    with pytest.raises(InputRefused, match="object"):
        DOCUMENTS.render_evidence_file(evidence(people=["Mme X"]))


def test_character_that_the_fonts_lack_is_named() -> None:
    data = evidence()
    data["people"][0]["name"] = "M. \u4e2d"
    with pytest.raises(InputRefused) as caught:
        DOCUMENTS.render_evidence_file(data)
    assert caught.value.details["field"] == "people[1].line.name"
    assert caught.value.details["code_point"] == "U+4E2D"
