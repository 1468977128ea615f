"""Signers' links, visits and codes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, bindparam, select

from conventions.links import Closure, CodeRequest, Link, Purpose, Visit, VisitorKind
from storage.registry.rows import Rows
from storage.registry.tables import code_requests, links, visits

LINK = select(links).where(links.c.id == bindparam("id"))
LOCKED_LINK = LINK.with_for_update()
LINKS = select(links).where(links.c.reference == bindparam("reference")).order_by(links.c.number)
VISIT = select(visits).where(visits.c.cookie_sha256 == bindparam("cookie_sha256"))
VISITS = select(visits).where(visits.c.link_id == bindparam("link_id")).order_by(visits.c.begun_at, visits.c.id)
CODE = select(code_requests).where(code_requests.c.id == bindparam("id"))
CODES = select(code_requests).where(code_requests.c.link_id == bindparam("link_id")).order_by(code_requests.c.number)


class LinkRows(Rows):
    """What a signer's request to sign left behind."""

    def add_link(self, link: Link) -> None:
        self._add(links, link.id, _link_columns(link))

    def link(self, link_id: str, *, lock: bool = False) -> Link:
        self._check_lock(lock=lock)
        return link_of(self._row(LOCKED_LINK if lock else LINK, "link", link_id, id=link_id))

    def links_of(self, reference: str) -> Sequence[Link]:
        return [link_of(row) for row in self._rows(LINKS, reference=reference)]

    def update_link(self, link: Link) -> None:
        self._update(links.c.id, link.id, _link_columns(link))

    def add_visit(self, visit: Visit) -> None:
        self._add(visits, visit.id, _visit_columns(visit))

    def visit_by_cookie(self, cookie_sha256: str) -> Visit:
        return visit_of(self._row(VISIT, "visit with cookie", cookie_sha256, cookie_sha256=cookie_sha256))

    def visits_of(self, link_id: str) -> Sequence[Visit]:
        return [visit_of(row) for row in self._rows(VISITS, link_id=link_id)]

    def update_visit(self, visit: Visit) -> None:
        self._update(visits.c.id, visit.id, _visit_columns(visit))

    def add_code_request(self, request: CodeRequest) -> None:
        self._add(code_requests, request.id, _code_columns(request))

    def code_request(self, request_id: str) -> CodeRequest:
        return code_of(self._row(CODE, "code request", request_id, id=request_id))

    def code_requests(self, link_id: str) -> Sequence[CodeRequest]:
        return [code_of(row) for row in self._rows(CODES, link_id=link_id)]

    def update_code_request(self, request: CodeRequest) -> None:
        self._update(code_requests.c.id, request.id, _code_columns(request))


def _link_columns(link: Link) -> Mapping[str, object]:
    return {
        "id": link.id,
        "reference": link.reference,
        "version": link.version,
        "purpose": link.purpose.value,
        "address": link.address,
        "created_at": link.created_at,
        "expires_at": link.expires_at,
        "closed_as": link.closed_as.value if link.closed_as else None,
        "closed_at": link.closed_at,
        "wrong_codes": link.wrong_codes,
    }


def link_of(row: Row[Any]) -> Link:
    """Read a link."""
    return Link(
        id=row.id,
        reference=row.reference,
        version=row.version,
        purpose=Purpose(row.purpose),
        address=row.address,
        created_at=row.created_at,
        expires_at=row.expires_at,
        closed_as=Closure(row.closed_as) if row.closed_as else None,
        closed_at=row.closed_at,
        wrong_codes=row.wrong_codes,
    )


def _visit_columns(visit: Visit) -> Mapping[str, object]:
    return {
        "id": visit.id,
        "link_id": visit.link_id,
        "cookie_sha256": visit.cookie_sha256,
        "begun_at": visit.begun_at,
        "expires_at": visit.expires_at,
        "visitor": visit.visitor.value,
        "classified_because": visit.classified_because,
        "turned": visit.turned,
        "served_as": visit.served_as,
    }


def visit_of(row: Row[Any]) -> Visit:
    """Read a visit."""
    return Visit(
        id=row.id,
        link_id=row.link_id,
        cookie_sha256=row.cookie_sha256,
        begun_at=row.begun_at,
        expires_at=row.expires_at,
        visitor=VisitorKind(row.visitor),
        classified_because=row.classified_because,
        turned=tuple(row.turned),
        served_as=tuple(row.served_as),
    )


def _code_columns(request: CodeRequest) -> Mapping[str, object]:
    return {
        "id": request.id,
        "link_id": request.link_id,
        "document_sha256": request.document_sha256,
        "requested_at": request.requested_at,
        "made_at": request.made_at,
        "mac": request.mac,
        "used_at": request.used_at,
    }


def code_of(row: Row[Any]) -> CodeRequest:
    """Read a request for a code."""
    return CodeRequest(row.id, row.link_id, row.document_sha256, row.requested_at, row.made_at, row.mac, row.used_at)
