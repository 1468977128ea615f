"""Reading at the desk over HTTP: as text, as pictures, as files; the journal knows of each."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from conventions.accounts import Role
from conventions.asked import AmendmentAsked
from conventions.kinds import Kind
from conventions.particulars import Change
from conventions.steps import activate, resume
from conventions.steps.propose import propose
from portal.settings import Site
from tests.fakes.world import World
from tests.portal.sites import STEP, Visitor, enter, portal_of, read_models
from tests.portal.test_desk_pages import signed
from tests.unit.conventions.steps.test_dependent import DEADLINE


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(portal_of(world), Site.DESK)


def test_a_document_is_read_as_text_and_as_pages_when_asked_and_the_list_says_which(world: World, visitor: Visitor) -> None:
    first, second = signed(world, 1, 2)
    enter(visitor, world, Role.SIGNATORY)
    visitor.open(f"/document/{first}")
    assert f"<p>{first}</p>" in visitor.page.text
    assert "/page/1.png" not in visitor.page.text
    assert 'href="/document/' + first + '?vue=pages">Voir les pages telles qu’elles seront signées' in visitor.page.text
    visitor.open(f"/document/{first}?vue=pages")
    assert "Le document, en 12 pages" in visitor.text
    assert 'alt="Page 1 sur 12, texte dans la version accessible"' in visitor.page.text
    assert f'rel="next" href="/document/{second}?vue=pages"' in visitor.page.text
    visitor.send(decision="prete")
    assert str(visitor.page.url).endswith(f"/document/{second}?vue=pages")
    visitor.open(f"/document/{second}")
    visitor.open(f"/document/{second}")
    visitor.send(decision="prete")
    read_models(visitor)
    visitor.open("/ceremonie")
    visitor.send("/ceremonie", code=world.totp(Role.SIGNATORY))
    listed = json.loads(visitor.open(f"{visitor.page.url.path}/liste.json").text)
    assert {item["reference"]: item["served_as"] for item in listed["items"]} == {first: ["picture", "text"], second: ["picture", "text"]}
    assert visitor.open(f"/document/{first}?vue=autre").status_code == 422


def amended(world: World) -> str:
    """Have a member that has its convention sign an amendment."""
    parent = world.archived(9)
    activate.activate(world.ports, parent)
    world.deliver()
    reference = propose(world.ports, AmendmentAsked(parent, (Change("Siège", "1 rue", "2 rue"),), date(2027, 1, 1)), DEADLINE, "agent")
    resume.resume(world.ports)
    world.deliver()
    world.sign(reference)
    return reference


def test_a_delegation_that_covers_a_part_lets_that_part_be_signed(world: World, visitor: Visitor) -> None:
    (reference,) = signed(world, 1)
    amendment = amended(world)
    with world.registry.write() as tx:
        tx.add_delegation(world.programme.id, replace(world.delegation, id="d-2", scope=(Kind.CONVENTION,)))
        tx.update_account(replace(tx.account("a-signatory"), delegation_id="d-2"))
    world.clock.advance(STEP)
    enter(visitor, world, Role.SIGNATORY)
    assert "Un document n’est pas couvert par votre délégation" in visitor.text
    assert "la délégation ne porte pas sur cette sorte de document" in visitor.text
    visitor.open(f"/document/{amendment}")
    assert "Votre délégation ne couvre pas ce document." in visitor.text
    visitor.open(f"/document/{reference}")
    visitor.send(decision="prete")
    assert visitor.page.url.path == "/"
    read_models(visitor)
    assert visitor.page.url.path == "/"
    assert "1 document est prêt à être signé" in visitor.text
    visitor.open("/ceremonie")
    visitor.send("/ceremonie", code=world.totp(Role.SIGNATORY))
    assert "0 sur 1" in visitor.text


def test_every_reading_at_the_desk_is_in_the_journal(world: World, visitor: Visitor) -> None:
    (reference,) = signed(world, 1)
    enter(visitor, world, Role.ASSISTANT)
    for path in ("", "", "?vue=pages", "/page/2.png", "/page/2.png", "/fichier.pdf", "/fichier.pdf"):
        assert visitor.open(f"/document/{reference}{path}").status_code == 200
    with world.registry.read() as tx:
        events = [entry.event for entry in tx.events(reference)][-5:]
    assert [event.type for event in events] == ["desk.shown", "desk.shown", "file.page_seen", "file.downloaded", "file.downloaded"]
    assert [event.data["served_as"] for event in events[:2]] == ["text", "picture"]
    assert {event.data["account"] for event in events} == {"a-assistant"}
    assert events[2].data["page"] == 2


def test_the_sealed_list_is_given_to_its_delegation_and_the_journal_says_so(world: World, visitor: Visitor) -> None:
    (reference,) = signed(world, 1)
    ceremony_id = world.authorise(reference).id
    enter(visitor, world, Role.ASSISTANT)
    assert visitor.open(f"/ceremonie/{ceremony_id}/liste.json").status_code == 200
    with world.registry.read() as tx:
        last = list(tx.events())[-1].event
    assert (last.type, last.data) == ("ceremony.list_read", {"account": "a-assistant", "ceremony": ceremony_id})
    with world.registry.write() as tx:
        tx.add_delegation(world.programme.id, replace(world.delegation, id="d-2"))
        tx.update_account(replace(tx.account("a-assistant"), delegation_id="d-2"))
    assert visitor.open(f"/ceremonie/{ceremony_id}/liste.json").status_code == 404
