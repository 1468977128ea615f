"""Links, codes and pages that come back or too early: signed already, on its way, made elsewhere, dead."""

from __future__ import annotations

from datetime import timedelta

import pytest

from conventions.claims import take_claim
from conventions.errors import LinkRefused, UpstreamUnavailable
from conventions.steps.activate import activate
from conventions.steps.archive import archive
from conventions.steps.countersign import countersign
from conventions.steps.decline import decline
from conventions.steps.reissue_link import reissue_link
from conventions.steps.sign import sign
from portal.settings import Site
from tests.fakes.world import World
from tests.portal.sites import Visitor, ask_code, begin, events, portal_of, read


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(portal_of(world), Site.SIGNERS)


def test_a_link_opened_again_says_that_it_is_signed_when_and_what_follows(world: World, visitor: Visitor) -> None:
    reference = world.member_signed()
    visitor.open(f"/s/{world.token(reference)}")
    assert f"La convention Ker Niverel n° {reference} est signée au nom" in visitor.text
    assert "depuis le 12 janvier 2026 à 10 h 00 (heure de Paris)" in visitor.text
    assert "M. Yann Le Fictif , vice-président délégué, signe à son tour." in visitor.text
    assert "à signer" not in visitor.text
    visitor.send(reponse="oui")
    assert visitor.page.url.path == "/convention/merci"
    countersign(world.ports, world.authorise(reference).id)
    archive(world.ports, reference)
    activate(world.ports, reference)
    world.deliver()
    visitor.open(f"/s/{world.token(reference)}")
    assert "M. Yann Le Fictif , vice-président délégué, a signé le 12 janvier 2026" in visitor.text
    assert visitor.text.count(" fait") == 3
    assert visitor.send().status_code == 422  # the question stays: who is there?


def test_a_link_opened_while_the_signature_is_made_says_so(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    read(visitor)
    code = ask_code(world, visitor)
    world.signing.failure = UpstreamUnavailable("the authority is down")
    visitor.send("/convention/code", code=code)
    visitor.open(f"/s/{world.token(reference)}")
    assert "Votre accord sur la convention" in visitor.text
    assert "à signer" not in visitor.text


def test_a_code_typed_before_its_mail_left_is_no_try(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    read(visitor)
    first = ask_code(world, visitor)
    visitor.send("/convention/decision")
    assert visitor.send("/convention/code", code=first).status_code == 403
    assert "Le message qui porte votre code est en route." in visitor.text
    assert "code.wrong" not in events(world, reference)
    world.deliver()
    visitor.send("/convention/code", code=world.code())
    assert visitor.page.url.path == "/convention/merci"


def test_a_second_page_follows_the_signature_that_the_first_one_makes(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    read(visitor)
    code = ask_code(world, visitor)
    with world.registry.write() as tx:
        take_claim(world.ports, tx, reference)
    visitor.send("/convention/code", code=code)
    assert visitor.page.url == "http://127.0.0.1:8400/convention/en-cours?attente=10"
    assert "Votre signature est en train de se faire" in visitor.text
    assert "ne répond pas" not in visitor.text
    assert '<meta http-equiv="refresh" content="3; url=/convention/en-cours?attente=9">' in visitor.page.text
    visitor.open("/convention/en-cours?attente=1")
    assert 'url=/convention/en-cours"' in visitor.page.text
    visitor.open("/convention/en-cours?attente=0")
    assert "http-equiv" not in visitor.page.text
    visitor.open("/convention/en-cours")
    assert "ne répond pas" in visitor.text
    visitor.send()
    assert "Votre signature est en train de se faire" in visitor.text
    world.clock.advance(timedelta(minutes=3))
    visitor.open("/convention/en-cours")
    visitor.send()
    assert visitor.page.url.path == "/convention/merci"
    visitor.open("/convention/en-cours?attente=4")
    assert visitor.page.url.path == "/convention/merci"
    assert visitor.open("/convention/en-cours?attente=11").status_code == 422


def test_replaced_locked_and_foreign_links_get_the_same_answer(world: World, visitor: Visitor) -> None:
    """What anybody else may learn of a link is nothing: neither that it was good, nor why it no longer is."""
    reference = world.invited(1)
    replaced = world.token(reference)
    reissue_link(world.ports, reference, "agent")
    world.deliver()
    locked_one = world.invited(2)
    locked = world.token(locked_one)
    cookie = world.visit(locked_one)
    view = world.read_all(cookie)
    code = world.ask_code(cookie)
    wrong = "000000" if code.replace(" ", "") != "000000" else "000001"
    for _ in range(5):
        with pytest.raises(LinkRefused):
            sign(world.ports, cookie, wrong, accepted=True, document_sha256=view.document_sha256)
    declined = world.invited(3)
    decline(world.ports, world.visit(declined), "non")
    foreign = f"{world.token(world.invited(4)).partition('.')[0]}.{world.token(world.invited(5)).partition('.')[2]}"
    answers = [visitor.open(f"/s/{token}") for token in ("unknown.token", replaced, locked, world.token(declined), foreign)]
    assert [answer.status_code for answer in answers] == [403] * 5
    assert len({answer.text for answer in answers}) == 1
    assert len({tuple(sorted(dict(answer.headers).items())) for answer in answers}) == 1
    good = visitor.open(f"/s/{world.token(reference)}")
    assert good.status_code == 200
    for token in (replaced, locked, foreign):
        visitor.page = good
        hidden = visitor.page.text.split('name="jeton" value="')[1].split('"')[0]
        answer = visitor.request("POST", f"/s/{token}", data={"jeton": hidden, "reponse": "oui"})
        assert (answer.status_code, answer.text) == (403, answers[0].text)
