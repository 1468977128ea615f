"""The port ``conventions.ports.documents.Documents``, by reportlab, pypdf and PDFium."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from conventions.canonical import Json
from conventions.ceremony_report import CeremonyReport
from conventions.errors import ConfigurationError, InputRefused
from conventions.kinds import Kind
from conventions.ports.documents import RenderedAgreement, StampText, TwinPart
from conventions.terms import Terms
from documents.agreements import issue_of, title_of, values_of
from documents.blocks import Composition
from documents.composition import compose
from documents.evidence_vocabulary import EVIDENCE_WORDING
from documents.model import render_model
from documents.pdf.stationery import PLAIN, Stationery
from documents.rendering import render_composition
from documents.stamps import render_stamp_page
from documents.twin import render_parts
from documents.wording_files import BUNDLED, WordingFiles


class ReportlabDocuments:
    """Renders agreements; safe to share between threads.

    ``wording_directories`` are searched in order; a customer's directory comes before the bundled one.
    """

    def __init__(self, wording_directories: tuple[Path, ...] = (BUNDLED,), stationery: Stationery = PLAIN) -> None:
        self._wordings = WordingFiles(wording_directories)
        self._stationery = stationery

    def wording_sha256(self, wording_id: str) -> str:
        """Return the SHA-256 (hexadecimal) of a wording file.

        Raises:
            ConfigurationError: no such wording, or an error in its file.
        """
        return self._wordings.wording(wording_id).sha256_hex

    def render_agreement(self, terms: Terms) -> RenderedAgreement:
        """Render the prepared PDF; same terms, same bytes.

        Raises:
            InputRefused: a text holds a character that the fonts lack, a field has no value, or the terms name another
                wording than the file on disk.
            ConfigurationError: no such wording.
        """
        return render_composition(self._compose(terms), issue_of(terms), self._stationery)

    def render_twin(self, terms: Terms) -> tuple[TwinPart, ...]:
        """Write the HTML twin of what ``render_agreement`` renders, one part for each of its sections.

        Raises:
            InputRefused, ConfigurationError: as ``render_agreement``.
        """
        return render_parts(self._compose(terms))

    def render_model(self, wording_id: str) -> tuple[TwinPart, ...]:
        """Write a wording as HTML, one part for each of its own, what varies from one document to the next said in words.

        Raises:
            ConfigurationError: no such wording, an error in its file, or not one of an agreement.
        """
        if wording_id.partition("/")[0] not in set(Kind):
            raise ConfigurationError(f"{wording_id} is the model of no agreement", code="wording.unknown", wording=wording_id)
        return render_model(self._wordings.wording(wording_id))

    def _compose(self, terms: Terms) -> Composition:
        wording = self._wordings.wording(terms.wording_id)
        if terms.wording_id.partition("/")[0] != terms.kind.value:
            raise InputRefused(f"wording {terms.wording_id} is not one of a {terms.kind.value}", code="documents.wording_changed")
        if terms.wording_sha256 != wording.sha256_hex:
            raise InputRefused(
                f"wording {terms.wording_id}: the terms name {terms.wording_sha256}, the file is {wording.sha256_hex}",
                code="documents.wording_changed",
                wording=terms.wording_id,
            )
        return compose(wording, title_of(terms), values_of(terms))

    def render_evidence_file(self, data: Mapping[str, Json]) -> bytes:
        """Render an evidence file from data that follow ``documents/schemas/evidence-1.json``; same data, same bytes.

        Raises:
            InputRefused: names the entry that is missing, unknown or not of its type; or a character that the fonts lack.
            ConfigurationError: no such wording.
        """
        from documents.evidence_file import render_evidence  # noqa: PLC0415 for those who render evidence, as below

        return render_evidence(self._wordings.wording(EVIDENCE_WORDING), data, self._stationery)

    def render_ceremony_report(self, report: CeremonyReport) -> bytes:
        """Render the report of a signing ceremony; same report, same bytes.

        Raises:
            InputRefused: something is taller than a page.
        """
        from documents.ceremony_report import render_ceremony_report  # noqa: PLC0415 as above

        return render_ceremony_report(report, self._stationery)

    def read_agreement_data(self, data: bytes) -> Mapping[str, Json]:
        """Read ``agreement.json`` back from PDF bytes, signed or not.

        Raises:
            EvidenceBroken: no such attachment, not canonical, or of another schema.
        """
        from documents.embedded_data import parse_agreement_data  # noqa: PLC0415 half a second of imports, for those who read

        return parse_agreement_data(data)

    def render_page_picture(self, data: bytes, page: int) -> bytes:
        """Draw one page (from 1) as a PNG, 1,240 pixels wide.

        Raises:
            NotFound: no such page.
            EvidenceBroken: not a PDF.
        """
        from documents.pictures import render_picture  # noqa: PLC0415 as above, for those who draw

        return render_picture(data, page)

    def render_stamp(self, text: StampText, width_pt: float, height_pt: float) -> bytes:
        """Draw a signature's visible stamp as a one-page PDF of that size, fonts embedded.

        Raises:
            InputRefused: a character that the fonts lack, or more text than fits.
        """
        return render_stamp_page(text, width_pt, height_pt)
