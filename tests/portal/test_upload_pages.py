"""The member signs elsewhere and sends the file back: what the pages say when it is accepted, refused or closed."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from conventions.agreements import FactKind
from conventions.status import Status
from portal.settings import Site
from portal.uploads import MAX_BYTES
from tests.fakes.world import World
from tests.portal.sites import Visitor, begin, portal_of, read

ADDRESS = "/convention/certificat"


@pytest.fixture
def world() -> World:
    """A world whose syndicate accepts files signed elsewhere."""
    opened = World()
    opened.ports = replace(opened.ports, rules=replace(opened.ports.rules, accepts_uploads=True))
    return opened


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(portal_of(world), Site.SIGNERS)


def send(visitor: Visitor, data: bytes, *, token: str | None = None, media_type: str | None = None, empty: bool = False) -> None:
    """Send a file with the form of the current page."""
    found = re.search(r'name="jeton" value="([^"]+)"', visitor.page.text)
    fields = {"jeton": token if token is not None else found[1] if found else ""}
    files = {"fichier": ("signee.pdf", b"" if empty else data, "application/pdf")}
    if media_type is None:
        visitor.request("POST", ADDRESS, data=fields, files=files)
    else:
        visitor.request("POST", ADDRESS, content=data, headers={"content-type": media_type})


def prepared(world: World, reference: str) -> bytes:
    return world.working.get(world.agreement(reference).required_fact(FactKind.PREPARED).text("sha256"))


def test_a_file_signed_elsewhere_is_sent_back_and_accepted(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    read(visitor)
    visitor.open(ADDRESS)
    assert "Signature_Membre" in visitor.text
    assert visitor.open("/convention/document.pdf").content == prepared(world, reference)
    visitor.open(ADDRESS)
    send(visitor, prepared(world, reference) + b"signed\n")
    assert visitor.page.url.path == "/convention/merci"
    assert world.status(reference) is Status.AWAITING_COUNTERSIGNATURE
    assert visitor.open(ADDRESS).url.path == "/convention/merci"


def test_a_refusal_says_what_was_wrong_and_what_to_do(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    read(visitor)
    visitor.open(ADDRESS)
    send(visitor, b"another file")
    assert visitor.page.status_code == 422
    assert "Ce fichier n’est pas celui qui vous a été remis" in visitor.text
    assert "Téléchargez de nouveau le fichier préparé" in visitor.text
    assert world.status(reference) is Status.AWAITING_MEMBER
    send(visitor, b"", empty=True)
    assert visitor.page.status_code == 422
    assert "Choisissez le fichier" in visitor.text


def test_a_file_sent_before_reading_is_not_looked_at(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    visitor.open(ADDRESS)
    assert "à lire avant d’envoyer" in visitor.text
    send(visitor, prepared(world, reference) + b"signed\n")
    assert visitor.page.status_code == 409
    assert world.agreement(reference).fact(FactKind.MEMBER_SIGNED) is None


def test_where_uploads_are_closed_the_page_says_so(visitor: Visitor, world: World) -> None:
    world.ports = replace(world.ports, rules=replace(world.ports.rules, accepts_uploads=False))
    closed = Visitor(portal_of(world), Site.SIGNERS)
    begin(world, closed)
    closed.open(ADDRESS)
    assert "ne permet pas de déposer" in closed.text
    assert 'type="file"' not in closed.page.text


def test_a_form_that_is_not_ours_is_refused(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    read(visitor)
    visitor.open(ADDRESS)
    signed = prepared(world, reference) + b"signed\n"
    send(visitor, signed, token="0" * 64)
    assert visitor.page.status_code == 403
    for media_type, status in (("application/pdf", 415), ("multipart/form-data", 400), ("multipart/form-data; boundary=x", 403)):
        send(visitor, signed, media_type=media_type)
        assert visitor.page.status_code in {status, 400}, media_type
    send(visitor, bytes(MAX_BYTES + 1))
    assert visitor.page.status_code in {403, 413}
    assert world.agreement(reference).fact(FactKind.MEMBER_SIGNED) is None
    stranger = Visitor(portal_of(world), Site.SIGNERS)
    send(stranger, signed)
    assert stranger.page.status_code >= 400


def test_the_office_sees_that_a_file_was_refused(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    read(visitor)
    visitor.open(ADDRESS)
    send(visitor, b"another file")
    with world.registry.read() as tx:
        assert "upload.refused" in {entry.event.type for entry in tx.events(reference)}
