"""Read the document: a part is turned by the person's own act, pictures are drawn once a digest."""

from __future__ import annotations

import json
from dataclasses import replace

from conventions.agreements import Stage
from conventions.canonical import Json
from conventions.errors import NotFound
from conventions.folder import read_by_digest
from conventions.kinds import FILE_NAMES
from conventions.links import Purpose
from conventions.ports.system import Ports
from conventions.preparation import Preparation, preparation_of
from conventions.recording import record_event
from conventions.steps.open_link import visit_of
from conventions.steps.signer_view import check_link_usable, view_of
from conventions.views import SignerView

SERVED_AS = frozenset({"picture", "text"})


def read_page(ports: Ports, cookie: str, part: int, served_as: str) -> SignerView:
    """Record that a part was turned, and in which form it was served; turning it again changes nothing.

    Raises:
        LinkRefused: the visit or its link is over.
        NotFound: the document has no such part, or no such form.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        visit, link, agreement = visit_of(tx, cookie, Purpose.SIGN, now)
        check_link_usable(link, agreement, now)
        preparation = preparation_of(agreement)
        if not 1 <= part <= len(preparation.sections) or served_as not in SERVED_AS:
            raise NotFound(f"{agreement.reference} has no part {part} served as {served_as!r}", code="document.no_part")
        if part not in visit.turned:
            visit = replace(visit, turned=(*visit.turned, part), served_as=tuple(sorted({*visit.served_as, served_as})))
            tx.update_visit(visit)
            data: dict[str, Json] = {
                "visit_id": visit.id,
                "part": part,
                "served_as": served_as,
                "sha256": served_sha256(preparation, served_as),
            }
            record_event(ports, tx, "document.part_turned", at=now, reference=agreement.reference, data=data)
        return view_of(ports, tx, visit, link, agreement)


def served_sha256(preparation: Preparation, served_as: str) -> str:
    """Return the digest of what is put before a reader in a form: the twin's for text, the prepared file's for pictures."""
    return preparation.twin_sha256 if served_as == "text" else preparation.sha256


def page_picture(ports: Ports, cookie: str, page: int) -> bytes:
    """Return one page of the prepared file as a PNG.

    Raises:
        LinkRefused, NotFound, UpstreamUnavailable.
    """
    now = ports.clock.now()
    with ports.registry.read() as tx:
        _, link, agreement = visit_of(tx, cookie, Purpose.SIGN, now)
        check_link_usable(link, agreement, now)
        preparation = preparation_of(agreement)
    if not 1 <= page <= preparation.page_count:
        raise NotFound(f"{agreement.reference} has no page {page}", code="document.no_page")
    return picture_of(ports, agreement.reference, preparation.sha256, page)


def part_text(ports: Ports, cookie: str, part: int) -> str:
    """Return one part of the document's HTML twin, which says the same words as the pages.

    Raises:
        LinkRefused, NotFound, EvidenceBroken, UpstreamUnavailable.
    """
    now = ports.clock.now()
    with ports.registry.read() as tx:
        _, link, agreement = visit_of(tx, cookie, Purpose.SIGN, now)
        check_link_usable(link, agreement, now)
        preparation = preparation_of(agreement)
    parts = json.loads(ports.working.get(preparation.twin_sha256))
    if not 1 <= part <= len(parts):
        raise NotFound(f"{agreement.reference} has no part {part}", code="document.no_part")
    return str(parts[part - 1][1])


def picture_of(ports: Ports, reference: str, sha256: str, page: int) -> bytes:
    """Return the picture of a page of an agreement's file, drawn when first asked for and kept in the working store."""
    name = f"pages/{sha256}/{page}.png"
    try:
        return ports.working.get_named(name)
    except NotFound:
        picture = ports.documents.render_page_picture(read_by_digest(ports, reference, sha256), page)
        ports.working.put_named(name, picture)
        return picture


def document_bytes(ports: Ports, cookie: str) -> tuple[str, bytes]:
    """Return the file's name and bytes: as prepared, or as the member signed it once that is done; each time is journalled (ADR 0034).

    Raises:
        LinkRefused, UpstreamUnavailable, EvidenceBroken.
    """
    now = ports.clock.now()
    with ports.registry.write() as tx:
        visit, link, agreement = visit_of(tx, cookie, Purpose.SIGN, now)
        check_link_usable(link, agreement, now)
        artefact = agreement.artefact(Stage.MEMBER_SIGNED) or agreement.required_artefact(Stage.PREPARED)
        data = {"visit_id": visit.id, "stage": artefact.stage.value, "sha256": artefact.sha256}
        record_event(ports, tx, "document.downloaded", at=now, reference=agreement.reference, data=data)
    return f"{FILE_NAMES[agreement.kind]}-{agreement.reference}.pdf", read_by_digest(ports, agreement.reference, artefact.sha256)
