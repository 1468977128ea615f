"""A wording tried before it is used: checked, then rendered with fictitious facts, its twin compared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from conventions.errors import ConfigurationError
from conventions.kinds import Kind
from conventions.ports.documents import RenderedAgreement, TwinPart
from conventions.terms import Terms
from documents.agreements import issue_of, title_of, values_of
from documents.blocks import Composition
from documents.composition import compose, verify_wording
from documents.evidence_example import fictitious_evidence
from documents.evidence_file import compose_evidence
from documents.evidence_vocabulary import EVIDENCE
from documents.examples import ExampleMember, fictitious_terms
from documents.pdf.stationery import PLAIN, Stationery
from documents.rendering import Issue, render_composition
from documents.structure_text import parse_structure_text, verify_twin
from documents.twin import render_parts
from documents.vocabularies import VOCABULARIES
from documents.wording_files import BUNDLED
from documents.wording_parser import parse_wording
from documents.wording_templates import Wording

KINDS = tuple(VOCABULARIES)
"""Names of the kinds that have a wording."""


@dataclass(frozen=True)
class WordingPreview:
    """A wording that can be used: its digest, the points it makes with their lines, and what it looks like."""

    sha256_hex: str
    points: tuple[tuple[str, int], ...]
    rendered: RenderedAgreement
    twin: tuple[TwinPart, ...]
    word_count: int


def preview_wording(
    data: bytes,
    kind: str,
    file_name: str,
    terms: Terms | None = None,
    *,
    member: ExampleMember | None = None,
    stationery: Stationery = PLAIN,
) -> WordingPreview:
    """Check a wording file (UTF-8 bytes) of a kind and render it, with fictitious facts unless ``terms`` are given.

    ``member`` replaces what is known of a member in the fictitious facts.

    Raises:
        ConfigurationError: names the file, the line and what is wrong there; or no wording of that kind is known.
        InputRefused: the terms given cannot be rendered.
        EvidenceBroken: the twin does not say what the pages say.
    """
    if kind not in VOCABULARIES:
        raise ConfigurationError(f"{file_name}: no fields are defined for the kind {kind}", code="wording.unknown", wording=file_name)
    wording = parse_wording(data, f"{kind}/preview", file_name)
    verify_wording(wording, VOCABULARIES[kind])
    composition, issue = _composed(wording, kind, terms, member)
    rendered, twin = render_composition(composition, issue, stationery), render_parts(composition)
    verify_twin(rendered.data, twin)
    said = [text for section in parse_structure_text(rendered.data) for text in section]
    return WordingPreview(wording.sha256_hex, wording.points, rendered, twin, sum(len(text.split()) for text in said))


def _composed(wording: Wording, kind: str, terms: Terms | None, member: ExampleMember | None) -> tuple[Composition, Issue]:
    if kind == EVIDENCE:
        return compose_evidence(wording, fictitious_evidence(member))
    facts = terms if terms is not None else fictitious_terms(Kind(kind), wording.id, wording.sha256_hex, member)
    return compose(wording, title_of(facts), values_of(facts)), issue_of(facts)


def newest_bundled(kind: str) -> Path:
    """Return the newest wording of a kind that comes with us (``2026-10`` is newer than ``2026-9``).

    Raises:
        ConfigurationError: there is none.
    """
    files = sorted((BUNDLED / kind).glob("*.md"), key=lambda file: [int(digits) for digits in re.findall(r"\d+", file.stem)])
    if not files:
        raise ConfigurationError(f"no wording {kind}", code="wording.unknown", wording=kind)
    return files[-1]
