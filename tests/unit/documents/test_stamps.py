"""The visible stamp: small, tagged, its fonts embedded, all its text inside or a refusal."""

from __future__ import annotations

import dataclasses
import io
from datetime import UTC, datetime

import page
import pytest
from pypdf import PdfReader

from conventions.errors import InputRefused
from conventions.ports.documents import StampText
from documents.adapter import ReportlabDocuments
from tests.unit.documents.measures import inked_box

DOCUMENTS = ReportlabDocuments()
TEXT = StampText(
    name="Maëlle Le Goff-Exemple",
    capacity="Présidente",
    formula="pour l’établissement, son représentant",
    at=datetime(2026, 11, 23, 14, 4, 5, tzinfo=UTC),
    level_text="signature électronique simple, horodatée",
)
WIDTH, HEIGHT = 214.6, 92.0


def words(data: bytes) -> str:
    return " ".join(PdfReader(io.BytesIO(data)).pages[0].extract_text().split())


def test_says_who_when_and_how() -> None:
    said = words(DOCUMENTS.render_stamp(TEXT, WIDTH, HEIGHT))
    assert said == (
        "Signé électroniquement par Maëlle Le Goff-Exemple Présidente pour l’établissement, son représentant "
        "le 23/11/2026 à 15:04:05 (heure de Paris, UTC+01:00) signature électronique simple, horodatée"
    )


def test_page_has_the_size_asked_and_holds_the_text() -> None:
    data = DOCUMENTS.render_stamp(TEXT, WIDTH, HEIGHT)
    reader = PdfReader(io.BytesIO(data))
    assert len(reader.pages) == 1
    assert [float(bound) for bound in reader.pages[0].mediabox] == pytest.approx([0, 0, WIDTH, HEIGHT])
    left, bottom, right, top = inked_box(data, 1)
    assert left >= 0
    assert bottom >= 0
    assert right <= WIDTH
    assert top <= HEIGHT


def test_small_with_fonts_embedded() -> None:
    data = DOCUMENTS.render_stamp(TEXT, WIDTH, HEIGHT)
    assert len(data) < 40_000
    assert page.validate_pdf_bytes(data, profile=page.ValidationProfile.PDF_A_3A).failures == []


def test_same_text_same_bytes() -> None:
    assert DOCUMENTS.render_stamp(TEXT, WIDTH, HEIGHT) == DOCUMENTS.render_stamp(TEXT, WIDTH, HEIGHT)


def test_long_text_is_set_smaller() -> None:
    long = dataclasses.replace(TEXT, name="Marie-Françoise " * 6 + "de la Démonstration")
    assert "de la Démonstration" in words(DOCUMENTS.render_stamp(long, WIDTH, HEIGHT))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"at": datetime(2026, 11, 23, 14, 4, 5)}, "documents.naive_instant"),  # noqa: DTZ001 the fault under test
        ({"name": "Nom" * 400}, "documents.stamp_overflow"),
        ({"name": "\u4e2d"}, "documents.missing_character"),
    ],
)
def test_refusals(changes: dict[str, object], code: str) -> None:
    with pytest.raises(InputRefused) as caught:
        DOCUMENTS.render_stamp(dataclasses.replace(TEXT, **changes), WIDTH, HEIGHT)  # type: ignore[arg-type]
    assert caught.value.code == code
