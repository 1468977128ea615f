"""An evidence file: its data, composed with its wording, become a PDF."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from conventions.canonical import Json, render_canonical
from documents.blocks import Composition
from documents.composition import compose
from documents.evidence import EVIDENCE_FILENAME, EvidenceData, parse_evidence
from documents.evidence_fields import evidence_title, evidence_values
from documents.pdf.canvas import Attachment
from documents.pdf.stationery import PLAIN, Stationery
from documents.rendering import Issue, Issuer, render_composition
from documents.wording_templates import Wording

DATA_DESCRIPTION = "Données du dossier de preuve"
PARIS = ZoneInfo("Europe/Paris")


def compose_evidence(wording: Wording, data: Mapping[str, Json]) -> tuple[Composition, Issue]:
    """Put the data of an evidence file into its wording; return it with what its file holds beside.

    Raises:
        InputRefused: the data are not as ``documents/schemas/evidence-1.json`` says, or hold a character that the fonts lack.
    """
    found = parse_evidence(data)
    return compose(wording, evidence_title(found), evidence_values(found)), _issue(data, found)


def render_evidence(wording: Wording, data: Mapping[str, Json], stationery: Stationery = PLAIN) -> bytes:
    """Render an evidence file; same data, same bytes.

    Raises:
        InputRefused: as ``compose_evidence``.
    """
    return render_composition(*compose_evidence(wording, data), stationery).data


def _issue(data: Mapping[str, Json], found: EvidenceData) -> Issue:
    syndicate = found.syndicate
    return Issue(
        issuer=Issuer(syndicate.name, syndicate.seat, syndicate.siret, syndicate.telephone, syndicate.website),
        title=f"{evidence_title(found)} – {found.member.name}",
        subject=found.document.title,
        reference=found.reference,
        written_on=found.established_at.astimezone(PARIS).date(),
        demonstration=found.demonstration,
        attachment=Attachment(EVIDENCE_FILENAME, "application/json", DATA_DESCRIPTION, render_canonical(data)),
    )
