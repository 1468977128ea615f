"""Documents in memory: a readable stand-in for a PDF that keeps the embedded data, so that activation reads real bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping

from conventions.canonical import Json, render_canonical, sha256_hex
from conventions.ceremony_report import CeremonyReport, report_data
from conventions.errors import ContreseingError, EvidenceBroken, NotFound
from conventions.ports.documents import RenderedAgreement, Section, StampText, TwinPart
from conventions.terms import Terms, agreement_data
from tests.fakes.registry import FakeRegistry, refuse_inside_transaction

HEAD = b"%FAKE-PDF\n"
EVIDENCE_HEAD = b"%FAKE-EVIDENCE\n"
REPORT_HEAD = b"%FAKE-CEREMONY-REPORT\n"
PAGES = 12
SECTIONS = (Section("Préambule", 1, 3), Section("Articles", 4, 8), Section("Annexes", 9, 12))


class FakeDocuments:
    """Renders ``HEAD`` (``EVIDENCE_HEAD`` for an evidence file, ``REPORT_HEAD`` for a ceremony's report) and the canonical data.

    Signatures follow as further lines.

    ``failure`` is raised while it is set; ``wordings`` are the texts of wording files by identifier, where one was changed.
    """

    def __init__(self, registry: FakeRegistry | None = None) -> None:
        self.failure: ContreseingError | None = None
        self.pictures_drawn = 0
        self.wordings: dict[str, str] = {}
        self._registry = registry

    def _call(self) -> None:
        refuse_inside_transaction(self._registry)
        if self.failure is not None:
            raise self.failure

    def wording_sha256(self, wording_id: str) -> str:
        self._call()
        return sha256_hex(self.wordings.get(wording_id, wording_id).encode())

    def render_agreement(self, terms: Terms) -> RenderedAgreement:
        self._call()
        return RenderedAgreement(HEAD + render_canonical(agreement_data(terms)) + b"\n", PAGES, SECTIONS)

    def render_twin(self, terms: Terms) -> tuple[TwinPart, ...]:
        self._call()
        words = f"<p>{terms.reference}</p>"
        return tuple(TwinPart(section.title, f"<section><h2>{section.title}</h2>{words}</section>") for section in SECTIONS)

    def render_model(self, wording_id: str) -> tuple[TwinPart, ...]:
        self._call()
        words = f"<p>{self.wordings.get(wording_id, wording_id)} <mark>[variable\u00a0: nom de l’établissement]</mark></p>"
        return tuple(TwinPart(section.title, f"<section><h2>{section.title}</h2>{words}</section>") for section in SECTIONS)

    def render_evidence_file(self, data: Mapping[str, Json]) -> bytes:
        self._call()
        return EVIDENCE_HEAD + render_canonical(data) + b"\n"

    def render_ceremony_report(self, report: CeremonyReport) -> bytes:
        self._call()
        return REPORT_HEAD + render_canonical(report_data(report)) + b"\n"

    def read_agreement_data(self, data: bytes) -> Mapping[str, Json]:
        self._call()
        lines = data.split(b"\n")
        if len(lines) < 2 or lines[0] != HEAD.strip():
            raise EvidenceBroken("no embedded data", code="evidence.data_missing")
        said: dict[str, Json] = json.loads(lines[1])
        return said

    def render_page_picture(self, data: bytes, page: int) -> bytes:
        self._call()
        if not 1 <= page <= PAGES:
            raise NotFound(f"no page {page}", code="document.no_page")
        self.pictures_drawn += 1
        return b"\x89PNG" + sha256_hex(data).encode() + bytes([page])

    def render_stamp(self, text: StampText, width_pt: float, height_pt: float) -> bytes:
        self._call()
        return f"{text.name} {width_pt}x{height_pt}".encode()
