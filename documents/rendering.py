"""A composition becomes PDF bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from conventions.canonical import sha256_hex
from conventions.ports.documents import RenderedAgreement, Section
from documents.blocks import Composition
from documents.fonts import writable_text
from documents.french import NO_BREAK, spell_siret
from documents.pdf.canvas import Attachment, TaggedCanvas
from documents.pdf.furniture import Furniture
from documents.pdf.metadata import DocumentProperties
from documents.pdf.pages import draw_pages, flows_of, paginate
from documents.pdf.stationery import PLAIN, Stationery
from documents.pdf.style import PAGE_HEIGHT, PAGE_WIDTH


@dataclass(frozen=True)
class Issuer:
    """The public body in whose name a document is issued."""

    name: str
    seat: str
    siret: str
    telephone: str
    website: str


@dataclass(frozen=True)
class Issue:
    """What a file holds beside its composition: what it says of itself, who issues it, its data, and what else is attached."""

    issuer: Issuer
    title: str
    subject: str
    reference: str
    written_on: date
    demonstration: bool
    attachment: Attachment
    others: tuple[Attachment, ...] = ()


def render_composition(composition: Composition, issue: Issue, stationery: Stationery = PLAIN) -> RenderedAgreement:
    """Lay a composition out and write it, with its data attached; same input, same bytes.

    Raises:
        InputRefused: something is taller than a page.
    """
    properties = DocumentProperties(
        title=issue.title,
        author=issue.issuer.name,
        subject=issue.subject,
        written_on=issue.written_on,
        identifier_hex=sha256_hex(issue.attachment.data)[:32],
    )
    canvas = TaggedCanvas((PAGE_WIDTH, PAGE_HEIGHT), properties, palette=stationery.palette)
    pages = paginate(flows_of(composition))
    ranges = draw_pages(canvas, pages, len(composition.parts), _furniture(composition, issue, stationery))
    return RenderedAgreement(
        data=canvas.render((issue.attachment, *issue.others)),
        page_count=len(pages),
        sections=tuple(Section(part.title, first, last) for part, (first, last) in zip(composition.parts, ranges, strict=True)),
    )


def _furniture(composition: Composition, issue: Issue, stationery: Stationery) -> Furniture:
    issuer = issue.issuer
    return Furniture(
        issuer=stationery.name or writable_text(issuer.name, "syndicate.name"),
        issuer_lines=(
            *(stationery.address_lines or (writable_text(issuer.seat, "syndicate.seat"),)),
            f"SIRET{NO_BREAK}{spell_siret(issuer.siret)} · {issuer.telephone} · {issuer.website}",
        ),
        title=composition.title,
        reference=writable_text(f"n°{NO_BREAK}{issue.reference}", "agreement.reference"),
        demonstration=issue.demonstration,
        logo=stationery.logo,
    )
