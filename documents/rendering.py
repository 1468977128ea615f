"""A composition becomes PDF bytes."""

from __future__ import annotations

from conventions.canonical import render_canonical, sha256_hex
from conventions.ports.documents import RenderedAgreement, Section
from conventions.terms import DATA_FILENAME, Terms, agreement_data
from documents.blocks import Composition
from documents.fonts import writable_text
from documents.french import NO_BREAK, spell_siret
from documents.pdf.canvas import Attachment, TaggedCanvas
from documents.pdf.furniture import Furniture
from documents.pdf.metadata import DocumentProperties
from documents.pdf.pages import draw_pages, flows_of, paginate
from documents.pdf.style import PAGE_HEIGHT, PAGE_WIDTH

DATA_DESCRIPTION = "Données de l’acte, lues pour l’ouverture des services"


def render_composition(composition: Composition, terms: Terms) -> RenderedAgreement:
    """Lay a composition out and write it, with the agreement's data attached; same input, same bytes.

    Raises:
        InputRefused: something is taller than a page.
    """
    data = render_canonical(agreement_data(terms))
    syndicate = terms.programme.syndicate
    properties = DocumentProperties(
        title=f"{composition.title} – {terms.member.name}",
        author=syndicate.name,
        subject=f"{terms.programme.name} – n° {terms.reference}",
        written_on=terms.prepared_on,
        identifier_hex=sha256_hex(data)[:32],
    )
    canvas = TaggedCanvas((PAGE_WIDTH, PAGE_HEIGHT), properties)
    pages = paginate(flows_of(composition))
    ranges = draw_pages(canvas, pages, len(composition.parts), _furniture(composition, terms))
    attachment = Attachment(DATA_FILENAME, "application/json", DATA_DESCRIPTION, data)
    return RenderedAgreement(
        data=canvas.render((attachment,)),
        page_count=len(pages),
        sections=tuple(Section(part.title, first, last) for part, (first, last) in zip(composition.parts, ranges, strict=True)),
    )


def _furniture(composition: Composition, terms: Terms) -> Furniture:
    syndicate = terms.programme.syndicate
    return Furniture(
        issuer=writable_text(syndicate.name, "syndicate.name"),
        issuer_lines=(
            writable_text(syndicate.seat, "syndicate.seat"),
            f"SIRET{NO_BREAK}{spell_siret(syndicate.siret)} · {syndicate.telephone} · {syndicate.website}",
        ),
        title=composition.title,
        reference=writable_text(f"n°{NO_BREAK}{terms.reference}", "agreement.reference"),
        demonstration=terms.demonstration,
    )
