"""Reading the convention before signing: its text first, its pages on request, each part turned by the person's own act."""

from __future__ import annotations

import pytest

from portal.settings import Site
from tests.fakes.documents import PAGES
from tests.fakes.world import World
from tests.portal.sites import Visitor, begin, events, portal_of


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def visitor(world: World) -> Visitor:
    return Visitor(portal_of(world), Site.SIGNERS)


def test_text_comes_first_and_the_last_part_ends_the_reading(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    visitor.open("/convention/partie/1")
    assert f"<section><h2>Préambule</h2><p>{reference}</p></section>" in visitor.page.text
    assert "identiques, mot pour mot" in visitor.text
    assert "<img" not in visitor.page.text
    assert 'href="/convention/document.pdf">Télécharger le PDF' in visitor.page.text
    visitor.open("/convention/partie/1?vue=pages")
    assert 'alt="Page 1 sur 12, texte dans la version accessible"' in visitor.page.text
    assert "<section" not in visitor.page.text
    assert "identiques, mot pour mot" in visitor.text
    assert "J’ai lu cette partie, continuer" in visitor.text
    picture = visitor.open("/convention/page/1.png")
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["cache-control"] == "no-store"
    assert visitor.open(f"/convention/page/{PAGES + 1}.png").status_code == 404
    assert visitor.open("/convention/partie/4").status_code == 404
    for part in (1, 2):
        visitor.open(f"/convention/partie/{part}")
        visitor.send()
    visitor.open("/convention/partie/3")
    assert "J’ai terminé" in visitor.text


def turned(world: World, reference: str) -> list[object]:
    with world.registry.read() as tx:
        return [entry.event.data["served_as"] for entry in tx.events(reference) if entry.event.type == "document.part_turned"]


def test_the_form_that_was_read_is_recorded_and_kept_for_the_next_parts(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    visitor.open("/convention/partie/1")
    visitor.send()
    assert str(visitor.page.url).endswith("/convention/partie/2")
    visitor.open("/convention/partie/2?vue=pages")
    assert 'href="/convention/partie/1?vue=pages">Partie précédente' in visitor.page.text
    visitor.send()
    assert str(visitor.page.url).endswith("/convention/partie/3?vue=pages")
    assert "<img" in visitor.page.text
    visitor.send()
    assert visitor.page.url.path == "/convention/decision"
    assert turned(world, reference) == ["text", "picture", "picture"]


@pytest.mark.parametrize("vue", ["", "film", "picture"])
def test_a_form_of_reading_that_does_not_exist_turns_nothing(world: World, visitor: Visitor, vue: str) -> None:
    reference = begin(world, visitor)
    assert visitor.open(f"/convention/partie/1?vue={vue}").status_code == 422
    visitor.open("/convention/partie/1")
    assert visitor.send(vue=vue).status_code == 403
    assert "Rien n’a été enregistré" in visitor.text
    assert turned(world, reference) == []


def test_a_text_that_cannot_be_read_is_not_replaced_by_another(world: World, visitor: Visitor) -> None:
    begin(world, visitor)
    world.working.down = True
    assert visitor.open("/convention/partie/1").status_code == 503


def test_showing_a_part_does_not_turn_it(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    visitor.open("/convention/partie/1")
    assert "document.part_turned" not in events(world, reference)
    visitor.send()
    assert events(world, reference).count("document.part_turned") == 1


def test_deciding_too_early_says_what_is_left_and_links_to_it(world: World, visitor: Visitor) -> None:
    reference = begin(world, visitor)
    visitor.open("/convention/partie/2")
    visitor.send()
    visitor.open("/convention/decision")
    assert "Il vous reste 2 parties à lire" in visitor.text
    assert visitor.send(accepte="oui").status_code == 422
    assert "Il vous reste 2 parties à lire avant de signer Partie 1 : Préambule Partie 3 : Annexes" in visitor.text
    assert 'href="/convention/partie/3"' in visitor.page.text
    assert "code.requested" not in events(world, reference)
