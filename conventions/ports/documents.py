"""Port of ``documents``: terms in, PDF bytes out, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from conventions.canonical import Json
from conventions.ceremony_report import CeremonyReport
from conventions.terms import Terms


@dataclass(frozen=True)
class Section:
    """A part of the document as it is read on a page: title, first and last PDF page (from 1)."""

    title: str
    first_page: int
    last_page: int


@dataclass(frozen=True)
class RenderedAgreement:
    """A prepared file: PDF bytes (PDF/A-3a, PDF/UA-1, unsigned fields in place) and its reading parts, in order."""

    data: bytes
    page_count: int
    sections: tuple[Section, ...]


@dataclass(frozen=True)
class TwinPart:
    """A reading part of the HTML twin: its title (plain text) and its HTML (one ``section`` element, nothing to run)."""

    title: str
    html: str


@dataclass(frozen=True)
class StampText:
    """What the visible stamp of a signature says."""

    name: str
    capacity: str
    formula: str
    at: datetime
    level_text: str


class Documents(Protocol):
    """Renders agreements."""

    def wording_sha256(self, wording_id: str) -> str:
        """Return the SHA-256 (hexadecimal) of a wording file.

        Raises:
            ConfigurationError: no such wording.
        """
        ...

    def render_agreement(self, terms: Terms) -> RenderedAgreement:
        """Render the prepared PDF; same terms, same bytes.

        Raises:
            InputRefused: a text holds a character that the fonts lack (names the field and the code point).
        """
        ...

    def render_twin(self, terms: Terms) -> tuple[TwinPart, ...]:
        """Write the HTML twin of what ``render_agreement`` renders: the same words, one part for each of its sections.

        Raises:
            InputRefused: as ``render_agreement``.
        """
        ...

    def render_model(self, wording_id: str) -> tuple[TwinPart, ...]:
        """Write a wording without an agreement's values, one part for each of its own; what varies is said in words.

        Raises:
            ConfigurationError: no such wording.
        """
        ...

    def render_evidence_file(self, data: Mapping[str, Json]) -> bytes:
        """Render an evidence file (PDF/A-3a, PDF/UA-1, the field ``SEAL_FIELD`` unsigned) that carries its data; same data, same bytes.

        ``data`` follows ``documents/schemas/evidence-1.json``: events in the order of time, instants in ISO 8601 with their zone.

        Raises:
            InputRefused: names the entry that is missing, unknown or not of its type; or a character that the fonts lack.
        """
        ...

    def render_ceremony_report(self, report: CeremonyReport) -> bytes:
        """Render the report of a ceremony (PDF/A-3a, PDF/UA-1) that carries its data and its sealed list; same report, same bytes."""
        ...

    def read_agreement_data(self, data: bytes) -> Mapping[str, Json]:
        """Read ``agreement.json`` back from PDF bytes, signed or not.

        Raises:
            EvidenceBroken: no such attachment, not canonical, or of another schema.
        """
        ...

    def render_page_picture(self, data: bytes, page: int) -> bytes:
        """Draw one page (from 1) as a PNG, about 1,240 pixels wide.

        Raises:
            NotFound: no such page.
        """
        ...

    def render_stamp(self, text: StampText, width_pt: float, height_pt: float) -> bytes:
        """Draw a signature's visible stamp as a one-page PDF of that size, fonts embedded."""
        ...
