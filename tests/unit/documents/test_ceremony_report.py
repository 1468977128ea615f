"""The report of a ceremony: it says what happened, conforms to PDF/A-3a and PDF/UA-1, and carries the sealed list."""

from __future__ import annotations

import dataclasses
import io
import json
from datetime import UTC, date, datetime, timedelta

import page
import pytest
from pypdf import PdfReader

from conventions.canonical import render_canonical, sha256_hex
from conventions.ceremony_report import CeremonyReport, ReportedDelegation, ReportedItem, report_data
from conventions.kinds import Kind
from conventions.signatures import SealedManifest
from documents.adapter import ReportlabDocuments
from documents.structure_text import parse_structure_text
from tests.builders import example_delegation, example_syndicate

AT = datetime(2026, 1, 12, 9, 0, tzinfo=UTC)
RETURN_REASON = "La présidente a changé\nle 3 janvier 木."
MODEL = sha256_hex(b"model")
PROFILES = (page.ValidationProfile.PDF_A_3A, page.ValidationProfile.PDF_UA_1)


def item(number: int, **changes: object) -> ReportedItem:
    """Build one line of the list, countersigned."""
    line = ReportedItem(
        reference=f"2026-{number:04}",
        kind=Kind.CONVENTION,
        organisation=f"Communauté de communes des Abers-Fictifs {number}",
        contribution_eur=13_000,
        amount="13 000,00 € par an, hors taxes",
        prepared_sha256=sha256_hex(f"prepared {number}".encode()),
        how_shown="in_table",
        served_as=(),
        countersigned_at=AT + timedelta(minutes=1, seconds=number % 60),
        sealed_sha256=sha256_hex(f"sealed {number}".encode()),
        failure=None,
    )
    return dataclasses.replace(line, **changes)  # type: ignore[arg-type]


def example_report(count: int = 40) -> CeremonyReport:
    """Build the report of a ceremony in which two documents were not signed."""
    not_signed = {"countersigned_at": None, "sealed_sha256": None}
    expired = "L'autorisation a expiré : ce qui reste est revenu dans le parapheur."
    items = (
        item(1, how_shown="opened", served_as=("picture", "text")),
        item(2, **not_signed, failure=expired),
        item(
            3, **not_signed, failure=expired, returned_at=AT + timedelta(hours=2), return_reason="La présidente a changé\nle 3 janvier 木."
        ),
        item(4, kind=Kind.AMENDMENT, contribution_eur=0, amount="Avenant n° 1"),
        item(5, model_sha256=MODEL),
        *(item(number) for number in range(6, count)),
    )
    return CeremonyReport(
        id="seance-1",
        syndicate=example_syndicate(),
        person=example_delegation().holder,
        delegation=ReportedDelegation("2025-A-07", date(2025, 9, 15), date(2030, 12, 31)),
        at=AT,
        expires_at=AT + timedelta(minutes=30),
        established_at=AT + timedelta(hours=2),
        sealed=SealedManifest(b'{"a":1}', b"0\x80", b"0\x81", AT + timedelta(seconds=2)),
        items=items,
        demonstration=True,
    )


@pytest.fixture(scope="module")
def rendered() -> bytes:
    return ReportlabDocuments().render_ceremony_report(example_report())


def text_of(data: bytes) -> str:
    """Read a file as a screen reader would."""
    return " ".join(" ".join(section) for section in parse_structure_text(data)).replace("\u00a0", " ").replace("\u202f", " ")


def test_the_report_conforms(rendered: bytes) -> None:
    assert [page.validate_pdf_bytes(rendered, profile=profile).failures for profile in PROFILES] == [[], []]


def test_same_report_same_bytes_and_another_one_other_bytes(rendered: bytes) -> None:
    assert ReportlabDocuments().render_ceremony_report(example_report()) == rendered
    assert ReportlabDocuments().render_ceremony_report(example_report(39)) != rendered


def test_it_says_who_under_what_when_how_and_the_result(rendered: bytes) -> None:
    said = text_of(rendered)
    for words in (
        "37 documents contresignés sur 39, pour 468 000,00 € par an.",
        example_delegation().holder.addressed,
        "n° 2025-A-07 du 15 septembre 2025, jusqu’au 31 décembre 2030",
        "12 janvier 2026 à 10:00:00 (heure de Paris)",
        "code à usage unique d’une application",
        "Contresigné le 12 janvier 2026 à 10:01:01 (heure de Paris). Vu : ouvert (images des pages, texte).",
        "Vu : présenté dans le tableau.",
        "Vu : présenté dans le tableau ; modèle lu.",
        "Modèle lu, empreinte SHA-256",
        "Avenant n° 1",
        "L’autorisation a expiré : ce qui reste est revenu dans le parapheur.",
        "avec ce motif : La présidente a changé le 3 janvier ?.",
    ):
        assert words in said, words
    for digest in (sha256_hex(b"prepared 1"), MODEL):
        assert digest in said.replace(" ", "")


def test_a_list_of_before_models_were_read_says_nothing_of_one() -> None:
    report = dataclasses.replace(example_report(8), items=(item(1), item(2)))
    assert "odèle" not in text_of(ReportlabDocuments().render_ceremony_report(report))
    assert b"model_sha256" not in render_canonical(report_data(report))


def test_it_carries_its_data_and_the_sealed_list(rendered: bytes) -> None:
    report = example_report()
    attached = {name: files[0] for name, files in PdfReader(io.BytesIO(rendered)).attachments.items()}
    assert json.loads(attached["ceremony-report.json"]) == json.loads(json.dumps(report_data(report)))
    assert attached["liste.json"] == report.sealed.manifest
    assert attached["liste.p7s"] == report.sealed.cms
    assert attached["liste.tsr"] == report.sealed.timestamp


def test_a_ceremony_that_signed_all_says_so() -> None:
    whole = dataclasses.replace(example_report(), items=(item(1),), demonstration=False)
    said = text_of(ReportlabDocuments().render_ceremony_report(whole))
    assert "1 document contresigné sur 1" in said
    assert "Tout ce qui figurait dans la liste a été contresigné." in said
